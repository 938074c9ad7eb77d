"""Refunds: reserve a part of what was captured, ask the provider for it under our own id, and follow it
until it is processed or has failed. The reservations of a payment never exceed what was captured.
"""

from dataclasses import dataclass

from mongoengine.errors import NotUniqueError

from gateway.domain import work
from gateway.domain.context import Context
from gateway.domain.errors import RefundRefused
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import REASON_CHARS_MAX, REFUNDS_PER_PAYMENT_MAX, Payment, Refund, new_id
from gateway.domain.money import to_major
from gateway.domain.payments import postpone
from gateway.domain.provider import ProviderError, ProviderRefund, ProviderRejected
from gateway.domain.receipts import mint
from gateway.domain.states import (
    PAID,
    PARTIAL_REFUND,
    REFUND_FAILED,
    REFUND_PENDING,
    REFUND_PROCESSED,
    REFUNDABLE,
    REFUNDED,
)
from gateway.domain.transitions import change_payment, flag_for_review, move, note


@dataclass(frozen=True)
class Requested:
    """A payment with one of its refunds, and whether an earlier request had asked for it already."""

    payment: Payment
    refund: Refund
    replayed: bool


def request(
    context: Context,
    payment: Payment,
    *,
    amount_minor: int | None,
    notes: dict[str, str],
    idempotency: Idempotency | None,
) -> Requested:
    """Reserve part of a captured payment for refund, or all that is left when amount_minor is None.

    Writes one document. A second request with the same idempotency key finds the first one's refund.
    Raises RefundRefused when the amount is not there to refund, and IdempotencyMismatch.
    """
    now = context.now()
    refund_id = new_id()
    replayed = False

    def decide(payment: Payment) -> bool:
        nonlocal replayed
        if idempotency and _by_key(payment, idempotency):
            replayed = True
            return False
        amount = _refundable(payment, amount_minor)
        payment.refunds.append(
            Refund(
                id=refund_id,
                amount_minor=amount,
                notes=notes,
                requested_by=context.cause.by,
                requested_at=now,
                idempotency_key=idempotency.key if idempotency else refund_id,
                request_fingerprint=idempotency.fingerprint if idempotency else None,
            )
        )
        payment.refund_reserved_minor += amount
        note(
            payment,
            f"a refund of {to_major(amount, payment.currency)} {payment.currency} was asked for",
            context,
        )
        work.hurry(payment)
        return True

    try:
        payment = change_payment(context, payment.id, decide).document
    except NotUniqueError:
        # The key was used for another payment of the same account at the same moment or before.
        assert idempotency is not None
        idempotency.check(None)
    refund = _by_key(payment, idempotency) if idempotency else find(payment, refund_id)
    assert refund is not None
    return Requested(payment, refund, replayed)


def _by_key(payment: Payment, idempotency: Idempotency) -> Refund | None:
    for refund in payment.refunds:
        if refund.idempotency_key == idempotency.key:
            idempotency.check(refund.request_fingerprint)
            return refund
    return None


def find(payment: Payment, refund_id: str) -> Refund | None:
    """Return the payment's refund with our id, or None."""
    return next((refund for refund in payment.refunds if refund.id == refund_id), None)


def _refundable(payment: Payment, amount_minor: int | None) -> int:
    """Return the amount to reserve in minor units. Raises RefundRefused, naming what is left."""
    left = payment.captured_minor - payment.refund_reserved_minor
    facts = {"status": payment.status, "refundableAmount": to_major(left, payment.currency)}
    if not payment.captured_minor:
        raise RefundRefused(f"This payment is {payment.status}; only a paid one can be refunded.", **facts)
    if left == 0 or payment.status not in REFUNDABLE:
        raise RefundRefused("This payment has been fully refunded already.", **facts)
    if amount_minor is not None and amount_minor > left:
        raise RefundRefused(
            f"Only {facts['refundableAmount']} {payment.currency} of this payment is left to refund.",
            **facts,
            amount=f"must not be greater than {facts['refundableAmount']}",
        )
    if len(payment.refunds) >= REFUNDS_PER_PAYMENT_MAX:
        raise RefundRefused(f"A payment can have at most {REFUNDS_PER_PAYMENT_MAX} refunds.", **facts)
    return left if amount_minor is None else amount_minor


def issue(context: Context, payment_id: str) -> Payment | None:
    """Ask the provider for the next refund that was reserved and not yet accepted.

    Claims the payment's work; returns None when there was nothing to claim. The refund's id is the
    provider's idempotency key, so a call whose answer was lost is repeated without a second effect; from
    the second try on the provider is asked whether it has the refund before it is asked for it.
    """
    claim = work.claim(context, Payment, payment_id, work.ISSUE_REFUND)
    if claim is None:
        return None
    payment = claim.document
    waiting = [r for r in payment.refunds if r.status == REFUND_PENDING and r.provider_refund_id is None]
    refund = min(waiting, key=lambda refund: refund.attempts)
    try:
        seen = None
        if claim.attempts > 1:
            seen = context.provider.find_refund(payment.provider_payment_id, refund_id=refund.id)
        if seen is None:
            seen = context.provider.create_refund(
                payment.provider_payment_id,
                amount_minor=refund.amount_minor,
                refund_id=refund.id,
                notes=refund.notes,
            )
    except ProviderRejected as error:
        return _rejected(context, claim, refund.id, error)
    except ProviderError as error:
        return postpone(context, claim, error)
    return observe(context, payment_id, seen, claim)


def _rejected(
    context: Context, claim: work.Claim[Payment], refund_id: str, error: ProviderRejected
) -> Payment:
    def decide(payment: Payment) -> bool:
        refund = find(payment, refund_id)
        if refund and refund.status == REFUND_PENDING and refund.provider_refund_id is None:
            _fail(payment, refund, error.description, context)
        work.release(payment, claim)
        return True

    return change_payment(context, claim.document.id, decide).document


def confirm(context: Context, payment_id: str) -> Payment | None:
    """Ask the provider what became of refunds that it accepted a while ago and has not reported since.

    Claims the payment's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, Payment, payment_id, work.CONFIRM_REFUND)
    if claim is None:
        return None
    pending = [r for r in claim.document.refunds if r.status == REFUND_PENDING and r.provider_refund_id]
    try:
        seen = [context.provider.fetch_refund(refund.provider_refund_id) for refund in pending[:2]]
    except ProviderError as error:
        return postpone(context, claim, error)

    def decide(payment: Payment) -> bool:
        for each in seen:
            observe_refund(payment, each, context)
        work.release(payment, claim)
        return True

    return change_payment(context, payment_id, decide).document


def observe(
    context: Context, payment_id: str, seen: ProviderRefund, claim: work.Claim[Payment] | None = None
) -> Payment:
    """Take note of one provider refund in one write, and give back the claim under which it was read.
    Safe to call any number of times, in any order."""

    def decide(payment: Payment) -> bool:
        changed = observe_refund(payment, seen, context)
        if claim is not None:
            work.release(payment, claim)
        return changed or claim is not None

    return change_payment(context, payment_id, decide).document


def observe_refund(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Take note of one provider refund as it was at some moment; one that was made elsewhere, in the
    provider's dashboard say, is imported. Only alters the copy in memory. Returns whether it changed."""
    refund = _match(payment, seen)
    if refund is None:
        if not payment.captured_minor or seen.status == "failed":
            return False
        left = payment.captured_minor - payment.refund_reserved_minor
        if seen.amount_minor > left or len(payment.refunds) >= REFUNDS_PER_PAYMENT_MAX:
            return _review_misfit(payment, seen, context)
        refund = _import(payment, seen, context)
    before = (refund.status, refund.provider_refund_id)
    if refund.provider_refund_id is None:
        if refund.status == REFUND_FAILED:
            _revive(payment, refund, seen, context)
        refund.provider_refund_id = seen.id
        refund.accepted_at = context.now()
    if seen.status == "failed" and refund.status != REFUND_FAILED:
        _fail(payment, refund, "The provider could not return the money.", context)
    elif seen.status == "processed" and refund.status == REFUND_PENDING:
        refund.status = REFUND_PROCESSED
        refund.processed_at = context.now()
        mint(payment, "REFUND_RECEIPT", context.now(), refund)
    if (refund.status, refund.provider_refund_id) == before:
        return False
    _follow(payment, f"refund {seen.id} is {refund.status}", context)
    return True


def _match(payment: Payment, seen: ProviderRefund) -> Refund | None:
    """Return our refund: by the provider's id, or by our own id, which it carries as its receipt."""
    for refund in payment.refunds:
        if refund.provider_refund_id == seen.id or (
            refund.provider_refund_id is None and seen.refund_receipt == refund.id
        ):
            return refund
    return None


def _review_misfit(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Ask a person about a refund that we did not ask for and that does not fit beside ours: the money has
    moved, and the sum must not be hidden. Written down only the first time that it is reported."""
    why = f"refund {seen.id} of {seen.amount_minor} does not fit beside the refunds known here"
    if any(why in entry.why for entry in payment.history):
        return False
    flag_for_review(payment, why, context)
    return True


def _import(payment: Payment, seen: ProviderRefund, context: Context) -> Refund:
    """Add a refund that we did not ask for. It takes up its amount beside ours."""
    refund = Refund(
        id=new_id(),
        amount_minor=seen.amount_minor,
        notes={"reason": "made at the provider"},
        requested_by="provider",
        requested_at=min(seen.created_at or context.now(), context.now()),
        idempotency_key=f"provider:{seen.id}",
    )
    payment.refunds.append(refund)
    payment.refund_reserved_minor += seen.amount_minor
    return refund


def _revive(payment: Payment, refund: Refund, seen: ProviderRefund, context: Context) -> None:
    """Take back that a refund was refused: a call whose answer was lost had made it after all."""
    refund.status = REFUND_PENDING
    refund.failure_reason = None
    payment.refund_reserved_minor += refund.amount_minor
    if payment.refund_reserved_minor > payment.captured_minor:
        flag_for_review(payment, f"refund {seen.id} was made although it had been refused", context)


def _fail(payment: Payment, refund: Refund, reason: str, context: Context) -> None:
    refund.status = REFUND_FAILED
    refund.failure_reason = reason[:REASON_CHARS_MAX]
    payment.refund_reserved_minor -= refund.amount_minor
    _follow(payment, f"refund {refund.provider_refund_id or refund.id} failed: {reason}", context)


def _follow(payment: Payment, why: str, context: Context) -> None:
    """Bring the status in line with what the provider has accepted to send back."""
    accepted = [r for r in payment.refunds if r.accepted_at and r.status != REFUND_FAILED]
    refunded = sum(refund.amount_minor for refund in accepted)
    payment.refunded_minor = refunded
    target = PAID
    if refunded:
        target = REFUNDED if refunded >= payment.captured_minor else PARTIAL_REFUND
    if payment.status != target or target == PARTIAL_REFUND:
        move(payment, target, why, context)
    else:
        note(payment, why, context)
