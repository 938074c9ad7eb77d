"""What the provider says about one of our payments when it is asked directly, because its lists lag behind
and leave things out. Asks, and decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import duplicates, refund_calls
from gateway.domain.context import Context
from gateway.domain.models import Payment
from gateway.domain.provider import ProviderPayment, ProviderRefund, ProviderRejected
from gateway.domain.states import REFUND_PENDING, REFUND_PROCESSED


@dataclass(frozen=True)
class Theirs:
    """What the provider says about one order: every attempt, the oldest first, and all refunds of those
    payments that were asked for, by the payment's id.

    knows_order: False when it says that there is no such order. is_settled: whether all of it is older than
    the time that is left to webhooks and looks.
    """

    attempts: list[ProviderPayment]
    refunds: dict[str, list[ProviderRefund]]
    knows_order: bool = True
    is_settled: bool = True

    def until(self, time: datetime) -> "Theirs":
        """Return it without what began after this time."""
        attempts = [each for each in self.attempts if not _is_after(each.created_at, time)]
        refunds = {
            payment_id: [each for each in found if not _is_after(each.created_at, time)]
            for payment_id, found in self.refunds.items()
        }
        is_settled = (attempts, refunds) == (self.attempts, self.refunds)
        return Theirs(attempts, refunds, self.knows_order, is_settled)


def ask(
    context: Context, payment: Payment, order_id: str, listed: Iterable[ProviderPayment], grace: timedelta
) -> Theirs:
    """Ask the provider about an order of the payment's, its money, and its refunds where they may differ.
    listed: what a list has said about it already. Writes nothing. Makes two calls for most payments, and one
    more for each payment of the order whose refunds have to be known.

    Raises ProviderUnavailable and OutcomeUnknown.
    """
    found = {each.id: each for each in listed if each.order_id == order_id}
    knows_order = True
    try:
        found |= {each.id: each for each in context.provider.order_payments(order_id)}
    except ProviderRejected:
        # It does not know the order, or no longer tells about one that old.
        knows_order = bool(found)
    ours = payment.provider_payment_id
    if ours and ours not in found:
        try:
            found[ours] = context.provider.fetch_payment(ours)
            knows_order = True
        except ProviderRejected:
            # It stays missing, which is for the caller to judge.
            found.pop(ours, None)
    attempts = sorted(found.values(), key=lambda each: each.created_at or context.now())
    refunds = {
        each.id: refund_calls.known(context, each.id)
        for each in attempts
        if each.captured and _may_have_other_refunds(payment, each)
    }
    return Theirs(attempts, refunds, knows_order).until(context.now() - grace)


def _may_have_other_refunds(payment: Payment, seen: ProviderPayment) -> bool:
    """Return whether the refunds of a captured payment may be others than those known here: equal sums of
    what is processed are the same refunds."""
    if payment.captured_minor and payment.provider_payment_id == seen.id:
        is_pending = any(refund.status == REFUND_PENDING for refund in payment.refunds)
        return is_pending or seen.refunded_minor != payment.refunded_minor
    duplicate = duplicates.find(payment, seen.id)
    if duplicate:
        is_returned = duplicate.refund.status == REFUND_PROCESSED
        return not is_returned or seen.refunded_minor != seen.amount_minor
    return seen.refunded_minor != 0


def _is_after(created_at: datetime | None, time: datetime) -> bool:
    return created_at is not None and created_at > time
