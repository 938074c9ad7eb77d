"""The five lists that a comparison goes through, page by page: the provider's orders, payments and refunds of
the window, then our payments that were made in it, then those that changed in it. What is on a page becomes
pieces of work; whoever has done some of them knows where to go on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from gateway.domain import differences, planning
from gateway.domain.context import Context
from gateway.domain.models import Payment
from gateway.domain.provider import (
    ListPage,
    ProviderOrder,
    ProviderPayment,
    ProviderRefund,
    ProviderRejected,
)
from gateway.domain.reconciliation import agreement, comparison
from gateway.domain.reconciliation.comparison import Rules
from gateway.domain.reconciliation.models import (
    CHANGED,
    CREATED,
    ORDERS,
    PAYMENTS,
    REFUNDS,
    ReconciliationRun,
)
from gateway.domain.reconciliation.tally import Marks, Tally

# Each of ours takes up to three calls, so a page of them is shorter than one of the provider's.
OURS_AT_A_TIME = 50
MILLISECOND = timedelta(milliseconds=1)

T = TypeVar("T")
Piece = Callable[[Tally], None]


@dataclass(frozen=True)
class Page:
    """The pieces of work of one page, in order. go_on: writes into the run where it goes on after so many of
    them. is_last: whether no page follows in this list."""

    pieces: list[Piece]
    go_on: Callable[[ReconciliationRun, int], None]
    is_last: bool


class Reader:
    """Reads the pages of one run. Only the pieces write: payments, and the discrepancies on them."""

    def __init__(self, context: Context, run: ReconciliationRun) -> None:
        self._context = context
        self._run = run
        self._rules = Rules(grace=timedelta(seconds=run.grace_seconds), is_dry=run.is_dry_run)

    def page(self) -> Page:
        """Return the page at which the run is. Raises the provider's errors."""
        read: dict[str, Callable[[], Page]] = {
            ORDERS: self._orders,
            PAYMENTS: self._payments,
            REFUNDS: self._refunds,
            CREATED: lambda: self._ours("created_at"),
            CHANGED: lambda: self._ours("updated_at"),
        }
        return read[self._run.phase]()

    def _window(self) -> dict[str, Any]:
        run = self._run
        return {"created_from": run.window_from, "created_to": run.window_to, "skip": run.skip}

    def _orders(self) -> Page:
        listed = self._context.provider.list_orders(**self._window())
        ours = _ours_by("order_receipt", (each.order_receipt for each in listed.items))
        return _listed(listed, lambda order: self._order(order, ours.get(order.order_receipt)))

    def _payments(self) -> Page:
        listed = self._context.provider.list_payments(**self._window())
        ours = _ours_by("provider_order_id", (each.order_id for each in listed.items))
        marks = Marks(self._run.id, ours.values())
        return _listed(listed, lambda seen: self._payment(seen, ours.get(seen.order_id), marks))

    def _refunds(self) -> Page:
        listed = self._context.provider.list_refunds(**self._window())
        ours = _ours_by("provider_payment_id", (each.payment_id for each in listed.items))
        marks = Marks(self._run.id, ours.values())
        return _listed(listed, lambda seen: self._refund(seen, ours.get(seen.payment_id), marks))

    def _order(self, order: ProviderOrder, payment: Payment | None) -> Piece:
        def piece(tally: Tally) -> None:
            if payment is None:
                return
            if payment.provider_order_id is None:
                self._lost_order(order, payment, tally)
            elif payment.provider_order_id != order.id:
                found = differences.order_second(payment, order)
                tally.note(payment.id, comparison.put_down(self._context, payment, found, self._rules))
            elif (order.amount_minor, order.currency) != (payment.amount_minor, payment.currency):
                found = differences.order_mismatch(payment, order)
                tally.note(payment.id, comparison.put_down(self._context, payment, found, self._rules))

        return piece

    def _lost_order(self, order: ProviderOrder, payment: Payment, tally: Tally) -> None:
        """Look at an order with our receipt that a payment without an order should have. Nobody but the
        provider has ever heard its id, so one that is unpaid stays so, and is left lying there."""
        if planning.order_is_wanted(payment):
            # Its opening still goes on, and finds the order by the receipt.
            tally.leave(payment.id)
            return
        if order.status == "created":
            return
        try:
            order = self._context.provider.fetch_order(order.id)
        except ProviderRejected:
            tally.leave(payment.id)
            return
        if order.status == "paid":
            tally.add(payment.id, comparison.compare(self._context, payment, self._rules, adopts=order))

    def _payment(self, seen: ProviderPayment, payment: Payment | None, marks: Marks) -> Piece:
        def piece(tally: Tally) -> None:
            if payment is None:
                # Of an account that others use as well.
                tally.foreign += 1
            elif not marks.is_asked(payment.id, tally):
                if agreement.payment_agrees(payment, seen):
                    tally.agree(payment.id, is_settled=agreement.settles(payment, seen))
                else:
                    self._compare(payment, tally, [seen])

        return piece

    def _refund(self, seen: ProviderRefund, payment: Payment | None, marks: Marks) -> Piece:
        def piece(tally: Tally) -> None:
            if payment is None or marks.is_asked(payment.id, tally):
                return
            if not agreement.refund_agrees(payment, seen):
                self._compare(payment, tally, [])

        return piece

    def _ours(self, time: str) -> Page:
        """Return a page of our payments by one of their times, the oldest first."""
        rows = self._rows(time)
        payments = {payment.id: payment for payment in Payment.objects(id__in=[row["_id"] for row in rows])}
        marks = Marks(self._run.id, payments.values())

        def piece_of(payment_id: str) -> Piece:
            def piece(tally: Tally) -> None:
                payment = payments.get(payment_id)
                if payment and payment.provider_order_id and not marks.is_compared(payment.id, tally):
                    self._compare(payment, tally, [])

            return piece

        def go_on(run: ReconciliationRun, done: int) -> None:
            if done:
                run.place_at, run.place_id = rows[done - 1][time], rows[done - 1]["_id"]

        return Page([piece_of(row["_id"]) for row in rows], go_on, is_last=len(rows) < OURS_AT_A_TIME)

    def _rows(self, time: str) -> list[dict[str, Any]]:
        run = self._run
        # Times are whole milliseconds; under $gte the local stack's embedded server leaves equal ones out.
        since = (run.place_at or run.window_from) - MILLISECOND
        pipeline: list[dict[str, Any]] = [{"$match": {time: {"$gt": since, "$lte": run.window_to}}}]
        if run.place_at:
            # A match of its own, because that server only uses an index that serves a whole one.
            beyond = [{time: {"$gt": run.place_at}}, {"_id": {"$gt": run.place_id}}]
            pipeline.append({"$match": {"$or": beyond}})
        pipeline += [{"$sort": {time: 1, "_id": 1}}, {"$limit": OURS_AT_A_TIME}, {"$project": {time: 1}}]
        return list(Payment._get_collection().aggregate(pipeline))

    def _compare(self, payment: Payment, tally: Tally, listed: list[ProviderPayment]) -> None:
        tally.add(payment.id, comparison.compare(self._context, payment, self._rules, listed=listed))


def _ours_by(field: str, values: Iterable[str | None]) -> dict[str | None, Payment]:
    """Return our payments that have one of these values in a unique field, by it."""
    wanted = sorted({value for value in values if value})
    found = Payment.objects(**{f"{field}__in": wanted}) if wanted else []
    return {getattr(payment, field): payment for payment in found}


def _listed(listed: ListPage[T], piece_of: Callable[[T], Piece]) -> Page:
    """Return the pieces for one page of the provider's. Entries that cannot be read make none, so that going
    on in the middle of such a page repeats a few."""
    pieces = [piece_of(item) for item in listed.items]

    def go_on(run: ReconciliationRun, done: int) -> None:
        run.skip += listed.entries if done == len(pieces) else done

    return Page(pieces, go_on, listed.is_last)
