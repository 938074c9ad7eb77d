"""How a refund moves: pending → processed or failed, whatever it returns, a payment's own money or that of a
duplicate. What its failure means for the payment is the caller's to know."""

from gateway.domain.context import Context
from gateway.domain.models import Payment, Refund
from gateway.domain.provider import ProviderRefund
from gateway.domain.receipts import mint
from gateway.domain.states import REFUND_FAILED, REFUND_PENDING, REFUND_PROCESSED

# What a refund that the provider gave up says to whoever reads it.
NOT_RETURNED = "The provider could not return the money."


def follow(payment: Payment, refund: Refund, seen: ProviderRefund, context: Context) -> str | None:
    """Take a refund as far as the provider was seen to have brought it, and mint the receipt of one that is
    processed. Only alters the copy in memory. Any number of calls in any order end in the same state.

    Returns the status that it has by now, or None when this is no news. REFUND_FAILED is left to the caller
    to write, because the money that it gives back is counted there.
    """
    is_new = not refund.provider_refund_id
    if is_new:
        refund.provider_refund_id = seen.id
        refund.accepted_at = context.now()
    if seen.status == "failed" and refund.status != REFUND_FAILED:
        return REFUND_FAILED
    if seen.status == "processed" and refund.status == REFUND_PENDING:
        refund.status = REFUND_PROCESSED
        refund.processed_at = context.now()
        mint(payment, "REFUND_RECEIPT", context.now(), refund)
        return REFUND_PROCESSED
    return str(refund.status) if is_new else None
