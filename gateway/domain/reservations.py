"""Setting money of a payment aside for a refund. Only alters the copy in memory; whether the amount is there
to refund is for the caller to have checked on the same copy."""

from datetime import datetime

from gateway.domain.models import Payment, Refund


def reserve(
    payment: Payment,
    *,
    refund_id: str,
    amount_minor: int,
    notes: dict[str, str],
    requested_by: str,
    requested_at: datetime,
    idempotency_key: str | None = None,
    request_fingerprint: str | None = None,
) -> Refund:
    """Add a pending refund of so much, in the payment's smallest unit; planning has it issued.
    idempotency_key: the client's, or None for a refund that nobody can ask for twice."""
    assert 0 < amount_minor <= payment.captured_minor - payment.refund_reserved_minor
    refund = Refund(
        id=refund_id,
        amount_minor=amount_minor,
        notes=notes,
        requested_by=requested_by,
        requested_at=requested_at,
        idempotency_key=idempotency_key or refund_id,
        request_fingerprint=request_fingerprint,
    )
    payment.refunds.append(refund)
    payment.refund_reserved_minor += amount_minor
    return refund
