"""Payments of the second door, and the opening of their orders by a worker, straight through the domain."""

from typing import Any

from gateway.domain import orders
from gateway.domain.models import Payment
from gateway.domain.provider import ProviderOrder
from tests.support.domain import NOW, Clock, a_payment
from tests.support.stubborn import Stubborn, asking


def recorded(**fields: Any) -> Payment:
    """Return a stored payment that nobody has asked to be processed."""
    values: dict[str, Any] = {
        "opened": False,
        "order_requested_at": None,
        "requested_method": "upi",
        "payer_phone": "+919000000001",
    }
    return a_payment("CREATED", **values | fields).save(force_insert=True)


def order_of(payment: Payment) -> ProviderOrder:
    """Return the order that the provider opens for a payment."""
    return ProviderOrder(
        id=f"order_{payment.id}",
        amount_minor=payment.amount_minor,
        currency="INR",
        status="created",
        order_receipt=payment.order_receipt,
        created_at=NOW,
    )


def open_again(
    provider: Stubborn, payment: Payment, clock: Clock, times: int, seconds: float = 60
) -> Payment:
    """Let the work come due so many times, a while apart; return the payment as stored."""
    for _ in range(times):
        clock.advance(seconds)
        orders.reopen_order(asking(provider, clock), payment.id)
    return Payment.objects.get(id=payment.id)
