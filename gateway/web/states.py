"""Which page a payment has: decided from what is stored, and from nothing that a browser says but one hint
that changes no more than a sentence. Also how soon a page that waits for something looks again."""

from datetime import datetime, timedelta

from gateway.domain import cancellation, processing
from gateway.domain.context import Context
from gateway.domain.models import Payment
from gateway.domain.states import CANCELLED as STATUS_CANCELLED
from gateway.domain.states import PARTIAL_REFUND as STATUS_PARTIAL_REFUND
from gateway.domain.states import REFUNDED as STATUS_REFUNDED

PREPARING = "preparing"
READY = "ready"
APPROVE = "approve"
CONFIRMING = "confirming"
PAID = "paid"
FAILED = "failed"
REFUSED = "refused"
UNREACHABLE = "unreachable"
CANCELLED = "cancelled"
EXPIRED = "expired"
REFUNDED = "refunded"
PARTLY_REFUNDED = "partly_refunded"
# The states in which the customer can go to the provider and pay.
PAYABLE = frozenset({READY, APPROVE, FAILED})
# The states in which the money is here, or nearly, so that the provider's window has no use any more.
SETTLED = frozenset({CONFIRMING, PAID, REFUNDED, PARTLY_REFUNDED})
# The states that an expired link replaces, because they ask the customer for something.
EXPIRING = frozenset({READY, FAILED, UNREACHABLE})

# A page looks again after a quarter of the time for which it has waited: soon at first, when something is
# about to happen, and seldom later, so that a class whose parents share one address stays within its limit.
REFRESH_SHARE = 4
REFRESH_SECONDS_MIN = 2
REFRESH_SECONDS_MAX = 30
# A page that is left open stops looking; there is a link for whoever comes back to it.
REFRESHED_FOR = timedelta(hours=1)


def of(payment: Payment, context: Context, *, was_told_of_failure: bool = False) -> str:
    """Return the payment's state. was_told_of_failure: the browser came back with a failure, which the
    provider's own message may not have confirmed yet; it turns "ready" into "failed" and nothing else."""
    state = _of_live_link(payment, context, was_told_of_failure)
    is_late = state in EXPIRING and processing.page_has_expired(payment, context)
    return EXPIRED if is_late else state


def _of_live_link(payment: Payment, context: Context, was_told_of_failure: bool) -> str:
    if payment.captured_minor:
        by_status = {STATUS_REFUNDED: REFUNDED, STATUS_PARTIAL_REFUND: PARTLY_REFUNDED}
        return by_status.get(payment.status, PAID)
    if payment.unread_provider_payment_id or payment.authorized_at:
        return CONFIRMING
    if payment.status == STATUS_CANCELLED:
        return EXPIRED if cancellation.was_abandoned(payment) else CANCELLED
    if payment.provider_order_id is None:
        return _without_order(payment)
    if processing.awaits_approval(payment, context):
        return _with_upi_request(payment)
    return FAILED if payment.failure_reason or was_told_of_failure else READY


def _with_upi_request(payment: Payment) -> str:
    if not payment.upi_collect.asked_at:
        return PREPARING
    # Nobody knows whether the customer was asked, so the page does not say that they were.
    return APPROVE if processing.is_approval_certain(payment) else READY


def _without_order(payment: Payment) -> str:
    if not processing.is_orderless(payment):
        return PREPARING
    return UNREACHABLE if payment.order_may_be_retried else REFUSED


def waiting_since(payment: Payment, state: str) -> datetime | None:
    """Return since when the page waits for something to happen elsewhere, or None when it does not."""
    if state == PREPARING:
        is_open = payment.provider_order_id is not None
        return payment.upi_collect.requested_at if is_open else payment.order_wanted_since
    if state == APPROVE:
        return payment.upi_collect.requested_at
    if state == CONFIRMING:
        return payment.authorized_at or payment.updated_at
    return None


def refresh_seconds(since: datetime | None, now: datetime) -> int | None:
    """Return after how many seconds a page that has waited since then looks again, or None for never."""
    if since is None or now - since > REFRESHED_FOR:
        return None
    share = int((now - since).total_seconds()) // REFRESH_SHARE
    return min(max(share, REFRESH_SECONDS_MIN), REFRESH_SECONDS_MAX)
