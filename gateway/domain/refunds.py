"""Refunds: reserve a part of what was captured, ask the provider for it under our own id, and follow it
until it is processed or has failed. The reservations of a payment never exceed what was captured.
"""

from dataclasses import dataclass

from mongoengine.errors import NotUniqueError

from gateway.domain import refund_observations, work
from gateway.domain.context import Context
from gateway.domain.errors import RefundRefused
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import REFUNDS_PER_PAYMENT_MAX, Payment, Refund, new_id
from gateway.domain.money import to_major
from gateway.domain.payments import postpone
from gateway.domain.provider import ProviderError, ProviderRefund, ProviderRejected
from gateway.domain.states import (
    REFUND_PENDING,
    REFUNDABLE,
)
from gateway.domain.transitions import change_payment, note


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
        return _try_later(context, claim, refund.id, error)
    return observe(context, payment_id, seen, claim)


def _try_later(context: Context, claim: work.Claim[Payment], refund_id: str, error: ProviderError) -> Payment:
    """Count the try, so that another refund of the payment is not kept waiting behind this one."""

    def decide(payment: Payment) -> bool:
        refund = find(payment, refund_id)
        if refund:
            refund.attempts += 1
        return True

    change_payment(context, claim.document.id, decide)
    return postpone(context, claim, error)


def _rejected(
    context: Context, claim: work.Claim[Payment], refund_id: str, error: ProviderRejected
) -> Payment:
    def decide(payment: Payment) -> bool:
        refund = find(payment, refund_id)
        if refund and refund.status == REFUND_PENDING and refund.provider_refund_id is None:
            refund_observations.fail(payment, refund, error.description, context)
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
            refund_observations.observe_refund(payment, each, context)
        work.release(payment, claim)
        return True

    return change_payment(context, payment_id, decide).document


def observe(
    context: Context, payment_id: str, seen: ProviderRefund, claim: work.Claim[Payment] | None = None
) -> Payment:
    """Take note of one provider refund in one write, and give back the claim under which it was read.
    Safe to call any number of times, in any order."""

    def decide(payment: Payment) -> bool:
        changed = refund_observations.observe_refund(payment, seen, context)
        if claim is not None:
            work.release(payment, claim)
        return changed or claim is not None

    return change_payment(context, payment_id, decide).document
