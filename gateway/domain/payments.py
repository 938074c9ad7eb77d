"""Payments from the wish to the money: create, open the provider order, verify, confirm, capture, cancel.

Each function that calls the provider holds a claim and nothing else while it waits; what it learned is
written afterwards as an observation, so dying between the two only means that somebody asks again.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog
from mongoengine.errors import NotUniqueError

from gateway.domain import work
from gateway.domain.context import Context
from gateway.domain.errors import (
    IdempotencyMismatch,
    InvalidSignature,
    VerificationFailed,
)
from gateway.domain.idempotency import Idempotency
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from gateway.domain.observations import mismatch, observe_payment
from gateway.domain.provider import (
    ProviderError,
    ProviderPayment,
    ProviderRejected,
)
from gateway.domain.states import CANCELLED
from gateway.domain.transitions import change_payment, flag_for_review, flag_once, note

# How often one key may be used again after it expired; at one use a day, for over a year.
KEY_USES_MAX = 400

log = structlog.get_logger(__name__)


class Owner(Protocol):
    """Who a payment belongs to: an account, or a program with an API key."""

    @property
    def id(self) -> str:
        """Return what the payment is found by as theirs."""
        ...

    @property
    def email(self) -> str | None:
        """Return the account's address; a program has none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a client wants to be collected. amount_minor: in the currency's smallest unit. The payer's
    address and phone number, where they are known, are for the provider and the receipts."""

    amount_minor: int
    currency: str
    school_id: str | None = None
    notes: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    requested_method: str | None = None
    payer_email: str | None = None
    payer_phone: str | None = None


@dataclass(frozen=True)
class Created:
    """A recorded payment; whether it had been recorded before, under the same idempotency key; and, for one
    whose order is opened at once, the claim on that work."""

    payment: Payment
    replayed: bool
    claim: work.Claim[Payment] | None


def create(
    context: Context, owner: Owner, wish: Wish, idempotency: Idempotency | None, *, opens_order: bool
) -> Created:
    """Record a payment, before anybody is asked for anything. Writes one document.

    opens_order: whether the caller opens the order at once, under the claim that it gets; otherwise nothing
    happens until the payment is processed. When the idempotency key was used before, the earlier payment is
    returned and nothing is written. Raises IdempotencyMismatch.
    """
    now = context.now()
    payment = Payment(
        id=new_id(),
        user_id=owner.id,
        user_email=wish.payer_email or owner.email,
        payer_phone=wish.payer_phone,
        school_id=wish.school_id,
        amount_minor=wish.amount_minor,
        currency=wish.currency,
        notes=wish.notes,
        description=wish.description,
        requested_method=wish.requested_method,
        created_at=now,
        updated_at=now,
    )
    payment.order_receipt = f"RCP_{int(now.timestamp() * 1000)}_{payment.id.replace('-', '')[:16]}"
    note(payment, "the payment was recorded", context)
    if opens_order:
        payment.order_wanted_since = payment.order_requested_at = now
        payment.work = work.claimed(work.OPEN_ORDER, now, context.limits.claim_ttl_seconds)
    if idempotency is None:
        payment.save(force_insert=True)
    else:
        earlier = _insert_once(context, payment, idempotency)
        if earlier is not None:
            return Created(earlier, True, None)
    claim = None
    if opens_order:
        claim = work.Claim(payment, work.OPEN_ORDER, payment.work.claimed_until, payment.work.attempts)
    return Created(payment, False, claim)


def _insert_once(context: Context, payment: Payment, idempotency: Idempotency) -> Payment | None:
    """Insert the payment under its key, or return the one that holds the key already.

    A key that has expired, or whose request could not open its order because the provider was away, may be
    used again. It is not taken from the payment that it made, whose history it belongs to; its next use
    goes by a key derived from that payment, which is just as unique.
    """
    payment.request_fingerprint = idempotency.fingerprint
    lifetime = timedelta(seconds=context.limits.idempotency_key_ttl_seconds)
    payment.idempotency_expires_at = payment.created_at + lifetime
    payment.idempotency_key = idempotency.key
    for _ in range(KEY_USES_MAX):
        try:
            payment.save(force_insert=True)
        except NotUniqueError:
            earlier: Payment = Payment.objects.get(idempotency_key=payment.idempotency_key)
            if earlier.idempotency_expires_at > context.now():
                idempotency.check(earlier.request_fingerprint)
                if not (payment.order_wanted_since and earlier.order_may_be_retried):
                    return earlier
            payment.idempotency_key = idempotency.key_after(earlier.id)
            continue
        return None
    raise IdempotencyMismatch("This Idempotency-Key has been used too often. Use a new key.")


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
        flag_once(context, payment.id, f"verified {seen.id}, but {wrong}")
        raise VerificationFailed("This payment is not for this order.", razorpayPaymentId=wrong)
    payment = observe(context, payment.id, [seen])
    if seen.status == "failed":
        raise VerificationFailed("The payment failed.", razorpayPaymentId=payment.failure_reason)
    if payment.status == CANCELLED:
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
        work.hurry(payment)
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
        changed = False
        for each in seen:
            changed = observe_payment(payment, each, context) or changed
        if claim is not None:
            work.finish(payment, claim, changed, context)
        return changed or claim is not None

    return change_payment(context, payment_id, decide).document


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
    except ProviderError as error:
        return postpone(context, claim, error)

    def decide(payment: Payment) -> bool:
        for each in sorted(seen, key=lambda each: each.created_at or context.now()):
            observe_payment(payment, each, context)
        unread = payment.unread_provider_payment_id
        if unread and unread in {each.id for each in seen if each.status != "created"}:
            payment.unread_provider_payment_id = None
        if payment.unread_provider_payment_id:
            # The provider's lists can lag behind by minutes; the signature says that it exists.
            work.postpone(payment, claim, f"{unread} is not in the order's payments yet", context)
        else:
            work.release(payment, claim)
        return True

    return change_payment(context, payment_id, decide).document


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
        work.postpone(payment, claim, error.description, context)
        if claim.attempts == context.limits.work_attempts_max:
            flag_for_review(payment, f"{claim.kind} still fails: {error.description}", context)
        return True

    return change_payment(context, claim.document.id, decide).document
