"""Asking for a refund, by whichever door: reserve it, let a worker send it, and wait a little for that."""

from dataclasses import dataclass
from decimal import Decimal

from gateway import dispatch
from gateway.api.parsing import idempotency_key, minor_units
from gateway.api.services import context, services, viewer, wait_for
from gateway.domain import access, refunds
from gateway.domain.errors import RefundRejected
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import Payment, Refund
from gateway.domain.states import REFUND_FAILED, REFUND_PENDING

RETRY_AFTER = {"Retry-After": "2"}


@dataclass(frozen=True)
class MadeRefund:
    """A refund with its payment, and whether an earlier request had asked for it already."""

    payment: Payment
    refund: Refund
    replayed: bool

    @property
    def is_sent(self) -> bool:
        """Return whether the provider has taken the refund."""
        return self.refund.provider_refund_id is not None

    @property
    def status(self) -> int:
        """Return the HTTP status that says so."""
        return 201 if self.is_sent else 202

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that go with the answer."""
        replayed = {"Idempotent-Replayed": "true"} if self.replayed else {}
        return replayed | ({} if self.is_sent else RETRY_AFTER)


def make_refund(payment_id: str, amount: Decimal | int | None, notes: dict[str, str]) -> MadeRefund:
    """Refund a payment that the viewer may refund. amount: in major units, None for all that is left.
    Raises PaymentNotFound, Forbidden, InvalidInput, RefundRefused, IdempotencyMismatch and RefundRejected."""
    by_customer = services().settings.refund_by_customer
    payment = access.payment_to_refund(viewer(), payment_id, by_customer=by_customer)
    surroundings = context()
    amount_minor = None
    if amount is not None:
        amount_max = surroundings.limits.payment_amount_minor_max
        amount_minor = minor_units(amount, payment.currency, amount_max)
    key = idempotency_key()
    idempotency = key and Idempotency.of(
        user_id=viewer().id,
        operation="create_refund",
        client_key=key,
        request={"paymentId": payment.id, "amount_minor": amount_minor, "notes": notes},
    )
    requested = refunds.request(
        surroundings, payment, amount_minor=amount_minor, notes=notes, idempotency=idempotency or None
    )
    dispatch.due_work(requested.payment, surroundings.now())
    refund_id = requested.refund.id
    payment = wait_for(
        lambda: Payment.objects.get(id=payment.id), lambda payment: _is_answered(payment, refund_id)
    )
    refund = refunds.find(payment, refund_id)
    assert refund is not None
    if refund.status == REFUND_FAILED:
        raise RefundRejected("The payment provider refused the refund.", provider=refund.failure_reason)
    return MadeRefund(payment, refund, requested.replayed)


def _is_answered(payment: Payment, refund_id: str) -> bool:
    refund = refunds.find(payment, refund_id)
    return refund is not None and (refund.status != REFUND_PENDING or refund.provider_refund_id is not None)
