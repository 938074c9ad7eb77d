"""Recording a wish to collect an amount, by whichever door it came in, before anybody is asked for anything.

A client's idempotency key lies on the payment that it made, under a unique index, so that a race has one
winner and a repeated request finds the payment of the first.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from mongoengine.errors import NotUniqueError

from gateway.domain import kill_points, planning, work
from gateway.domain.context import Context
from gateway.domain.errors import IdempotencyMismatch
from gateway.domain.idempotency import Idempotency
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from gateway.domain.transitions import note

# How often one key may be used again after it expired; at one use a day, for over a year.
KEY_USES_MAX = 400


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
    note(payment, "the payment was recorded", replace(context, now=lambda: now))
    if opens_order:
        payment.order_wanted_since = payment.order_requested_at = now
        payment.work = work.claimed(work.OPEN_ORDER, now, context.limits.claim_ttl_seconds)
    else:
        planning.plan_payment(payment, now, context.limits)
    if idempotency is None:
        payment.save(force_insert=True)
    else:
        earlier = _insert_once(context, payment, idempotency)
        if earlier is not None:
            return Created(earlier, True, None)
    kill_points.reach(kill_points.PAYMENT_RECORDED)
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
                may_be_retried = payment.order_wanted_since and earlier.order_may_be_retried
                if not may_be_retried and not _has_successor(idempotency, earlier):
                    return earlier
            payment.idempotency_key = idempotency.key_after(earlier.id)
            continue
        return None
    raise IdempotencyMismatch("This Idempotency-Key has been used too often. Use a new key.")


def _has_successor(idempotency: Idempotency, earlier: Payment) -> bool:
    """Return whether the key was used again after this payment, which may have been processed since."""
    return Payment.objects(idempotency_key=idempotency.key_after(earlier.id)).limit(1).count(True) > 0
