"""A customer at the checkout: one attempt to pay an order, and money that arrives after a failure."""

from dataclasses import dataclass
from typing import Any

from sandbox import errors, failures, instruments, orders, payments, records, refunds, signatures
from sandbox.failures import Failure
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """What a customer does. should_capture None: as the order says. should_fail: whatever the instrument."""

    instrument: Instrument
    payer: JsonObject
    should_capture: bool | None = None
    should_fail: bool = False


def pay(tx: Transaction, order_id: str, attempt: Attempt) -> tuple[JsonObject, Failure | None]:
    """Make a payment on an order; give it and, if it failed, why.

    A failed attempt is a fact that must be written, so it is an answer here and not an exception.
    Raises ProviderError when the order takes no payment.
    """
    order = records.get(tx, "orders", order_id)
    if order["status"] == "paid":
        raise errors.ProviderError(
            "Your payment has been declined as the order is already paid. "
            "Please initiate the payment with a new order.",
            metadata={"order_id": order_id},
        )
    if payments.is_any_authorized(tx, order_id):
        raise errors.ProviderError("Payment already done for this order.", metadata={"order_id": order_id})
    payment = payments.create(tx, order, attempt.instrument, attempt.payer)
    orders.count_attempt(tx, order)
    failure = attempt.instrument.failure(payment["amount"])
    if attempt.should_fail:
        failure = failure or failures.DEFAULT
    if failure is not None:
        payments.fail(tx, payment, failure)
        return payment, failure
    payments.authorize(tx, payment, instruments.acquirer_data(payment["method"]))
    if _should_capture(tx, order_id, attempt.should_capture):
        payments.settle(tx, payment)
    return payment, None


def authorize_late(tx: Transaction, payment_id: str, should_capture: bool | None) -> JsonObject:
    """Let a failed payment's money arrive after all. If the order needs none any more, it goes back."""
    payment = records.get(tx, "payments", payment_id)
    if payment["status"] != "failed":
        raise errors.ProviderError(
            f"Only a failed payment can be authorized late; this one is {payment['status']}"
        )
    order = records.get(tx, "orders", payment["order_id"])
    is_needed = order["status"] != "paid" and not payments.is_any_authorized(tx, order["id"])
    payments.authorize(tx, payment, instruments.acquirer_data(payment["method"]), is_late=True)
    if not is_needed:
        refunds.refund_uncaptured(tx, payment)
    elif _should_capture(tx, order["id"], should_capture):
        payments.settle(tx, payment)
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
