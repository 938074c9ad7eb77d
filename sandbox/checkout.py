"""A customer's attempt to pay an order: whether it may begin, how it ends, and money that arrives late."""

from dataclasses import dataclass
from typing import Any

from sandbox import errors, failures, instruments, orders, payments, records, refunds, signatures
from sandbox.failures import Failure
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """What a customer does. should_capture None: as the order says. should_fail: whatever the instrument.
    is_forced: also on an order that takes no payment, which Razorpay prevents as well as it can."""

    instrument: Instrument
    payer: JsonObject
    should_capture: bool | None = None
    should_fail: bool = False
    is_forced: bool = False


def pay(tx: Transaction, order_id: str, attempt: Attempt) -> tuple[JsonObject, Failure | None]:
    """Make a payment on an order; give it and, if it failed, why.

    A failed attempt is a fact that must be written, so it is an answer here and not an exception.
    Raises ProviderError when the order takes no payment, unless it is forced to.
    """
    order = records.get(tx, "orders", order_id) if attempt.is_forced else payable_order(tx, order_id)
    payment = begin(tx, order, attempt.instrument, attempt.payer)
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
        raise errors.ProviderError(
            "Your payment has been declined as the order is already paid. "
            "Please initiate the payment with a new order.",
            metadata={"order_id": order_id},
        )
    if payments.is_any_authorized(tx, order_id):
        raise errors.ProviderError("Payment already done for this order.", metadata={"order_id": order_id})
    return order


def require_amount_of_order(order: JsonObject, amount: int, currency: str) -> None:
    """Refuse to collect anything but the order's whole amount in its currency."""
    if amount != order["amount_due"]:
        raise errors.amount_differs()
    if currency != order["currency"]:
        # The rule is documented (one order, one currency); its error text is not.
        raise errors.invalid("Your payment currency is different from your order currency.", "currency")


def begin(tx: Transaction, order: JsonObject, instrument: Instrument, payer: JsonObject) -> JsonObject:
    """Write a payment that nobody has decided yet, and count it as an attempt."""
    payment = payments.create(tx, order, instrument, payer)
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
    is_needed = order["status"] != "paid" and not payments.is_any_authorized(tx, order["id"])
    payments.authorize(tx, payment, instruments.acquirer_data(payment["method"]), is_late=is_late)
    if not is_needed and not is_forced:
        refunds.refund_uncaptured(tx, payment)
    elif _should_capture(tx, order["id"], should_capture):
        payments.settle(tx, payment)


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


def _should_capture(tx: Transaction, order_id: str, asked: bool | None) -> bool:
    return bool(orders.capture_options(tx, order_id)["is_automatic"]) if asked is None else asked
