"""Asking the provider for a refund, and what it knows of one. The refund's id is the provider's idempotency
key and the refund's receipt there, so a call whose answer was lost is repeated without a second effect."""

from dataclasses import replace

from gateway.domain.context import Context
from gateway.domain.models import Refund
from gateway.domain.provider import OutcomeUnknown, ProviderRefund, ProviderRejected


def ask(context: Context, provider_payment_id: str, refund: Refund) -> ProviderRefund:
    """Ask the provider to return part of this payment of its. Safe to repeat with the same refund. Raises
    ProviderUnavailable, OutcomeUnknown, and ProviderRejected only when the provider does not have it."""
    try:
        seen = context.provider.create_refund(
            provider_payment_id,
            amount_minor=refund.amount_minor,
            refund_id=refund.id,
            notes=refund.notes,
        )
    except ProviderRejected as rejection:
        # "Already processed", "duplicate receipt" and "fully refunded" may all be about this very refund.
        seen_before = find_ours(refund, known(context, provider_payment_id))
        if seen_before is None:
            raise rejection from None
        return seen_before
    # It answers our own call, whether or not it repeats our id.
    return replace(seen, refund_receipt=refund.id)


def known(context: Context, provider_payment_id: str) -> list[ProviderRefund]:
    """Return the payment's refunds at the provider. A refused look-up says nothing about any of them, so it
    raises ProviderUnavailable or OutcomeUnknown only."""
    try:
        return context.provider.payment_refunds(provider_payment_id)
    except ProviderRejected as error:
        raise OutcomeUnknown(error.description, http_status=error.http_status) from error


def find_ours(refund: Refund, among: list[ProviderRefund]) -> ProviderRefund | None:
    """Return what the provider knows of this refund of ours, or None."""
    return next((each for each in among if each.refund_receipt == refund.id), None)
