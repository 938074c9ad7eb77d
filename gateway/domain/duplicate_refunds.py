"""Returning the money of duplicate payments: asked for once, even when an answer is lost on the way."""

from gateway.domain import duplicates, refund_calls, refund_observations, work
from gateway.domain.context import Context
from gateway.domain.models import DuplicatePayment, Payment
from gateway.domain.payments import postpone
from gateway.domain.provider import ProviderError, ProviderRejected
from gateway.domain.states import REFUND_PENDING
from gateway.domain.transitions import change_claimed, change_payment


def refund(context: Context, payment_id: str) -> Payment | None:
    """Return a duplicate's money, or ask what became of its refund.

    Claims the payment's work; returns None when there was nothing to claim. What the provider knows is read
    first, because an earlier call may have had its effect, and some providers return duplicates themselves.
    """
    claim = work.claim(context, Payment, payment_id, work.REFUND_DUPLICATE)
    if claim is None:
        return None
    waiting = [each for each in claim.document.duplicates if each.refund.status == REFUND_PENDING]
    duplicate = min(waiting, key=_accepted_last)
    try:
        known = refund_calls.known(context, duplicate.provider_payment_id)
        is_there = any(duplicates.covers(duplicate, each) for each in known)
        if not is_there and not duplicate.refund.provider_refund_id:
            _count_try(context, claim.document, duplicate.provider_payment_id)
            known = [refund_calls.ask(context, duplicate.provider_payment_id, duplicate.refund)]
    except ProviderRejected as error:
        return _rejected(context, claim, duplicate.provider_payment_id, error)
    except ProviderError as error:
        return postpone(context, claim, error)

    def decide(payment: Payment) -> bool:
        changed = [duplicates.observe_refund(payment, seen, context) for seen in known]
        # An accepted refund that is still pending is looked at again when planning says so.
        work.finish(payment, claim, any(changed) or bool(duplicate.refund.provider_refund_id), context)
        _flag_overdue(payment, context)
        return True

    return change_claimed(context, claim, decide).document


def _accepted_last(duplicate: DuplicatePayment) -> tuple[bool, int]:
    return duplicate.refund.provider_refund_id is not None, duplicate.refund.attempts


def _flag_overdue(payment: Payment, context: Context) -> None:
    for each in payment.duplicates:
        refund_observations.flag_overdue(payment, each.refund, context)


def _count_try(context: Context, payment: Payment, provider_payment_id: str) -> None:
    """Write down that the refund is about to be asked for. Dying before the call only means one look-up
    more."""

    def decide(payment: Payment) -> bool:
        duplicate = duplicates.find(payment, provider_payment_id)
        assert duplicate is not None
        duplicate.refund.attempts += 1
        return True

    change_payment(context, payment.id, decide, payment)


def _rejected(
    context: Context, claim: work.Claim[Payment], provider_payment_id: str, error: ProviderRejected
) -> Payment:
    def decide(payment: Payment) -> bool:
        duplicate = duplicates.find(payment, provider_payment_id)
        assert duplicate is not None
        if duplicate.refund.status == REFUND_PENDING and not duplicate.refund.provider_refund_id:
            duplicates.fail(payment, duplicate, error.description, context)
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document
