"""A payment between the domain, a real database and a provider in memory, for tests about one moment."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal, cast

from gateway.domain import kill_points, orders, payments, recording, webhooks
from gateway.domain.context import Context
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, Receipt, WebhookEvent
from gateway.domain.provider import Provider
from gateway.domain.recording import Wish
from gateway.domain.work import PROCESS_WEBHOOK_EVENT
from tests.support.domain import Clock, a_context
from tests.support.memory_account import MemoryAccount
from tests.support.memory_provider import WEBHOOK_SIGNATURE, MemoryProvider, checkout_signature
from tests.support.money_model import workers

AMOUNT_MINOR = 50_000


class Scene:
    """One provider and its clock. Nobody works on what is due unless the test says so."""

    def __init__(self, **account: bool) -> None:
        self.clock = Clock()
        self.account = MemoryAccount(self.clock, **account)
        self.provider = MemoryProvider(self.account)
        self.context: Context = replace(
            a_context(clock=self.clock),
            provider=cast(Provider, kill_points.PointedProvider(cast(Provider, self.provider))),
        )
        # The ids under which the events were stored, by name.
        self.received: dict[str, str] = {}
        self.owner = SimpleNamespace(id=new_id(), email="asha@example.com")

    def recorded(self, **options: Any) -> recording.Created:
        """Record a payment whose order is about to be opened, under the claim that it carries."""
        wish = Wish(amount_minor=AMOUNT_MINOR, currency="INR", payer_phone="+919000000001")
        return recording.create(self.context, self.owner, wish, options.get("idempotency"), opens_order=True)

    def opened(self) -> Payment:
        """Record a payment and open its order."""
        created = self.recorded()
        assert created.claim
        return orders.open_order(self.context, created.claim)

    def paid(self, payment: Payment, status: Literal["authorized", "captured", "failed"] = "captured") -> str:
        """Let a customer pay the order; returns the provider payment's id. The service hears nothing."""
        self.account.pay(payment.provider_order_id, status)
        return list(self.account.payments)[-1]

    def settled(self) -> Payment:
        """Return a payment that is paid, with everything done that follows."""
        payment = self.opened()
        self.verify(payment, self.paid(payment))
        return self.work(payment)

    def verify(self, payment: Payment, provider_payment_id: str) -> Payment:
        """Hand in what Checkout gave the customer's browser."""
        signature = checkout_signature(payment.provider_order_id, provider_payment_id)
        return payments.verify(
            self.context, payment, provider_payment_id=provider_payment_id, signature=signature
        )

    def receive(self, name: str) -> WebhookEvent:
        """Receive the newest event of this name, and leave it to be processed."""
        event = next(each for each in reversed(self.account.events) if each.name == name)
        stored = webhooks.receive(self.context, event.body, signature=WEBHOOK_SIGNATURE, event_id=event.id)
        assert stored
        self.received[name] = stored.id
        return stored

    def deliver(self, name: str) -> None:
        """Receive the newest event of this name, and process it."""
        webhooks.process(self.context, self.receive(name).id)

    def delivers(self, name: str) -> Callable[[], None]:
        """Return a competitor that delivers the newest event of this name."""
        return lambda: self.deliver(name)

    def outcome(self, name: str) -> str | None:
        """Return what became of the event of this name."""
        outcome: str | None = WebhookEvent.objects.get(id=self.received[name]).outcome
        return outcome

    def work(self, payment: Payment) -> Payment:
        """Do what is due on the payment, and what becomes due by it."""
        stored = self.stored(payment)
        if stored.work and stored.work.due_at <= self.clock():
            workers.do(self.context, (stored.id, stored.work.kind))
        return self.stored(payment)

    def process(self, event: WebhookEvent) -> None:
        """Process an event, with what follows, as a worker would."""
        workers.do(self.context, (event.id, PROCESS_WEBHOOK_EVENT))

    def stored(self, payment: Payment) -> Payment:
        """Return the payment as it is stored."""
        return Payment.objects.get(id=payment.id)

    def story(self, payment: Payment) -> list[str]:
        """Return where each entry of the history led."""
        return [entry.to_status for entry in self.stored(payment).history]

    def receipts(self, payment: Payment) -> list[str]:
        """Return the kinds of the receipts that exist, sorted."""
        return sorted(receipt.kind for receipt in Receipt.objects(payment_id=payment.id))
