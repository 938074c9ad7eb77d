"""Payments from the wish to the money: create, open the provider order, verify, confirm, capture, cancel.

Each function that calls the provider holds a claim and nothing else while it waits; what it learned is
written afterwards as an observation, so dying between the two only means that somebody asks again.
"""

from datetime import timedelta

import structlog

from gateway.domain import differences, planning, work
from gateway.domain.context import Context
from gateway.domain.errors import (
    InvalidSignature,
    VerificationFailed,
)
from gateway.domain.models import Payment, Work
from gateway.domain.observations import mismatch, observe_payments
from gateway.domain.provider import (
    ProviderError,
    ProviderPayment,
    ProviderRejected,
)
from gateway.domain.states import CANCELLED
from gateway.domain.transitions import (
    change_claimed,
    change_payment,
    flag_for_review,
    flag_for_review_once,
    flag_once,
    note,
)

log = structlog.get_logger(__name__)


def verify(context: Context, payment: Payment, *, provider_payment_id: str, signature: str) -> Payment:
    """Check what Checkout handed to the customer's browser, then read the payment from the provider.

    The signature is checked with the order id that is stored here. A forged one changes nothing. Returns
    the payment, which is PAID, or ATTEMPTED while it is being captured, or has the work of being read
    when the provider did not answer. Safe to call any number of times.
    Raises InvalidSignature, VerificationFailed.
    """
    if not context.provider.payment_signature_is_valid(
        order_id=payment.provider_order_id, payment_id=provider_payment_id, signature=signature
    ):
        raise InvalidSignature(
            "The payment's signature is not valid.", signature="does not match this order and payment"
        )
    if payment.captured_minor and payment.provider_payment_id == provider_payment_id:
        return payment
    try:
        seen = context.provider.fetch_payment(provider_payment_id)
    except ProviderRejected as error:
        raise VerificationFailed(
            "The provider does not know this payment.", razorpayPaymentId=error.description
        ) from error
    except ProviderError as error:
        return _read_later(context, payment, provider_payment_id, error)
    wrong = mismatch(payment, seen)
    if wrong:
        difference = differences.payment_mismatch(payment, seen, wrong)
        flag_once(context, payment.id, f"verified {seen.id}, but {wrong}", difference)
        raise VerificationFailed("This payment is not for this order.", razorpayPaymentId=wrong)
    payment = observe(context, payment.id, [seen])
    if seen.status == "failed":
        raise VerificationFailed("The payment failed.", razorpayPaymentId=payment.failure_reason)
    if payment.status == CANCELLED and not payment.authorized_at:
        raise VerificationFailed(
            "This order was cancelled. The money is not taken, and goes back by itself.",
            razorpayOrderId="was cancelled",
        )
    return payment


def _read_later(
    context: Context, payment: Payment, provider_payment_id: str, error: ProviderError
) -> Payment:
    """Keep in mind that a rightly signed payment exists, so that a worker reads it when it can."""

    def decide(payment: Payment) -> bool:
        is_known = payment.authorized_at and payment.provider_payment_id == provider_payment_id
        if payment.captured_minor or is_known or payment.unread_provider_payment_id == provider_payment_id:
            return False
        payment.unread_provider_payment_id = provider_payment_id
        planning.hurry(payment)
        if error.retry_after_seconds and payment.work is None:
            pause = timedelta(seconds=work.wait_seconds(error.retry_after_seconds))
            payment.work = Work(kind=work.CONFIRM_PAYMENT, due_at=context.now() + pause)
        note(payment, f"{provider_payment_id} is signed, but could not be read: {error.description}", context)
        return True

    return change_payment(context, payment.id, decide).document


def observe(
    context: Context,
    payment_id: str,
    seen: list[ProviderPayment],
    claim: work.Claim[Payment] | None = None,
) -> Payment:
    """Take note of provider payments in one write, and give back the claim under which they were read.
    Safe to call any number of times, in any order."""

    def decide(payment: Payment) -> bool:
        changed = observe_payments(payment, seen, context)
        if claim is not None:
            work.finish(payment, claim, changed, context)
        return changed or claim is not None

    return change_payment(context, payment_id, decide, claim.document if claim else None).document


def confirm(context: Context, payment_id: str) -> Payment | None:
    """Ask the provider what became of an order: because a signed payment could not be read at the time,
    or because it has been open for long and a webhook may have been lost.

    Claims the payment's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, Payment, payment_id, work.CONFIRM_PAYMENT)
    if claim is None:
        return None
    try:
        seen = context.provider.order_payments(claim.document.provider_order_id)
        seen, unknown = _with_signed(context, claim.document.unread_provider_payment_id, seen)
    except ProviderError as error:
        return postpone(context, claim, error)

    def decide(payment: Payment) -> bool:
        observe_payments(payment, seen, context)
        unread = payment.unread_provider_payment_id
        if unread and unread == unknown:
            payment.unread_provider_payment_id = None
            flag_for_review_once(payment, f"{unread} is signed, but the provider does not know it", context)
        if unread and unread in {each.id for each in seen if each.status != "created"}:
            payment.unread_provider_payment_id = None
        if payment.unread_provider_payment_id:
            work.postpone(payment, claim, f"{unread} is not decided yet", context)
        else:
            work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document


def _with_signed(
    context: Context, signed_id: str | None, listed: list[ProviderPayment]
) -> tuple[list[ProviderPayment], str | None]:
    """Return an order's payments together with the signed one, which is asked for by itself when it is not
    listed: the provider's lists can lag behind by minutes, and it may be a payment of another order. Returns
    its id as well when the provider does not know it at all."""
    if signed_id is None or any(each.id == signed_id for each in listed):
        return listed, None
    try:
        return [*listed, context.provider.fetch_payment(signed_id)], None
    except ProviderRejected:
        return listed, signed_id


def capture(context: Context, payment_id: str) -> Payment | None:
    """Take authorised money, once: the payment is read first, and only an authorised one is captured.

    Claims the payment's work; returns None when there was nothing to claim. A second capture is refused by
    the provider, so dying after the call only means that the next read says "captured".
    """
    claim = work.claim(context, Payment, payment_id, work.CAPTURE_PAYMENT)
    if claim is None:
        return None
    payment = claim.document
    try:
        seen = context.provider.fetch_payment(payment.provider_payment_id)
        if seen.status == "authorized" and mismatch(payment, seen) is None:
            seen = context.provider.capture_payment(
                seen.id, amount_minor=payment.amount_minor, currency=payment.currency
            )
    except ProviderRejected as error:
        # It may have been captured at this moment by the provider itself; the next try reads it first.
        log.warning("payment.capture_rejected", payment_id=payment_id, reason=error.description)
        if claim.attempts > 1:
            flag_once(context, payment_id, f"the capture was refused: {error.description}")
        return postpone(context, claim, error)
    except ProviderError as error:
        return postpone(context, claim, error)
    return observe(context, payment_id, [seen], claim)


def postpone(context: Context, claim: work.Claim[Payment], error: ProviderError) -> Payment:
    """Give claimed work back, to be tried again after a pause. From WORK_ATTEMPTS_MAX tries on a person is
    asked to look; the tries go on, because an outcome that is unknown stays unknown until it is asked."""

    def decide(payment: Payment) -> bool:
        _flag_overdue_capture(payment, context)
        work.postpone(
            payment, claim, error.description, context, retry_after_seconds=error.retry_after_seconds
        )
        if claim.attempts == context.limits.work_attempts_max:
            flag_for_review(payment, f"{claim.kind} still fails: {error.description}", context)
        return True

    return change_claimed(context, claim, decide).document


def _flag_overdue_capture(payment: Payment, context: Context) -> None:
    """Ask a person, once, about authorised money that should have been taken by now: the provider returns it
    when its capture window closes."""
    limit = timedelta(seconds=context.limits.capture_overdue_seconds)
    if payment.captured_minor or not payment.authorized_at or context.now() < payment.authorized_at + limit:
        return
    why = f"{payment.provider_payment_id} is authorised but could not be captured yet; its time is limited"
    flag_for_review_once(payment, why, context)
