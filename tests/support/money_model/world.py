"""Where one sequence takes place: its payments, its provider, its clock, and processes that may die."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from mongoengine import Document

from gateway.domain import kill_points, orders, recording, webhooks
from gateway.domain.context import Context, Policies
from gateway.domain.errors import DomainError, IdempotencyMismatch
from gateway.domain.idempotency import Idempotency
from gateway.domain.ids import new_id
from gateway.domain.late_payments import LatePolicy
from gateway.domain.models import Payment, Receipt, WebhookEvent
from gateway.domain.provider import Provider
from gateway.domain.reconciliation.models import ReconciliationRun
from gateway.domain.recording import Wish
from tests.support.domain import Clock, a_context
from tests.support.memory_account import Event, MemoryAccount
from tests.support.memory_provider import WEBHOOK_SIGNATURE, MemoryProvider
from tests.support.money_model import workers
from tests.support.money_model.checks import Promises, Row
from tests.support.money_model.met import MET

T = TypeVar("T")

LISTS = ("refunds", "duplicates", "receipts", "history")
WEBHOOKS = "webhooks"
RECONCILIATION = "reconciliation"
LOOKS = "looks"
# What a sequence can leave behind.
DOCUMENTS = (Payment, WebhookEvent, Receipt, ReconciliationRun)


class Died(BaseException):
    """The process has died at a named point. What it had written stays, and its claim until that runs out."""


class World:
    """One sequence's world. `rows` are its payments as last read, by id, the oldest first."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.promises = Promises()
        self.rows: dict[str, Row] = {}
        self.owner = SimpleNamespace(id=new_id(), email="asha@example.com")
        self.is_open = False
        # How the news arrives in the end that has not arrived by then.
        self.news = WEBHOOKS
        # How many points are left until a process dies, and how many have died.
        self.points_left: int | None = None
        self.deaths = 0
        # Which payment, how much of it, and under which key.
        self.last_refund: tuple[int, int | None, str | None] | None = None
        # Whether anything happened that a person should be told of.
        self.is_odd = False
        # Whether any event was ever delivered, and anything ever compared with the provider.
        self.is_told = self.is_reconciled = False
        # Whether any payment may have changed since they were read.
        self.is_touched = False
        kill_points.install(self._reach)

    def open(
        self, policy: LatePolicy, receipts_are_unique: bool, forgets_keys: bool, is_paid_twice: bool
    ) -> None:
        """Begin, with a provider that is like this."""
        self.account = MemoryAccount(
            self.clock, receipts_are_unique=receipts_are_unique, is_paid_twice=is_paid_twice
        )
        self.provider = MemoryProvider(self.account, forgets_keys=forgets_keys)
        pointed = kill_points.PointedProvider(cast(Provider, self.provider))
        self.context: Context = replace(
            a_context(clock=self.clock),
            provider=cast(Provider, pointed),
            policies=Policies(late_payment=policy),
        )
        self.is_odd = is_paid_twice
        self.is_open = True

    def close(self, *, is_known: bool) -> None:
        """Leave nothing to the next sequence. is_known: what there is has been read since it last changed."""
        kill_points.install(None)
        for model in self.working_models() if is_known else DOCUMENTS:
            model._get_collection().delete_many({})

    def working_models(self) -> list[type[Document]]:
        """Return the documents of which this sequence can have any that wait for a worker, by what was read
        last. Asking for others would take a good part of its time."""
        has_any = {
            Payment: True,
            WebhookEvent: self.is_told,
            Receipt: any(row["receipts"] for row in self.rows.values()),
            ReconciliationRun: self.is_reconciled,
        }
        return [model for model, is_there in has_any.items() if is_there]

    def _reach(self, point: str) -> None:
        if self.points_left is None:
            return
        self.points_left -= 1
        if self.points_left == 0:
            self.points_left = None
            self.deaths += 1
            MET[f"death at {point}"] += 1
            raise Died(point)

    def mortal(self, act: Callable[[], T]) -> T | None:
        """Return what a process makes of it, or None when it dies over it."""
        self.is_touched = True
        return self._mortal(act)

    def _mortal(self, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except Died:
            return None

    def ask(
        self,
        request: Callable[[], T],
        refusals: type[DomainError] | tuple[type[DomainError], ...],
        *,
        changes_nothing: bool = False,
    ) -> T | None:
        """Return the answer to a client's request; None when it was refused, or its process died.
        changes_nothing: a refusal leaves all payments as they were."""
        try:
            return self.mortal(request)
        except refusals as refusal:
            MET[type(refusal).__name__] += 1
            if changes_nothing:
                before = self.rows
                assert self.read() == before, "a refused request has changed something"
            return None

    def read(self) -> dict[str, Row]:
        """Return the payments as they are; asks the database if any may have changed."""
        if not self.is_touched:
            return self.rows
        found = {row["_id"]: row for row in Payment._get_collection().find({})}
        for row in found.values():
            # Empty lists are not stored.
            row |= {name: row.get(name, []) for name in LISTS}
        known = [each for each in self.rows if each in found]
        self.rows = {each: found[each] for each in [*known, *(found.keys() - self.rows.keys())]}
        self.is_touched = False
        return self.rows

    def payment(self, which: int) -> Payment:
        """Return one of the payments."""
        return Payment.objects.get(id=list(self.rows)[which % len(self.rows)])

    def key_for(self, key: str | None, operation: str, request: dict[str, Any]) -> Idempotency | None:
        """Return the stored form of a client's key."""
        if key is None:
            return None
        return Idempotency.of(user_id=self.owner.id, operation=operation, client_key=key, request=request)

    def create(self, amount_minor: int, key: str | None, *, opens_order: bool) -> None:
        """Record a payment, and open its order as the first door does. One key is one payment, unless the
        first one's order was not opened or the key has expired. Whoever needs its row reads it."""
        idempotency = self.key_for(key, "create_order", {"amount": amount_minor, "opens": opens_order})
        wish = Wish(amount_minor=amount_minor, currency="INR", payer_phone="+919000000001")

        def request() -> Payment:
            made = recording.create(self.context, self.owner, wish, idempotency, opens_order=opens_order)
            self.promises.payments[made.payment.id] = amount_minor
            return orders.open_order(self.context, made.claim) if made.claim else made.payment

        earlier = [row for row in self.rows.values() if idempotency and self._holds(row, idempotency)]
        payment = self.ask(request, IdempotencyMismatch)
        if payment and earlier:
            assert payment.id in {row["_id"] for row in earlier}, "a key has made two payments"

    def _holds(self, row: Row, idempotency: Idempotency) -> bool:
        return bool(
            row.get("idempotency_key") == idempotency.key
            and not row["order_may_be_retried"]
            and row["idempotency_expires_at"] > self.clock()
        )

    def deliver(self, event: Event, event_id: str) -> WebhookEvent | None:
        """Deliver an event; None when it was there already, or the process died."""

        self.is_told = True

        def receive() -> WebhookEvent | None:
            stored = webhooks.receive(
                self.context, event.body, signature=WEBHOOK_SIGNATURE, event_id=event_id
            )
            self.promises.events.add(event.body)
            return stored

        # It changes no payment.
        return self._mortal(receive)

    def sweep(self) -> int | None:
        """Do what is due, until nothing is or a process dies; returns how much that was."""
        done = self._mortal(lambda: workers.sweep(self.context, self.working_models()))
        self.is_touched = self.is_touched or done != 0
        return done

    def do(self, *hints: workers.Hint) -> int:
        """Do pieces of work, and what becomes due by them; returns how many. Nobody dies."""
        self.is_touched = self.is_touched or bool(hints)
        return workers.do(self.context, *hints)
