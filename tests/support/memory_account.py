"""An account at the provider, in memory: Razorpay's rules for money, and what the world does there, such as a
customer who pays or a person at the dashboard who refunds. Everything that happens leaves a webhook event.

For tests that go through the domain thousands of times. `memory_provider` is how the service calls it.
"""

import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from gateway.domain.provider import ProviderOrder, ProviderPayment, ProviderRefund, ProviderRejected
from tests.support.domain import Clock

FAILURE = "Your bank declined it."


@dataclass(frozen=True)
class Event:
    """One webhook event: what it says never changes, however late or often it is delivered."""

    id: str
    name: str
    body: bytes


def fresh_id(prefix: str) -> str:
    """Return an id in the provider's style."""
    return f"{prefix}_{uuid.uuid4().hex[:14]}"


class MemoryAccount:
    """What the provider knows now, by id and oldest first, and every event that it has made.

    is_paid_twice: customers can pay an order that has been paid, which the provider's rules forbid and
    which happens all the same. says_order_paid: a capture makes a second event as well, as it does at
    Razorpay, with the same payment in it.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        receipts_are_unique: bool = False,
        is_paid_twice: bool = False,
        says_order_paid: bool = False,
    ) -> None:
        self.clock = clock
        self.receipts_are_unique = receipts_are_unique
        self.is_paid_twice = is_paid_twice
        self.says_order_paid = says_order_paid
        self.orders: dict[str, ProviderOrder] = {}
        self.payments: dict[str, ProviderPayment] = {}
        self.refunds: dict[str, ProviderRefund] = {}
        self.events: list[Event] = []
        # Every (id, status) that a payment or a refund has ever had.
        self.ever: set[tuple[str, str]] = set()

    def order(self, order_id: str) -> ProviderOrder:
        """Return an order as it is now. Raises ProviderRejected."""
        if order_id not in self.orders:
            raise ProviderRejected("The id provided does not exist", http_status=400)
        attempts = self.payments_of(order_id)
        is_paid = any(each.captured for each in attempts)
        status = "paid" if is_paid else "attempted" if attempts else "created"
        return replace(self.orders[order_id], status=status)

    def orders_with(self, order_receipt: str) -> list[ProviderOrder]:
        """Return the orders with this receipt number of ours."""
        return [order for order in self.orders.values() if order.order_receipt == order_receipt]

    def payments_of(self, order_id: str | None) -> list[ProviderPayment]:
        """Return the attempts to pay an order."""
        return [each for each in self.payments.values() if each.order_id == order_id]

    def refunds_of(self, payment_id: str) -> list[ProviderRefund]:
        """Return the refunds of a payment."""
        return [each for each in self.refunds.values() if each.payment_id == payment_id]

    def returned_minor(self, payment_id: str) -> int:
        """Return how much of a payment has gone back or is on its way, in the smallest currency unit."""
        return sum(each.amount_minor for each in self.refunds_of(payment_id) if each.status != "failed")

    def is_taken(self, order_id: str) -> bool:
        """Return whether the order has been paid, or is about to be."""
        return any(each.captured or each.status == "authorized" for each in self.payments_of(order_id))

    def existing(self, payment_id: str) -> ProviderPayment:
        """Return a payment. Raises ProviderRejected."""
        if payment_id not in self.payments:
            raise ProviderRejected("The id provided does not exist", http_status=400)
        return self.payments[payment_id]

    # What the service asks for. Each raises ProviderRejected where Razorpay says no.

    def open_order(self, amount_minor: int, currency: str, order_receipt: str) -> ProviderOrder:
        """Open an order."""
        if self.receipts_are_unique and self.orders_with(order_receipt):
            raise ProviderRejected("Order receipt should be unique.", http_status=400)
        order = ProviderOrder(
            id=fresh_id("order"),
            amount_minor=amount_minor,
            currency=currency,
            status="created",
            order_receipt=order_receipt,
            created_at=self.clock(),
        )
        self.orders[order.id] = order
        return order

    def attempt(self, order_id: str, event: str | None = None, **fields: Any) -> ProviderPayment:
        """Make a new attempt to pay an order."""
        order = self.orders[order_id]
        values: dict[str, Any] = {
            "id": fresh_id("pay"),
            "order_id": order_id,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
            "captured": False,
            "method": "upi",
            "created_at": self.clock(),
        }
        return self._put(ProviderPayment(**values | fields), event)

    def capture(self, payment_id: str, amount_minor: int) -> ProviderPayment:
        """Take authorised money, one payment of an order only."""
        payment = self.existing(payment_id)
        if payment.captured:
            raise ProviderRejected("This payment has already been captured", http_status=400)
        if payment.status != "authorized":
            raise ProviderRejected("Payment is not in authorized state.", http_status=400)
        if payment.amount_minor != amount_minor:
            raise ProviderRejected("Capture amount must be the amount authorized", http_status=400)
        if any(each.captured for each in self.payments_of(payment.order_id)) and not self.is_paid_twice:
            raise ProviderRejected("Payment already done for this order.", http_status=400)
        payment = self._put(payment, "payment.captured", status="captured", captured=True)
        if self.says_order_paid:
            self._say("order.paid", payment)
        return payment

    def refund(self, payment_id: str, amount_minor: int, refund_receipt: str | None) -> ProviderRefund:
        """Send captured money back."""
        payment = self.existing(payment_id)
        if not payment.captured:
            raise ProviderRejected("The payment status should be captured", http_status=400)
        if amount_minor + self.returned_minor(payment_id) > payment.amount_minor:
            raise ProviderRejected("The total refund amount is greater than captured", http_status=400)
        return self._put_refund(
            self._refund_of(payment, amount_minor, refund_receipt), "refund.created", "pending"
        )

    # What the world does. Each returns nothing, because nobody tells the service but the events.

    def pay(self, order_id: str, status: Literal["authorized", "captured", "failed"]) -> None:
        """Let a customer pay an order, or try to. An order that is taken cannot be paid, but see
        is_paid_twice."""
        if self.is_taken(order_id) and not self.is_paid_twice:
            return
        if status == "failed":
            self.attempt(order_id, "payment.failed", status="failed", failure_reason=FAILURE)
            return
        payment = self.attempt(order_id, "payment.authorized", status="authorized")
        if status == "captured":
            self.capture(payment.id, payment.amount_minor)

    def approve(self, payment_id: str) -> None:
        """Let a bank or a customer approve an attempt that was waiting, or had failed. Of an order that is
        taken meanwhile, the money goes back by itself."""
        payment = self.payments[payment_id]
        is_late = self.is_taken(str(payment.order_id)) and not self.is_paid_twice
        self._put(payment, "payment.authorized", status="authorized", failure_reason=None)
        if is_late:
            self.return_uncaptured(payment_id)

    def decline(self, payment_id: str) -> None:
        """Let an attempt that was waiting fail."""
        self._put(
            self.payments[payment_id], "payment.failed", status="failed", failure_reason="Not approved."
        )

    def return_uncaptured(self, payment_id: str) -> None:
        """Give authorised money back that nobody has captured in time."""
        payment = self._put(self.payments[payment_id], status="refunded")
        refund = self._refund_of(payment, payment.amount_minor, None)
        self._put_refund(refund, "refund.processed", "processed")

    def refund_at_dashboard(self, payment_id: str, amount_minor: int) -> None:
        """Let a person send money back, without the service."""
        self.refund(payment_id, amount_minor, None)

    def move_refund(self, refund_id: str, status: Literal["processed", "failed"]) -> None:
        """Let a refund arrive, or come back."""
        self._put_refund(self.refunds[refund_id], f"refund.{status}", status)

    def _refund_of(
        self, payment: ProviderPayment, amount_minor: int, refund_receipt: str | None
    ) -> ProviderRefund:
        return ProviderRefund(
            id=fresh_id("rfnd"),
            payment_id=payment.id,
            amount_minor=amount_minor,
            currency=payment.currency,
            status="pending",
            refund_receipt=refund_receipt,
            created_at=self.clock(),
        )

    def _put(self, payment: ProviderPayment, event: str | None = None, **changes: Any) -> ProviderPayment:
        payment = replace(payment, **changes)
        self.payments[payment.id] = payment
        self.ever.add((payment.id, payment.status))
        if event:
            self._say(event, payment)
        return payment

    def _put_refund(
        self, refund: ProviderRefund, event: str, status: Literal["pending", "processed", "failed"]
    ) -> ProviderRefund:
        refund = replace(refund, status=status)
        self.refunds[refund.id] = refund
        self.ever.add((refund.id, status))
        payment = self.payments[refund.payment_id]
        if payment.captured:
            is_whole = self.returned_minor(payment.id) == payment.amount_minor
            payment = self._put(payment, status="refunded" if is_whole else "captured")
        self._say(event, payment, refund)
        return refund

    def _say(self, name: str, payment: ProviderPayment, refund: ProviderRefund | None = None) -> None:
        event_id = fresh_id("event")
        told = {
            "id": event_id,
            "name": name,
            "payment": asdict(payment),
            "refund": asdict(refund) if refund else None,
        }
        body = json.dumps(told, default=datetime.isoformat).encode()
        self.events.append(Event(event_id, name, body))
