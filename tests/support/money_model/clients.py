"""What clients ask for, and whether they get the answer that the model expects."""

from gateway.domain import cancellation, payments, processing, refunds
from gateway.domain.errors import (
    DomainError,
    IdempotencyMismatch,
    InvalidSignature,
    NotCancellable,
    ProviderDidNotAnswer,
    RefundRefused,
    VerificationFailed,
)
from gateway.domain.processing import UpiRequest
from gateway.domain.states import CANCELLED, REFUNDABLE
from tests.support.memory_provider import checkout_signature
from tests.support.money_model.checks import Row
from tests.support.money_model.world import World

PAYMENTS_MAX = 2
# The provider sends no less back (in the smallest unit of the rupee).
REFUND_MINIMUM_MINOR = 100
UPI = UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")


def create(world: World, amount_minor: int, key: str | None, opens_order: bool) -> None:
    """Record a payment by either door."""
    if len(world.rows) < PAYMENTS_MAX:
        world.create(amount_minor, key, opens_order=opens_order)


def process(world: World, which: int, upi: UpiRequest | None) -> None:
    """Ask for a payment's order, and for a request to the customer's UPI app."""
    payment = world.payment(which)
    if world.ask(lambda: processing.process(world.context, payment, upi), DomainError):
        world.promises.processed.add(payment.id)


def verify(world: World, which: int, attempt: int, is_forged: bool, is_misplaced: bool) -> None:
    """Come back from Checkout with an attempt of this order; is_misplaced: or with one of any order, rightly
    signed all the same."""
    payment = world.payment(which)
    order_id = payment.provider_order_id
    attempts = [
        each
        for each in world.account.payments.values()
        if each.status != "created" and (is_misplaced or each.order_id == order_id)
    ]
    if not attempts or order_id is None:
        return
    paid = attempts[attempt % len(attempts)]
    world.is_odd = world.is_odd or paid.order_id != order_id
    signature = "forged" if is_forged else checkout_signature(order_id, paid.id)
    answer = world.ask(
        lambda: payments.verify(world.context, payment, provider_payment_id=paid.id, signature=signature),
        InvalidSignature if is_forged else VerificationFailed,
        changes_nothing=is_forged,
    )
    assert not (is_forged and answer), "a forged signature was accepted"
    if answer and answer.captured_minor:
        world.promises.captured[payment.id] = str(answer.provider_payment_id)


def refund(world: World, which: int, part_minor: int | None, key: str | None) -> None:
    """Ask for a refund. One that fits is accepted, and no other one; a key is one refund."""
    world.last_refund = (which, part_minor, key)
    payment = world.payment(which)
    idempotency = world.key_for(key, "create_refund", {"id": payment.id, "amount": part_minor})
    is_known = idempotency is not None and _is_refund_key(world, idempotency.key)
    fits = _fits(world.rows[payment.id], part_minor)
    deaths = world.deaths
    asked = world.ask(
        lambda: refunds.request(
            world.context, payment, amount_minor=part_minor, notes={}, idempotency=idempotency
        ),
        (RefundRefused, IdempotencyMismatch),
        changes_nothing=True,
    )
    if asked:
        assert asked.replayed == is_known, "a refund's key was used twice, or not found"
        assert is_known or fits, "a refund was accepted that does not fit"
        world.promises.refunds[asked.refund.id] = (payment.id, asked.refund.amount_minor)
    elif world.deaths == deaths:
        assert is_known or not fits, "a refund was refused that fits"


def ask_again(world: World) -> None:
    """Ask for the same refund again, as a client does whose answer was lost."""
    if world.last_refund:
        refund(world, *world.last_refund)


def _is_refund_key(world: World, key: str) -> bool:
    return any(refund["idempotency_key"] == key for row in world.rows.values() for refund in row["refunds"])


def _fits(row: Row, part_minor: int | None) -> bool:
    left = row["captured_minor"] - row["refund_reserved_minor"]
    is_enough = left >= REFUND_MINIMUM_MINOR and (part_minor or left) <= left
    return row["status"] in REFUNDABLE and is_enough


def cancel(world: World, which: int) -> None:
    """Give a payment up. One that has been paid, or is being paid, is not cancelled."""
    payment = world.payment(which)
    cancelled = world.ask(
        lambda: cancellation.cancel(world.context, payment), (NotCancellable, ProviderDidNotAnswer)
    )
    attempts = world.account.payments_of(payment.provider_order_id)
    is_being_paid = any(each.captured or each.status in ("created", "authorized") for each in attempts)
    if cancelled:
        assert payment.status == CANCELLED or not is_being_paid, f"it was cancelled with {attempts}"
        world.promises.cancelled.add(payment.id)
    # Money for a cancelled payment may ask for a person, and so may one whose process died over it.
    world.is_odd = True
