"""Giving up a payment that nobody has paid."""

from typing import Final

from gateway.domain import planning, work
from gateway.domain.context import Context
from gateway.domain.errors import NotCancellable, ProviderDidNotAnswer
from gateway.domain.models import Payment
from gateway.domain.observations import observe_payments
from gateway.domain.payments import postpone
from gateway.domain.provider import ProviderError, ProviderPayment
from gateway.domain.receipts import mint
from gateway.domain.states import ATTEMPTED, CANCELLED, CREATED, OPEN
from gateway.domain.transitions import change_claimed, change_payment, move

CANCELLATION_RECEIPT: Final = "CANCELLATION_RECEIPT"


def cancel(context: Context, payment: Payment) -> Payment:
    """Give up a payment that nobody has paid. The provider is asked first, because the money may already
    be on its way. Safe to repeat. Raises NotCancellable, ProviderDidNotAnswer."""
    if payment.status == CANCELLED:
        return payment
    order_id = payment.provider_order_id
    seen: list[ProviderPayment] = []
    if order_id:
        try:
            seen = context.provider.order_payments(order_id)
        except ProviderError as error:
            raise ProviderDidNotAnswer(
                "The provider could not be asked whether this order was paid; nothing was changed.",
                provider=error.description,
                retry_after_seconds=error.retry_after_seconds,
            ) from error

    is_being_paid = False

    def decide(payment: Payment) -> bool:
        nonlocal is_being_paid
        if payment.status == CANCELLED or payment.provider_order_id != order_id:
            return False
        is_being_paid = _is_being_paid(payment, seen, context)
        if _is_cancellable(payment) and not is_being_paid:
            _give_up(payment, "cancelled on request", context)
            mint(payment, CANCELLATION_RECEIPT, context.now())
        return True

    payment = change_payment(context, payment.id, decide).document
    if payment.provider_order_id != order_id:
        # Its order was opened at this moment, and the provider has to be asked about that one. An order is
        # opened once, so this happens once.
        return cancel(context, payment)
    if payment.status != CANCELLED:
        if payment.provider_order_id is None and planning.order_is_wanted(payment):
            raise NotCancellable(
                "This payment's order is being opened. Try again in a few seconds.", status=payment.status
            )
        now = "being paid" if is_being_paid else payment.status
        raise NotCancellable(f"This payment is {now} and cannot be cancelled.", status=payment.status)
    return payment


def abandon(context: Context, payment_id: str) -> Payment | None:
    """Give up a payment that nobody has tried to pay for PAYMENT_ABANDONED_AFTER_DAYS, after asking the
    provider. Nobody has asked for it, so it makes no receipt.

    Claims the payment's work; returns None when there was nothing to claim. Money that comes later all the
    same follows the policy for any cancelled payment.
    """
    claim = work.claim(context, Payment, payment_id, work.ABANDON_PAYMENT)
    if claim is None:
        return None
    order_id = claim.document.provider_order_id
    try:
        seen = context.provider.order_payments(order_id) if order_id else []
    except ProviderError as error:
        return postpone(context, claim, error)

    def decide(payment: Payment) -> bool:
        is_being_paid = _is_being_paid(payment, seen, context)
        is_old = planning.abandoned_at(payment, context.limits) <= context.now()
        is_untried = payment.status in (CREATED, ATTEMPTED) and _is_cancellable(payment)
        if is_being_paid:
            work.postpone(payment, claim, "the customer is just paying", context)
            return True
        if is_old and is_untried and payment.provider_order_id == order_id:
            days = context.limits.payment_abandoned_after_days
            _give_up(payment, f"abandoned: nobody paid it for {days} days", context)
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document


def was_abandoned(payment: Payment) -> bool:
    """Return whether the payment was given up because nobody paid it. What somebody cancelled has a receipt
    that says so."""
    return payment.status == CANCELLED and all(each.kind != CANCELLATION_RECEIPT for each in payment.receipts)


def _is_being_paid(payment: Payment, seen: list[ProviderPayment], context: Context) -> bool:
    """Take note of the order's payments, and return whether one of them is undecided. Only alters the copy in
    memory."""
    observe_payments(payment, seen, context)
    return any(each.status == "created" for each in seen) or _customer_is_asked(payment, context)


def _give_up(payment: Payment, why: str, context: Context) -> None:
    payment.cancelled_at = context.now()
    payment.unread_provider_payment_id = None
    move(payment, CANCELLED, why, context)


def _customer_is_asked(payment: Payment, context: Context) -> bool:
    """Return whether a UPI request is, or may be, on the customer's screen. The provider's list can be from
    before it was sent. One that is known to have been sent is in the list once it has expired."""
    collect = payment.upi_collect
    if collect is None or not collect.asked_at or collect.failure_reason or payment.status not in OPEN:
        return False
    if not collect.provider_payment_id or not collect.expires_at:
        return True
    return bool(context.now() < collect.expires_at)


def _is_cancellable(payment: Payment) -> bool:
    """Unpaid, with no money on its way, and with the opening of its order settled one way or the other."""
    return (
        payment.status in OPEN
        and not (payment.status == ATTEMPTED and payment.authorized_at)
        and not (payment.provider_order_id is None and planning.order_is_wanted(payment))
    )
