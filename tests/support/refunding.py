"""Asking for refunds and hearing about them, straight through the domain."""

from typing import Any

from gateway.domain import refunds
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, Refund
from gateway.domain.provider import ProviderRefund
from gateway.domain.refunds import Requested
from tests.support.domain import NOW, a_context

_CONTEXT = a_context()


def ask(payment: Payment, amount_minor: int | None, **more: Any) -> Requested:
    """Ask for a refund."""
    options: dict[str, Any] = {"notes": {}, "idempotency": None}
    return refunds.request(_CONTEXT, payment, amount_minor=amount_minor, **options | more)


def hear(payment: Payment, refund: Refund | None, status: str, **fields: Any) -> Payment:
    """Hear from the provider about a refund of ours, or about one of its own."""
    values: dict[str, Any] = {
        "id": f"rfnd_{refund.id if refund else new_id()}",
        "payment_id": payment.provider_payment_id,
        "amount_minor": refund.amount_minor if refund else 0,
        "currency": "INR",
        "status": status,
        "refund_receipt": refund.id if refund else None,
        "created_at": NOW,
    }
    return refunds.observe(_CONTEXT, payment.id, ProviderRefund(**values | fields))


def figures(payment: Payment) -> tuple[str, int, int]:
    """Return the status, what is reserved and what went back, as stored."""
    stored = Payment.objects.get(id=payment.id)
    return stored.status, stored.refund_reserved_minor, stored.refunded_minor
