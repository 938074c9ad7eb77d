"""What an observation has corrected, named: the difference between a payment before and after, in words such
as "captured at provider, open here → corrected to PAID to match provider". Writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from gateway.domain.context import Context
from gateway.domain.difference import (
    PAYMENT_ATTEMPTED,
    PAYMENT_AUTHORISED,
    PAYMENT_CAPTURED,
    PAYMENT_CAPTURED_LATE,
    PAYMENT_RETURNED,
    REFUND_ACCEPTED,
    REFUND_FAILED,
    REFUND_IMPORTED,
    REFUND_PROCESSED,
    Difference,
    amount_text,
)
from gateway.domain.models import Payment, Refund
from gateway.domain.provider import ProviderPayment
from gateway.domain.states import CANCELLED
from gateway.domain.states import REFUND_FAILED as FAILED_STATUS
from gateway.domain.states import REFUND_PENDING as PENDING_STATUS

TO_MATCH = "to match provider"


@dataclass(frozen=True)
class Before:
    """What can be corrected of a payment, as it was. refunds: status and provider id by our id, those of
    duplicate payments too."""

    status: str
    captured_minor: int
    is_authorised: bool
    refunds: dict[str, tuple[str, str | None]]

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """Return what the payment says now."""
        refunds = {refund.id: (refund.status, refund.provider_refund_id) for refund in all_refunds(payment)}
        return cls(payment.status, payment.captured_minor, payment.authorized_at is not None, refunds)


def all_refunds(payment: Payment) -> list[Refund]:
    """Return the payment's own refunds, and those of its duplicates."""
    return [*payment.refunds, *(duplicate.refund for duplicate in payment.duplicates)]


def named(
    before: Before, payment: Payment, attempts: list[ProviderPayment], context: Context
) -> Iterator[Difference]:
    """Give what has changed on the payment since, as far as it is about money or status. attempts: what the
    provider said, so that a change without money is told by the one that caused it."""
    yield from _of_payment(before, payment, attempts, context)
    for refund in all_refunds(payment):
        yield from _of_refund(before, payment, refund)


def _of_payment(
    before: Before, payment: Payment, attempts: list[ProviderPayment], context: Context
) -> Iterator[Difference]:
    about = {"order_id": payment.provider_order_id, "payment_id": payment.provider_payment_id}
    corrected = f"corrected to {payment.status} {TO_MATCH}"
    if payment.captured_minor and not before.captured_minor:
        theirs = f"captured {amount_text(payment.captured_minor, payment.currency)}"
        if before.status == CANCELLED:
            policy = f"the late-payment policy is to {context.policies.late_payment} it"
            sentence = f"captured at provider, cancelled here → {corrected}; {policy}"
            yield _difference(PAYMENT_CAPTURED_LATE, before.status, theirs, sentence, about)
            return
        sentence = f"captured at provider, open here → {corrected}"
        yield _difference(PAYMENT_CAPTURED, before.status, theirs, sentence, about)
    elif payment.authorized_at and not before.is_authorised:
        here = "cancelled" if before.status == CANCELLED else "open"
        outcome = "its capture follows" if here == "cancelled" else f"{corrected}, its capture follows"
        sentence = f"authorised at provider, {here} here → {outcome}"
        yield _difference(PAYMENT_AUTHORISED, before.status, "authorised", sentence, about)
    elif before.is_authorised and not payment.authorized_at:
        sentence = f"returned uncaptured at provider, authorised here → {corrected}"
        yield _difference(PAYMENT_RETURNED, "authorised", "returned", sentence, about)
    elif payment.status != before.status and attempts and not payment.captured_minor:
        last = max(attempts, key=lambda each: each.created_at.timestamp() if each.created_at else 0)
        about["payment_id"] = last.id
        sentence = f"{last.status} at provider, {before.status} here → {corrected}"
        yield _difference(PAYMENT_ATTEMPTED, before.status, last.status, sentence, about)


def _of_refund(before: Before, payment: Payment, refund: Refund) -> Iterator[Difference]:
    old_status, old_provider_id = before.refunds.get(refund.id, (None, None))
    if not refund.provider_refund_id or (refund.status, refund.provider_refund_id) == (
        old_status,
        old_provider_id,
    ):
        # A refund that the provider knows nothing of was added by a policy, not by the provider.
        return
    about = {"order_id": payment.provider_order_id, "refund_id": refund.provider_refund_id}
    theirs = f"{refund.status} {amount_text(refund.amount_minor, payment.currency)}"
    corrected = f"corrected to {refund.status} {TO_MATCH}"
    if old_status is None:
        sentence = f"refunded at provider, unknown here → imported as {refund.status} {TO_MATCH}"
        yield _difference(REFUND_IMPORTED, "unknown", theirs, sentence, about)
    elif refund.status == FAILED_STATUS:
        sentence = f"refund failed at provider, {old_status} here → {corrected}; it can be refunded again"
        yield _difference(REFUND_FAILED, old_status, theirs, sentence, about)
    elif refund.status == PENDING_STATUS or not old_provider_id:
        here = "unanswered" if old_status == PENDING_STATUS else old_status
        sentence = f"refund accepted at provider, {here} here → {corrected}"
        yield _difference(REFUND_ACCEPTED, old_status, theirs, sentence, about)
    else:
        sentence = f"refund processed at provider, {old_status} here → {corrected}"
        yield _difference(REFUND_PROCESSED, old_status, theirs, sentence, about)


def _difference(kind: str, ours: str, theirs: str, sentence: str, about: dict[str, str | None]) -> Difference:
    return Difference(kind=kind, ours=ours, theirs=theirs, sentence=sentence, **about)
