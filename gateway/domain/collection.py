"""Sending a request to a customer's UPI app: once, even when an answer is lost on the way.

The provider has no idempotency key for it, so our id goes along in the notes of the provider payment that
it makes. A call whose answer was lost is never repeated: it is looked for among the order's payments until
the request would have expired, and then the customer is sent to the checkout page instead.
"""

from datetime import timedelta

import structlog

from gateway.domain import work
from gateway.domain.context import Context
from gateway.domain.models import REASON_CHARS_MAX, Payment, UpiCollect
from gateway.domain.observations import note_sent, observe_payment
from gateway.domain.payments import postpone
from gateway.domain.provider import (
    Collect,
    OutcomeUnknown,
    ProviderError,
    ProviderPayment,
    ProviderRejected,
    ProviderUnavailable,
)
from gateway.domain.states import OPEN
from gateway.domain.transitions import change_claimed, note

# Razorpay's default: how long a customer can approve a request (its page on UPI Collect).
EXPIRES_AFTER_MINUTES = 5
# A request that was never seen is taken for lost this long after it would have expired.
LOST_AFTER = timedelta(minutes=EXPIRES_AFTER_MINUTES + 1)
# A request that could not be sent by then is not sent any more: nobody sits in front of a screen for it.
UNSENT_AFTER = timedelta(minutes=10)
DESCRIPTION_DEFAULT = "Payment"

log = structlog.get_logger(__name__)


def collect(context: Context, payment_id: str) -> Payment | None:
    """Send the UPI request that the payment waits for, or find the one that an earlier try has sent.

    Claims the payment's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, Payment, payment_id, work.COLLECT_PAYMENT)
    if claim is None:
        return None
    wanted = claim.document.upi_collect
    if wanted.asked_at:
        return _look(context, claim, wanted)
    if context.now() > wanted.requested_at + UNSENT_AFTER:
        return _end(context, claim, wanted, "The UPI request could not be sent in time.")
    if not _about_to_ask(context, claim, wanted):
        return _release(context, claim)
    try:
        provider_payment_id = context.provider.collect_by_upi(_request(context, claim.document, wanted))
    except ProviderRejected as error:
        return _end(context, claim, wanted, f"The UPI request was refused: {error.description}")
    except ProviderUnavailable as error:
        return _not_asked(context, claim, wanted, error)
    except OutcomeUnknown as error:
        return _unknown(context, claim, wanted, error)
    return _sent(context, claim, wanted, provider_payment_id)


def _request(context: Context, payment: Payment, wanted: UpiCollect) -> Collect:
    return Collect(
        id=wanted.id,
        order_id=payment.provider_order_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        vpa=wanted.vpa,
        email=payment.user_email,
        phone_number=payment.payer_phone,
        description=payment.description or DESCRIPTION_DEFAULT,
        expires_after_minutes=EXPIRES_AFTER_MINUTES,
        client_address=wanted.client_address,
        client_program=wanted.client_program,
        client_page=context.public_url,
    )


def _about_to_ask(context: Context, claim: work.Claim[Payment], wanted: UpiCollect) -> bool:
    """Write down that the provider is about to be asked, unless the payment no longer needs it. If we die
    after this write and before the call, the request is looked for in vain, and the page takes over."""

    def decide(payment: Payment) -> bool:
        is_wanted = work.holds(payment, claim) and payment.upi_collect.id == wanted.id
        if payment.status not in OPEN or payment.authorized_at or not is_wanted:
            return False
        payment.upi_collect.asked_at = context.now()
        payment.upi_collect.expires_at = context.now() + timedelta(minutes=EXPIRES_AFTER_MINUTES)
        return True

    return change_claimed(context, claim, decide).written


def _look(context: Context, claim: work.Claim[Payment], wanted: UpiCollect) -> Payment:
    """Look for a request that may have been sent. An error here says nothing about it."""
    try:
        seen = context.provider.order_payments(claim.document.provider_order_id)
    except ProviderError as error:
        return postpone(context, claim, error)
    ours = next((each for each in seen if each.collect_id == wanted.id), None)
    if ours:
        return _sent(context, claim, wanted, ours.id, ours)
    if context.now() < wanted.asked_at + LOST_AFTER:
        # A worker that died after it had asked has left no word that nobody knows.
        return _unknown(context, claim, wanted, OutcomeUnknown("it is not among the order's payments yet"))
    return _end(context, claim, wanted, "The UPI request is not known to the provider.")


def _unknown(
    context: Context, claim: work.Claim[Payment], wanted: UpiCollect, error: OutcomeUnknown
) -> Payment:
    """Write down that the request may or may not exist. It is looked for from now on, and not sent again.
    Even an error that the provider answered with is no proof, and its lists lag behind."""

    def decide(payment: Payment) -> bool:
        collect = payment.upi_collect
        if collect.id == wanted.id and collect.provider_payment_id:
            # An event was faster than the answer.
            work.release(payment, claim)
            return True
        if collect.id == wanted.id and not collect.is_uncertain:
            collect.is_uncertain = True
            note(payment, f"it is not known whether the UPI request was sent: {error.description}", context)
        work.postpone(
            payment, claim, error.description, context, retry_after_seconds=error.retry_after_seconds
        )
        return True

    return change_claimed(context, claim, decide).document


def _sent(
    context: Context,
    claim: work.Claim[Payment],
    wanted: UpiCollect,
    provider_payment_id: str,
    seen: ProviderPayment | None = None,
) -> Payment:
    def decide(payment: Payment) -> bool:
        work.release(payment, claim)
        if payment.upi_collect.id == wanted.id:
            note_sent(payment, provider_payment_id, context)
        if seen:
            observe_payment(payment, seen, context)
        return True

    return change_claimed(context, claim, decide).document


def _end(context: Context, claim: work.Claim[Payment], wanted: UpiCollect, reason: str) -> Payment:
    """Give the UPI request up. The payment stays open, for another try or for the checkout page."""

    def decide(payment: Payment) -> bool:
        work.release(payment, claim)
        # An event may have told meanwhile that it was sent.
        if payment.upi_collect.id == wanted.id and not payment.upi_collect.provider_payment_id:
            payment.upi_collect.failure_reason = reason[:REASON_CHARS_MAX]
            if not payment.captured_minor and not payment.authorized_at:
                payment.failure_reason = reason[:REASON_CHARS_MAX]
            note(payment, reason, context)
        return True

    log.info("payment.collect_ended", payment_id=claim.document.id, reason=reason)
    return change_claimed(context, claim, decide).document


def _not_asked(
    context: Context, claim: work.Claim[Payment], wanted: UpiCollect, error: ProviderUnavailable
) -> Payment:
    """Take back that the provider was asked, because it certainly was not, and try again after a pause."""

    def decide(payment: Payment) -> bool:
        if payment.upi_collect.id == wanted.id:
            payment.upi_collect.asked_at = None
            payment.upi_collect.expires_at = None
        work.postpone(
            payment, claim, error.description, context, retry_after_seconds=error.retry_after_seconds
        )
        return True

    return change_claimed(context, claim, decide).document


def _release(context: Context, claim: work.Claim[Payment]) -> Payment:
    def decide(payment: Payment) -> bool:
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document
