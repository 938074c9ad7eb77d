"""Which work a payment needs next, derived from what the payment says, so that no code path can forget to ask
for it. Alters copies in memory only; who claims and does the work is told in `work`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.domain.context import Limits
from gateway.domain.models import Payment, Refund, Work
from gateway.domain.states import ATTEMPTED, CANCELLED, CREATED, OPEN, REFUND_PENDING
from gateway.domain.work import (
    ABANDON_PAYMENT,
    CAPTURE_PAYMENT,
    COLLECT_PAYMENT,
    CONFIRM_PAYMENT,
    CONFIRM_REFUND,
    ISSUE_RECEIPTS,
    ISSUE_REFUND,
    OPEN_DISCREPANCIES,
    OPEN_ORDER,
    REFUND_DUPLICATE,
)

# Razorpay's advice is to ask about orders that are still open after 15 minutes; later looks catch money
# that was authorised late, which its documents bound at three days.
# An order never expires at Razorpay, so the looks go on, ever more rarely, for three months.
OPEN_ORDER_LOOKS_AFTER = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=days) for days in (1, 2, 3, 4, 7, 14, 30, 60, 90)),
)
# A customer approves a UPI request within minutes, on another screen, and no browser comes back to tell.
COLLECT_LOOKS_AFTER = tuple(timedelta(seconds=seconds) for seconds in (20, 60, 150, 330))
# A refund's webhook is the authority; asking is for the case that it never comes. Refunds take days, so the
# pause between two looks grows with a refund's age.
PENDING_REFUND_LOOK_AFTER_MIN = timedelta(minutes=10)
PENDING_REFUND_LOOK_AFTER_MAX = timedelta(hours=6)


def plan_payment(payment: Payment, now: datetime, limits: Limits) -> None:
    """Set `payment.work` to what its state asks for. Leaves work of the same kind alone, with its claim,
    attempts and due time; `hurry` makes that due at once. Only alters the copy in memory."""
    wanted = _needs(payment, now, limits)
    if wanted is None:
        payment.work = None
        return
    kind, due_at = wanted
    if payment.work is None or payment.work.kind != kind:
        payment.work = Work(kind=kind, due_at=due_at)


def hurry(payment: Payment) -> None:
    """Forget a pause that the payment's work is waiting out, so that planning makes it due at once. A claim
    is left alone: when its holder finishes, planning follows, and when it postpones, the work comes due at
    once. Only alters the copy in memory."""
    if payment.work is None:
        return
    if payment.work.claimed_until is None:
        payment.work = None
    else:
        payment.work.is_hurried = True


def _needs(payment: Payment, now: datetime, limits: Limits) -> tuple[str, datetime] | None:
    """Return the kind of work and when it is due. Discrepancies and receipts come first, because they only
    take one insert and the provider cannot hold them up."""
    if any(not discrepancy.stored for discrepancy in payment.discrepancies):
        return OPEN_DISCREPANCIES, now
    if any(not receipt.stored for receipt in payment.receipts):
        return ISSUE_RECEIPTS, now
    if payment.provider_order_id is None and order_is_wanted(payment):
        return OPEN_ORDER, now
    return _needs_with_money(payment, now) or _needs_without_money(payment, now, limits)


def _needs_with_money(payment: Payment, now: datetime) -> tuple[str, datetime] | None:
    """Return the work for money that is here or on its way, in either direction."""
    if payment.status in (ATTEMPTED, CANCELLED) and payment.authorized_at and not payment.captured_minor:
        return CAPTURE_PAYMENT, now
    if payment.unread_provider_payment_id:
        return CONFIRM_PAYMENT, now
    if payment.status in OPEN and payment.provider_order_id and collect_is_unsent(payment):
        return COLLECT_PAYMENT, now
    if payment.refunds_unread:
        return CONFIRM_REFUND, now
    unissued, accepted = _pending(payment.refunds)
    if unissued:
        return ISSUE_REFUND, now
    unissued_duplicates, accepted_duplicates = _pending([each.refund for each in payment.duplicates])
    if unissued_duplicates:
        return REFUND_DUPLICATE, now
    looks = [(CONFIRM_REFUND, _next_refund_look(refund, now)) for refund in accepted]
    looks += [(REFUND_DUPLICATE, _next_refund_look(refund, now)) for refund in accepted_duplicates]
    return min(looks, key=lambda look: look[1], default=None)


def _pending(refunds: list[Refund]) -> tuple[list[Refund], list[Refund]]:
    """Return the pending refunds that the provider has not accepted yet, and those that it has."""
    pending = [refund for refund in refunds if refund.status == REFUND_PENDING]
    accepted = [refund for refund in pending if refund.provider_refund_id]
    return [refund for refund in pending if not refund.provider_refund_id], accepted


def _next_refund_look(refund: Refund, now: datetime) -> datetime:
    age = now - (refund.accepted_at or refund.requested_at)
    return now + min(max(age / 4, PENDING_REFUND_LOOK_AFTER_MIN), PENDING_REFUND_LOOK_AFTER_MAX)


def _needs_without_money(payment: Payment, now: datetime, limits: Limits) -> tuple[str, datetime] | None:
    """Return the next look at an order that nobody has paid. A cancelled one can still be paid at the
    provider, by a page that the customer left open."""
    plans = []
    if payment.status in (CREATED, ATTEMPTED):
        plans.append((ABANDON_PAYMENT, max(now, abandoned_at(payment, limits))))
    if payment.provider_order_id and (payment.status in OPEN or payment.status == CANCELLED):
        plans += [(CONFIRM_PAYMENT, look) for look in _looks(payment) if look > now]
    return min(plans, key=lambda plan: plan[1], default=None)


def abandoned_at(payment: Payment, limits: Limits) -> datetime:
    """Return when an unpaid payment counts as abandoned, unless something happens to it before."""
    since: datetime = payment.updated_at
    return since + timedelta(days=limits.payment_abandoned_after_days)


def order_is_wanted(payment: Payment) -> bool:
    """Return whether somebody wants the payment's order open. Payments of the first release do not say since
    when; they were recorded with the call for their order."""
    if payment.order_wanted_since:
        return True
    return payment.status == CREATED and payment.order_requested_at is not None


def collect_is_unsent(payment: Payment) -> bool:
    """Return whether a UPI request is to be sent, or may have been sent by a call whose answer was lost."""
    collect = payment.upi_collect
    return collect is not None and not collect.provider_payment_id and not collect.failure_reason


def _looks(payment: Payment) -> Iterator[datetime]:
    since = payment.cancelled_at or payment.order_wanted_since or payment.created_at
    yield from (since + after for after in OPEN_ORDER_LOOKS_AFTER)
    if payment.upi_collect and payment.upi_collect.asked_at:
        yield from (payment.upi_collect.asked_at + after for after in COLLECT_LOOKS_AFTER)
