"""Whether what a list of the provider's says about one payment or refund is what stands here. Reads only what
it is given. A "no" decides nothing: the provider is then asked about the payment itself."""

from gateway.domain import duplicates
from gateway.domain.models import Payment
from gateway.domain.observations import mismatch
from gateway.domain.provider import ProviderPayment, ProviderRefund
from gateway.domain.states import CANCELLED, CREATED, REFUND_PENDING, REFUND_PROCESSED


def payment_agrees(payment: Payment, seen: ProviderPayment) -> bool:
    """Return whether this attempt, as it was listed, is nothing new for the payment. That says nothing about
    its other attempts, unless `settles` does."""
    if mismatch(payment, seen):
        return False
    if payment.captured_minor and payment.provider_payment_id == seen.id:
        return settles(payment, seen)
    if seen.status == "created":
        return True
    if seen.status == "failed":
        return payment.status != CREATED
    if seen.status == "authorized":
        is_known = payment.authorized_at is not None and payment.provider_payment_id == seen.id
        return bool(payment.captured_minor or (is_known and payment.status != CANCELLED))
    if seen.status == "refunded" and not seen.captured:
        # It went back before it was captured; that matters to who still means to capture it.
        is_awaited = payment.authorized_at is not None and not payment.captured_minor
        return not (is_awaited and payment.provider_payment_id == seen.id)
    return _is_known_duplicate(payment, seen)


def settles(payment: Payment, seen: ProviderPayment) -> bool:
    """Return whether this is the payment's money, captured and returned as far as it is here, so that the
    provider need not be asked."""
    if not payment.captured_minor or payment.provider_payment_id != seen.id or not seen.captured:
        return False
    # What is pending may have been processed, which no sum shows.
    is_at_rest = all(refund.status != REFUND_PENDING for refund in payment.refunds)
    return is_at_rest and not payment.duplicates and seen.refunded_minor == payment.refunded_minor


def _is_known_duplicate(payment: Payment, seen: ProviderPayment) -> bool:
    duplicate = duplicates.find(payment, seen.id)
    if duplicate is None:
        return False
    return duplicate.refund.status == REFUND_PROCESSED and seen.refunded_minor == seen.amount_minor


def refund_agrees(payment: Payment, seen: ProviderRefund) -> bool:
    """Return whether this refund of the payment's own money, as it was listed, is nothing new for it."""
    if not payment.captured_minor:
        # The provider also returns money that was never captured; that is no refund of ours to count.
        return True
    ours = next((refund for refund in payment.refunds if refund.provider_refund_id == seen.id), None)
    if ours is None:
        return False
    return bool(ours.amount_minor == seen.amount_minor and ours.status == seen.status)
