"""Refunds: reserve a part of what was captured, ask the provider for it under our own id, and follow it
until it is processed or has failed. The reservations of a payment never exceed what was captured.
"""

from dataclasses import dataclass

from mongoengine.errors import NotUniqueError

from gateway.domain import kill_points, planning, refund_calls, refund_observations, work
from gateway.domain.context import Context
from gateway.domain.errors import RefundRefused
from gateway.domain.idempotency import Idempotency
from gateway.domain.ids import new_id
from gateway.domain.models import REFUNDS_PER_PAYMENT_MAX, Payment, Refund
from gateway.domain.money import MINIMUM_MINOR, to_major
from gateway.domain.payments import postpone
from gateway.domain.provider import ProviderError, ProviderRefund, ProviderRejected
from gateway.domain.reservations import reserve
from gateway.domain.states import (
    REFUND_PENDING,
    REFUNDABLE,
)
from gateway.domain.transitions import change_claimed, change_payment, note


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
        reserve(
            payment,
            refund_id=refund_id,
            amount_minor=amount,
            notes=notes,
            requested_by=context.cause.by,
            requested_at=now,
            idempotency_key=idempotency.key if idempotency else None,
            request_fingerprint=idempotency.fingerprint if idempotency else None,
        )
        note(
            payment,
            f"a refund of {to_major(amount, payment.currency)} {payment.currency} was asked for",
            context,
        )
        planning.hurry(payment)
        return True

    try:
        payment = change_payment(context, payment.id, decide).document
    except NotUniqueError:
        # The key was used for another payment of the same account at the same moment or before.
        assert idempotency is not None
        idempotency.check(None)
    refund = _by_key(payment, idempotency) if idempotency else find(payment, refund_id)
    assert refund is not None
    kill_points.reach(kill_points.REFUND_RECORDED)
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
    if left <= 0 or payment.status not in REFUNDABLE:
        raise RefundRefused("This payment has been fully refunded already.", **facts)
    if amount_minor is not None and amount_minor > left:
        raise RefundRefused(
            f"Only {facts['refundableAmount']} {payment.currency} of this payment is left to refund.",
            **facts,
            amount=f"must not be greater than {facts['refundableAmount']}",
        )
    if len(payment.refunds) >= REFUNDS_PER_PAYMENT_MAX:
        raise RefundRefused(f"A payment can have at most {REFUNDS_PER_PAYMENT_MAX} refunds.", **facts)
    minimum = MINIMUM_MINOR.get(payment.currency, 1)
    if left < minimum:
        raise RefundRefused(
            f"Only {facts['refundableAmount']} {payment.currency} is left, which is less than the provider"
            f" sends back ({to_major(minimum, payment.currency)}).",
            **facts,
        )
    return left if amount_minor is None else amount_minor


def issue(context: Context, payment_id: str) -> Payment | None:
    """Ask the provider for the next refund that was reserved and not yet accepted.

    Claims the payment's work; returns None when there was nothing to claim. The refund's id is the
    provider's idempotency key, so a call whose answer was lost is repeated without a second effect. How long
    such a key is kept is not documented; so a refund that was asked for before is looked up before it is
    asked for again, and before a refusal of it is believed.
    """
    claim = work.claim(context, Payment, payment_id, work.ISSUE_REFUND)
    if claim is None:
        return None
    payment = claim.document
    waiting = [r for r in payment.refunds if r.status == REFUND_PENDING and r.provider_refund_id is None]
    refund = min(waiting, key=lambda refund: refund.attempts)
    try:
        if refund.attempts:
            known = refund_calls.known(context, payment.provider_payment_id)
            if refund_calls.find_ours(refund, known):
                return _observe_all(context, payment_id, known, claim)
        _count_try(context, payment, refund.id)
        seen = refund_calls.ask(context, payment.provider_payment_id, refund)
    except ProviderRejected as error:
        return _rejected(context, claim, refund.id, error)
    except ProviderError as error:
        return postpone(context, claim, error)
    return observe(context, payment_id, seen, claim)


def _count_try(context: Context, payment: Payment, refund_id: str) -> None:
    """Write down that the refund is about to be asked for. Dying before the call only means one look-up
    more. The count also lets the payment's other refunds go before one that does not get through."""

    def decide(payment: Payment) -> bool:
        refund = find(payment, refund_id)
        if refund is None:
            return False
        refund.attempts += 1
        return True

    change_payment(context, payment.id, decide, payment)


def _rejected(
    context: Context, claim: work.Claim[Payment], refund_id: str, error: ProviderRejected
) -> Payment:
    def decide(payment: Payment) -> bool:
        refund = find(payment, refund_id)
        if refund and refund.status == REFUND_PENDING and refund.provider_refund_id is None:
            refund_observations.fail(payment, refund, error.description, context)
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document


def confirm(context: Context, payment_id: str) -> Payment | None:
    """Ask the provider what became of refunds that it accepted a while ago and has not reported since.

    Claims the payment's work; returns None when there was nothing to claim.
    """
    claim = work.claim(context, Payment, payment_id, work.CONFIRM_REFUND)
    if claim is None:
        return None
    try:
        known = refund_calls.known(context, claim.document.provider_payment_id)
    except ProviderError as error:
        return postpone(context, claim, error)
    return _observe_all(context, payment_id, known, claim)


def _observe_all(
    context: Context, payment_id: str, known: list[ProviderRefund], claim: work.Claim[Payment]
) -> Payment:
    """Take note of all of a payment's refunds at the provider in one write, ours and others."""

    def decide(payment: Payment) -> bool:
        # One that fails now may make room for another of them, and sets it again.
        payment.refunds_unread = None
        for each in known:
            refund_observations.observe_refund(payment, each, context)
        for refund in payment.refunds:
            refund_observations.flag_overdue(payment, refund, context)
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document


def observe(
    context: Context, payment_id: str, seen: ProviderRefund, claim: work.Claim[Payment] | None = None
) -> Payment:
    """Take note of one provider refund in one write, and give back the claim under which it was read.
    Safe to call any number of times, in any order."""

    def decide(payment: Payment) -> bool:
        changed = refund_observations.observe_refund(payment, seen, context)
        if claim is not None:
            work.finish(payment, claim, changed, context)
        return changed or claim is not None

    return change_payment(context, payment_id, decide, claim.document if claim else None).document
