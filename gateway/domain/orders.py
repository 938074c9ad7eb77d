"""Opening a payment's order at the provider: once, even when an answer is lost on the way.

The provider has no idempotency key for orders, so the order receipt that we mint is the identity: whenever
an earlier call may have had its effect, the order is looked up by it before another call is made.
"""

from datetime import datetime, timedelta

from gateway.domain import differences, planning, work
from gateway.domain.context import Context
from gateway.domain.models import REASON_CHARS_MAX, Payment
from gateway.domain.payments import postpone
from gateway.domain.provider import (
    OutcomeUnknown,
    ProviderError,
    ProviderOrder,
    ProviderRejected,
    ProviderUnavailable,
)
from gateway.domain.states import CREATED, FAILED
from gateway.domain.transitions import change_claimed, change_payment, flag_for_review, move, note

# How long a call whose answer was lost may still be under way at the provider. Until then the order is only
# looked up; afterwards its absence means that the call had no effect. The time of the call is written before
# the first of two quick calls, so the wait is longer by quick_failure_seconds.
LOST_CALL_SECONDS = 10
# After this time nobody waits for the order any more; if the provider says that there is none, it is final.
OPENING_GIVEN_UP_AFTER = timedelta(minutes=15)


def reopen_order(context: Context, payment_id: str) -> Payment | None:
    """Open the order of a payment that is being processed, or take up an opening that was left undone.

    Claims the payment's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, Payment, payment_id, work.OPEN_ORDER)
    return open_order(context, claim, is_awaited=False) if claim else None


def is_settled(payment: Payment) -> bool:
    """Return whether the opening of the order has ended, in an order or in its refusal."""
    return payment.provider_order_id is not None or not planning.order_is_wanted(payment)


def open_order(context: Context, claim: work.Claim[Payment], *, is_awaited: bool = True) -> Payment:
    """Open the provider order under the claim, or find the one that an earlier try has opened.

    is_awaited: this is the request that recorded the payment, whose client waits for the answer and can
    come again. Returns the payment: with its provider_order_id; or with a failure_reason when the provider
    certainly holds no order and will not make one; or with the work coming due again, when the outcome is
    unknown, or the provider is away and nobody waits.
    """
    payment = claim.document
    try:
        order = _create_or_find(context, claim) if is_awaited else _find_or_create(context, claim)
    except ProviderRejected as error:
        return _give_up(context, claim, error)
    except ProviderUnavailable as error:
        if is_awaited or _took_too_long(context, payment):
            return _give_up(context, claim, error)
        return postpone(context, claim, error)
    except OutcomeUnknown as error:
        return postpone(context, claim, error)
    return _attach(context, claim, order)


def _took_too_long(context: Context, payment: Payment) -> bool:
    return context.now() > (payment.order_wanted_since or payment.created_at) + OPENING_GIVEN_UP_AFTER


def _create_or_find(context: Context, claim: work.Claim[Payment]) -> ProviderOrder:
    """Create the order; when the answer is lost, or says that the receipt is taken, look it up.

    Raises ProviderUnavailable only when there certainly is no order: no call was ever started, or its error
    answer was complete and the order is not there afterwards, twice in a row.
    """
    lost: OutcomeUnknown | None = None
    for is_last_try in (False, True):
        try:
            return _create(context, claim.document)
        except ProviderUnavailable as error:
            if lost:
                # That this call was not made says nothing about the one before.
                raise OutcomeUnknown(
                    lost.description,
                    http_status=lost.http_status,
                    retry_after_seconds=error.retry_after_seconds,
                ) from lost
            if is_last_try or not _may_try_at_once(context, claim, error):
                raise
        except (OutcomeUnknown, ProviderRejected) as error:
            # Some accounts refuse a receipt that they have seen: then the order exists, and it is ours.
            found = _look_up(context, claim.document)
            if found:
                return found
            if isinstance(error, ProviderRejected) or not error.answered:
                raise
            if lost:
                raise ProviderUnavailable(
                    error.description,
                    http_status=error.http_status,
                    retry_after_seconds=error.retry_after_seconds,
                ) from error
            if is_last_try or not _may_try_at_once(context, claim, error):
                raise
            lost = error
    raise AssertionError("the second try returns or raises")


def _may_try_at_once(context: Context, claim: work.Claim[Payment], error: ProviderError) -> bool:
    """Return whether a second call still fits into the claim, and the provider does not want to be left
    alone."""
    claimed_at = claim.until - timedelta(seconds=context.limits.claim_ttl_seconds)
    is_quick = context.now() - claimed_at < timedelta(seconds=context.limits.quick_failure_seconds)
    return is_quick and not error.retry_after_seconds


def _create(context: Context, payment: Payment) -> ProviderOrder:
    return context.provider.create_order(
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_receipt=payment.order_receipt,
        notes=order_notes(payment),
    )


def _look_up(context: Context, payment: Payment) -> ProviderOrder | None:
    """Return the payment's order at the provider, if it is there. Raises OutcomeUnknown, and nothing else,
    because a look-up that failed says nothing about the order."""
    try:
        return context.provider.find_order(order_receipt=payment.order_receipt)
    except (ProviderUnavailable, ProviderRejected) as error:
        raise OutcomeUnknown(
            f"the order could not be looked up: {error.description}",
            retry_after_seconds=error.retry_after_seconds,
        ) from error


def _find_or_create(context: Context, claim: work.Claim[Payment]) -> ProviderOrder:
    """Look the order up, if it was ever asked for; create it only when no call for it can be under way."""
    payment = claim.document
    asked_at = payment.order_requested_at
    if asked_at:
        found = _look_up(context, payment)
        if found:
            return found
        if context.now() < asked_at + timedelta(
            seconds=LOST_CALL_SECONDS + context.limits.quick_failure_seconds
        ):
            raise OutcomeUnknown("the order is not there yet; an earlier call may still be under way")
        if _took_too_long(context, payment):
            raise ProviderUnavailable("the provider opened no order in time")

    def about_to_ask(payment: Payment) -> bool:
        if payment.provider_order_id or not work.holds(payment, claim):
            return False
        payment.order_requested_at = context.now()
        return True

    # If we die after this write and before the call, the next try only waits a little longer.
    if not change_payment(context, payment.id, about_to_ask, payment).written:
        raise OutcomeUnknown("somebody else has taken over, because this took longer than its claim")
    try:
        return _create_or_find(context, claim)
    except ProviderUnavailable:
        _not_asked(context, claim, asked_at)
        raise


def _not_asked(context: Context, claim: work.Claim[Payment], asked_at: datetime | None) -> None:
    """Take back that the order was asked for, because it certainly was not: the next try need not look for
    it, which a provider that is away cannot answer either. asked_at: when it was before, if ever."""

    def decide(payment: Payment) -> bool:
        if not work.holds(payment, claim):
            return False
        payment.order_requested_at = asked_at
        return True

    change_claimed(context, claim, decide)


def order_notes(payment: Payment) -> dict[str, str]:
    """Return the notes that the provider order carries: the caller's, and the school, which we say."""
    return payment.notes | ({"schoolId": payment.school_id} if payment.school_id else {})


def _attach(context: Context, claim: work.Claim[Payment], order: ProviderOrder) -> Payment:
    def decide(payment: Payment) -> bool:
        work.release(payment, claim)
        if payment.provider_order_id is None:
            payment.provider_order_id = order.id
            payment.provider_order_created_at = order.created_at
            payment.failure_reason = None
            note(payment, f"the provider order {order.id} was opened", context)
            if (order.amount_minor, order.currency) != (payment.amount_minor, payment.currency):
                why = "the provider order has another amount or currency"
                flag_for_review(payment, why, context, differences.order_mismatch(payment, order))
        elif payment.provider_order_id != order.id:
            why = f"a second provider order, {order.id}, was opened"
            flag_for_review(payment, why, context, differences.order_second(payment, order))
        return True

    return change_claimed(context, claim, decide).document


def _give_up(context: Context, claim: work.Claim[Payment], error: ProviderError) -> Payment:
    def decide(payment: Payment) -> bool:
        work.release(payment, claim)
        if planning.order_is_wanted(payment) and payment.provider_order_id is None:
            payment.order_wanted_since = None
            payment.failure_reason = error.description[:REASON_CHARS_MAX]
            payment.order_may_be_retried = isinstance(error, ProviderUnavailable)
            if error.retry_after_seconds:
                pause = timedelta(seconds=error.retry_after_seconds)
                payment.order_may_be_retried_at = context.now() + pause
            why = f"no order was opened: {error.description}"
            if planning.collect_is_unsent(payment):
                payment.upi_collect.failure_reason = why[:REASON_CHARS_MAX]
            if payment.status == CREATED:
                move(payment, FAILED, why, context)
            else:
                note(payment, why, context)
        return True

    return change_claimed(context, claim, decide).document
