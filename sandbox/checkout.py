"""A customer's attempt to pay an order: whether it may begin, how it ends, and money that arrives late."""

from dataclasses import dataclass
from typing import Any

from sandbox import errors, failures, instruments, money, orders, payments, records, refunds, signatures
from sandbox.failures import Failure
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """What a customer does. should_capture None: as the order says. should_fail: whatever the instrument.
    is_forced: also on an order that takes no payment, which Razorpay prevents as well as it can.
    amount_minor None: all that is due."""

    instrument: Instrument
    payer: JsonObject
    should_capture: bool | None = None
    should_fail: bool = False
    is_forced: bool = False
    amount_minor: int | None = None


def pay(tx: Transaction, order_id: str, attempt: Attempt) -> tuple[JsonObject, Failure | None]:
    """Make a payment on an order; give it and, if it failed, why.

    A failed attempt is a fact that must be written, so it is an answer here and not an exception.
    Raises ProviderError when the order takes no payment, unless it is forced to.
    """
    order = records.get(tx, "orders", order_id) if attempt.is_forced else payable_order(tx, order_id)
    if attempt.amount_minor is not None:
        require_part_of_order(tx, order, attempt.amount_minor)
    payment = begin(tx, order, attempt.instrument, attempt.payer, attempt.amount_minor)
    failure = attempt.instrument.failure(payment["amount"])
    if attempt.should_fail:
        failure = failure or failures.DEFAULT
    if failure is not None:
        payments.fail(tx, payment, failure)
        return payment, failure
    receive(tx, payment, attempt.should_capture, is_forced=attempt.is_forced)
    return payment, None


def payable_order(tx: Transaction, order_id: str) -> JsonObject:
    """Read an order that takes a payment now. Raises ProviderError for every other one."""
    order = records.get(tx, "orders", order_id)
    if order["status"] == "paid":
        raise errors.order_already_paid({"order_id": order_id})
    if payments.is_any_authorized(tx, order_id):
        raise errors.ProviderError("Payment already done for this order.", metadata={"order_id": order_id})
    return order


def require_currency_of_order(order: JsonObject, currency: str) -> None:
    """Refuse another currency than the order's."""
    if currency != order["currency"]:
        # The rule is documented (one order, one currency); its error text is not.
        raise errors.invalid("Your payment currency is different from your order currency.", "currency")


def require_part_of_order(tx: Transaction, order: JsonObject, amount: int) -> None:
    """Refuse an amount that an order does not take: not what is due, nor a part if it takes parts."""
    options = orders.options(tx, order["id"])
    if amount == order["amount_due"]:
        return
    if not options["is_partial"] or amount > order["amount_due"]:
        raise errors.amount_differs()
    least = money.minimum_minor(order["currency"])
    if order["amount_paid"] == 0:
        least = max(least, options["first_payment_minimum"] or 0)
    if amount < least:
        # The rule is documented; which of the texts about minimums comes is not.
        raise errors.invalid(
            f"The amount must be at least {money.display(least, order['currency'])}", "amount"
        )


def begin(
    tx: Transaction,
    order: JsonObject,
    instrument: Instrument,
    payer: JsonObject,
    amount_minor: int | None = None,
) -> JsonObject:
    """Write a payment that nobody has decided yet, and count it as an attempt. Without an amount: all that is
    due or, when the order is paid, all of it once more."""
    amount = amount_minor or order["amount_due"] or order["amount"]
    payment = payments.create(tx, order, amount, instrument, payer)
    orders.count_attempt(tx, order)
    return payment


def receive(
    tx: Transaction,
    payment: JsonObject,
    should_capture: bool | None,
    *,
    is_late: bool = False,
    is_forced: bool = False,
) -> None:
    """Let a payment's money arrive. If the order needs none any more, it goes back, unless it is forced."""
    order = records.get(tx, "orders", payment["order_id"])
    is_needed = payment["amount"] <= order["amount_due"] and not payments.is_any_authorized(tx, order["id"])
    payments.authorize(tx, payment, instruments.acquirer_data(payment["method"]), is_late=is_late)
    if not is_needed and not is_forced:
        refunds.refund_uncaptured(tx, payment)
    elif _should_capture(tx, payment, should_capture):
        payments.capture_now(tx, payment)


def authorize_late(tx: Transaction, payment_id: str, should_capture: bool | None) -> JsonObject:
    """Let a failed payment's money arrive after all."""
    payment = records.get(tx, "payments", payment_id)
    if payment["status"] != "failed":
        raise errors.ProviderError(
            f"Only a failed payment can be authorized late; this one is {payment['status']}"
        )
    receive(tx, payment, should_capture, is_late=True)
    return payment


def receipt_for_browser(key_secret: str, payment: JsonObject) -> JsonObject:
    """Give the three fields that Checkout hands to the merchant's page."""
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": payment["order_id"],
        "razorpay_signature": signatures.of_payment(key_secret, payment["order_id"], payment["id"]),
    }


def error_for_browser(payment: JsonObject, failure: Failure) -> errors.ProviderError:
    """Give the error that Checkout hands to the merchant's page."""
    return errors.ProviderError(
        failure.description,
        code=failure.code,
        source=failure.source,
        step=failure.step,
        reason=failure.reason,
        metadata={"order_id": payment["order_id"], "payment_id": payment["id"]},
    )


def _should_capture(tx: Transaction, payment: JsonObject, asked: bool | None) -> bool:
    if asked is not None:
        return asked
    options = orders.options(tx, payment["order_id"])
    age_minutes = (tx.now - payment["created_at"]) / 60
    return bool(options["is_automatic"]) and age_minutes <= options["automatic_expiry_minutes"]
