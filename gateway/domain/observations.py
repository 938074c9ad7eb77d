"""What a provider's message means for a payment. Messages are observations, not orders: a duplicate, a
stale or an out-of-order one is a no-op, a contradicting one asks for a person, and money that has been
seen is never un-seen. Nothing here raises because of what the provider says.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.domain import differences, duplicates, late_payments
from gateway.domain.context import Context
from gateway.domain.models import PROVIDER_PAYMENTS_MAX, REASON_CHARS_MAX, Payment
from gateway.domain.provider import ProviderPayment
from gateway.domain.receipts import mint
from gateway.domain.states import ATTEMPTED, CANCELLED, CREATED, FAILED, PAID
from gateway.domain.transitions import flag_for_review, flag_for_review_once, move, note
from gateway.domain.upi import masked

LEARNED_LATE_AFTER = timedelta(minutes=5)


def mismatch(payment: Payment, seen: ProviderPayment) -> str | None:
    """Return in what respect the provider's payment is not for this order, or None when it is.
    Identity comes from the order id; amount and currency must agree as well."""
    if seen.order_id != payment.provider_order_id:
        return f"it belongs to order {seen.order_id}, not {payment.provider_order_id}"
    if seen.currency != payment.currency:
        return f"its currency is {seen.currency}, not {payment.currency}"
    if seen.amount_minor != payment.amount_minor:
        return f"its amount is {seen.amount_minor}, not {payment.amount_minor}"
    return None


def observe_payments(payment: Payment, seen: Iterable[ProviderPayment], context: Context) -> bool:
    """Take note of an order's payments as they were at one moment, in whichever order they are listed. Only
    alters the copy in memory. Returns whether anything changed.

    What went back without having been captured comes first, because it makes room for one that was authorised
    after it; the others follow as they were begun.
    """

    def turn(each: ProviderPayment) -> tuple[bool, datetime]:
        return not _is_returned_uncaptured(each), each.created_at or context.now()

    changed = False
    for each in sorted(seen, key=turn):
        changed = observe_payment(payment, each, context) or changed
    return changed


def _is_returned_uncaptured(seen: ProviderPayment) -> bool:
    return seen.status == "refunded" and not seen.captured


def observe_payment(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    """Take note of one provider payment as it was at some moment. Only alters the copy in memory.

    Returns whether anything changed. Any number of calls with the same observation, in any order with
    others, end in the same state.
    """
    wrong = mismatch(payment, seen)
    if wrong:
        why = f"provider payment {seen.id} does not fit: {wrong}"
        difference = differences.payment_mismatch(payment, seen, wrong)
        return flag_for_review_once(payment, why, context, difference)
    counted = _count_attempt(payment, seen)
    counted = _recognise_collect(payment, seen, context) or counted
    if _is_returned_uncaptured(seen):
        return _returned_uncaptured(payment, seen, context) or counted
    if seen.status in ("captured", "refunded"):
        return _captured(payment, seen, context) or counted
    if seen.status == "authorized":
        return _authorized(payment, seen, context) or counted
    if seen.status == "failed":
        return _failed(payment, seen, context) or counted
    return counted


def _count_attempt(payment: Payment, seen: ProviderPayment) -> bool:
    if seen.id in payment.provider_payments_seen:
        return False
    if len(payment.provider_payments_seen) >= PROVIDER_PAYMENTS_MAX:
        return False
    payment.provider_payments_seen.append(seen.id)
    return True


def _recognise_collect(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    """Learn which provider payment our UPI request became, should the answer that says so be late or lost."""
    collect = payment.upi_collect
    if collect is None or collect.provider_payment_id or seen.collect_id != collect.id:
        return False
    note_sent(payment, seen.id, context)
    return True


def note_sent(payment: Payment, provider_payment_id: str, context: Context) -> None:
    """Take note that our UPI request is with the customer, by whichever way this was learned. Only alters the
    copy in memory. May be called again, and after news of what the customer did."""
    collect = payment.upi_collect
    is_news = collect.provider_payment_id is None
    collect.provider_payment_id = provider_payment_id
    collect.is_uncertain = None
    if not is_news:
        return
    why = f"a UPI request, {provider_payment_id}, was sent to {masked(collect.vpa)}"
    if payment.status in (CREATED, FAILED):
        payment.failure_reason = None
        move(payment, ATTEMPTED, why, context)
    else:
        note(payment, why, context)


def _captured(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    if payment.captured_minor:
        if payment.provider_payment_id == seen.id:
            return False
        return duplicates.observe(payment, seen, context)
    was_cancelled = payment.status == CANCELLED
    payment.captured_minor = seen.amount_minor
    payment.paid_at = _time_of_payment(seen, context.now())
    payment.failure_reason = None
    payment.unread_provider_payment_id = None
    _adopt(payment, seen)
    move(payment, PAID, f"{seen.id} was captured", context)
    mint(payment, "PAYMENT_RECEIPT", context.now())
    if was_cancelled:
        late_payments.deal_with_captured(payment, context)
    return True


def _time_of_payment(seen: ProviderPayment, now: datetime) -> datetime:
    """Return when it was paid: now, unless we learn of it late. The provider says in whole seconds when the
    attempt began, so its word is only better than ours after an outage."""
    if seen.created_at and now - seen.created_at > LEARNED_LATE_AFTER:
        return seen.created_at
    return now


def _authorized(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    if payment.captured_minor:
        return False
    if payment.status == CANCELLED and not late_payments.is_authorised_money_taken(context):
        return late_payments.leave_alone(payment, seen.id, context)
    if payment.authorized_at:
        if payment.provider_payment_id == seen.id:
            return False
        why = f"a second payment, {seen.id}, was authorised for this order"
        difference = differences.payment_second(payment, seen, is_returned=False)
        return flag_for_review_once(payment, why, context, difference)
    payment.authorized_at = context.now()
    payment.failure_reason = None
    payment.unread_provider_payment_id = None
    _adopt(payment, seen)
    if payment.status == CANCELLED:
        note(payment, f"{seen.id} was authorised; the late-payment policy accepts it", context)
    elif payment.status == ATTEMPTED:
        note(payment, f"{seen.id} was authorised", context)
    else:
        move(payment, ATTEMPTED, f"{seen.id} was authorised", context)
    return True


def _returned_uncaptured(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    """The provider gives authorised money back when nobody captures it in time."""
    if payment.status == CANCELLED:
        if payment.provider_payment_id == seen.id:
            payment.authorized_at = None
        return late_payments.note_return(payment, seen.id, context)
    if payment.captured_minor or payment.provider_payment_id != seen.id or not payment.authorized_at:
        return False
    payment.authorized_at = None
    payment.failure_reason = "The payment was authorised but not captured in time; the money went back."
    if payment.status == ATTEMPTED:
        move(payment, FAILED, f"{seen.id} was returned without having been captured", context)
    flag_for_review(payment, f"{seen.id} was not captured in time", context)
    return True


def _failed(payment: Payment, seen: ProviderPayment, context: Context) -> bool:
    if payment.captured_minor or payment.status == CANCELLED:
        return False
    if payment.unread_provider_payment_id == seen.id:
        payment.unread_provider_payment_id = None
    # While money is authorised, a failure can only be about another try, or be older news.
    if payment.authorized_at:
        return False
    reason = (seen.failure_reason or "The payment failed.")[:REASON_CHARS_MAX]
    collect = payment.upi_collect
    ends_collect = bool(collect and collect.provider_payment_id == seen.id and not collect.failure_reason)
    if ends_collect:
        collect.failure_reason = reason
    if payment.status == FAILED and payment.failure_reason == reason and not ends_collect:
        return False
    payment.failure_reason = reason
    payment.payment_method = seen.method or payment.payment_method
    if payment.status in (CREATED, ATTEMPTED):
        move(payment, FAILED, f"{seen.id} failed: {reason}", context)
    else:
        note(payment, f"{seen.id} failed: {reason}", context)
    return True


def _adopt(payment: Payment, seen: ProviderPayment) -> None:
    payment.provider_payment_id = seen.id
    payment.payment_method = seen.method or payment.payment_method
