"""A customer who has paid one order twice: the first captured payment pays the order, every further one is
shown to a person and returned, in full and once. They lie beside the payment's own money and count nowhere.
Only alters copies in memory; `duplicate_refunds` asks the provider.
"""

from gateway.domain import differences, refund_steps
from gateway.domain.context import Context
from gateway.domain.ids import new_id
from gateway.domain.models import (
    DUPLICATES_PER_PAYMENT_MAX,
    REASON_CHARS_MAX,
    DuplicatePayment,
    Payment,
    Refund,
)
from gateway.domain.provider import ProviderPayment, ProviderRefund
from gateway.domain.states import REFUND_FAILED, REFUND_PENDING
from gateway.domain.transitions import flag_for_review, flag_for_review_once, note

REQUESTED_BY = "policy:duplicate-payment"


def find(payment: Payment, provider_payment_id: str) -> DuplicatePayment | None:
    """Return the payment's duplicate with this id of the provider's, or None."""
    return next(
        (each for each in payment.duplicates if each.provider_payment_id == provider_payment_id), None
    )


def observe(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    """Take note of a further captured payment, which is returned from now on. Only alters the copy in memory.
    Safe to call any number of times. Returns whether it changed."""
    duplicate = find(payment, seen.id)
    if duplicate:
        return False
    why = f"a second payment, {seen.id}, was captured for this order"
    if len(payment.duplicates) >= DUPLICATES_PER_PAYMENT_MAX:
        why += ", and is one too many to return by itself"
        difference = differences.payment_second(payment, seen, is_returned=False)
        return flag_for_review_once(payment, why, context, difference)
    refund = Refund(
        id=new_id(),
        amount_minor=seen.amount_minor,
        notes={"reason": "the order had been paid already"},
        requested_by=REQUESTED_BY,
        requested_at=context.now(),
    )
    refund.idempotency_key = refund.id
    payment.duplicates.append(
        DuplicatePayment(
            provider_payment_id=seen.id, payment_method=seen.method, seen_at=context.now(), refund=refund
        )
    )
    difference = differences.payment_second(payment, seen, is_returned=True)
    flag_for_review(payment, f"{why}; it is being returned", context, difference)
    return True


def observe_refund(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Take note of one refund of a duplicate, by us or by the provider itself. Only alters the copy in
    memory. Any number of calls in any order end in the same state. Returns whether it changed."""
    duplicate = find(payment, seen.payment_id)
    if duplicate is None or not covers(duplicate, seen):
        return False
    refund = duplicate.refund
    if not refund.provider_refund_id:
        # One that was refused may have been made after all, by a call whose answer was lost or by a person.
        refund.status = REFUND_PENDING
        refund.failure_reason = None
    status = refund_steps.follow(payment, refund, seen, context)
    if status is None:
        return False
    if status == REFUND_FAILED:
        fail(payment, duplicate, refund_steps.NOT_RETURNED, context)
        return True
    what = f"the refund {seen.id} of the duplicate payment {duplicate.provider_payment_id}"
    note(payment, f"{what} is {status}", context)
    return True


def covers(duplicate: DuplicatePayment, seen: ProviderRefund) -> bool:
    """Return whether this refund returns the duplicate's money: it is known already, or carries our id, or is
    one of the whole amount that the provider made by itself."""
    ours = duplicate.refund
    if ours.provider_refund_id:
        return bool(seen.id == ours.provider_refund_id)
    return bool(seen.refund_receipt == ours.id or seen.amount_minor == ours.amount_minor)


def fail(payment: Payment, duplicate: DuplicatePayment, reason: str, context: Context) -> None:
    """Give up returning a duplicate by itself: a person has to. Only alters the copy in memory."""
    refund = duplicate.refund
    refund.status = REFUND_FAILED
    refund.failure_reason = reason[:REASON_CHARS_MAX]
    why = f"the duplicate payment {duplicate.provider_payment_id} could not be returned: {reason}"
    flag_for_review(payment, why, context)
