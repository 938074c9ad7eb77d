"""Orders: create one, verify its payment, look at it, cancel it."""

from typing import Any

from gateway import dispatch
from gateway.api import present
from gateway.api.api_keys import allows_keys
from gateway.api.errors import RETRY_AFTER_SECONDS
from gateway.api.openapi import can_fail, idempotent_by_key
from gateway.api.order_schemas import (
    CANCELLED_EXAMPLE,
    CHECKOUT_EXAMPLES,
    CONFIRMING_EXAMPLE,
    CREATED_EXAMPLE,
    NEW_ORDER_EXAMPLE,
    OPENING_EXAMPLE,
    STATUS_EXAMPLE,
    VERIFIED_EXAMPLE,
    CheckoutResult,
    NewOrder,
    OrderAnswer,
    RazorpayCheckoutResult,
    StatusAnswer,
    VerifiedAnswer,
)
from gateway.api.parsing import StrictBlueprint, idempotency_key, minor_units
from gateway.api.services import context, viewer, wait_for
from gateway.domain import access, cancellation, orders, payments, recording
from gateway.domain.context import utc_now
from gateway.domain.errors import OrderCreationFailed
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import Payment
from gateway.domain.receipts import PURPOSE_DEFAULT
from gateway.domain.recording import Wish

blueprint = StrictBlueprint(
    "orders", __name__, url_prefix="/api/v1/payments", description="Orders and their payment."
)

CURRENCY = "INR"
RETRY_AFTER = {"Retry-After": "2"}


@blueprint.post("/orders")
@can_fail("order_creation", "school_of_key")
@allows_keys("payments:write")
@idempotent_by_key
@blueprint.arguments(
    NewOrder,
    example=NEW_ORDER_EXAMPLE,
)
@blueprint.response(201, OrderAnswer, example=CREATED_EXAMPLE)
@blueprint.alt_response(
    202,
    schema=OrderAnswer,
    description="Recorded; the order is still being opened.",
    example=OPENING_EXAMPLE,
)
def create_order(body: dict[str, Any]) -> Any:
    """Create a payment order

    The payment is recorded first, then the order is opened at the provider. When the provider's answer was
    lost, the outcome is found out by the receipt number; until it is known, the answer is 202 with
    `order: null`, and repeating the request with the same Idempotency-Key gets the order.
    """
    access.require_school(viewer(), body["schoolId"])
    surroundings = context()
    amount_minor = minor_units(body["amount"], CURRENCY, surroundings.limits.payment_amount_minor_max)
    notes = {"purpose": PURPOSE_DEFAULT} | body["notes"]
    notes.pop("schoolId", None)
    key = idempotency_key()
    idempotency = key and Idempotency.of(
        user_id=viewer().id,
        operation="create_order",
        client_key=key,
        request={"schoolId": body["schoolId"], "amount_minor": amount_minor, "notes": body["notes"]},
    )
    wish = Wish(amount_minor=amount_minor, currency=CURRENCY, school_id=body["schoolId"], notes=notes)
    created = recording.create(surroundings, viewer(), wish, idempotency or None, opens_order=True)
    payment = orders.open_order(surroundings, created.claim) if created.claim else created.payment
    payment = wait_for(lambda: _again(payment), orders.is_settled)
    return _created(payment, replayed=created.replayed)


def _again(payment: Payment) -> Payment:
    """Return a settled payment as it is, and another one read anew."""
    return payment if orders.is_settled(payment) else Payment.objects.get(id=payment.id)


def _created(payment: Payment, *, replayed: bool) -> Any:
    if payment.provider_order_id is None and orders.is_settled(payment):
        raise OrderCreationFailed(
            "The payment provider is away; please try again."
            if payment.order_may_be_retried
            else "The payment provider did not open an order.",
            paymentId=payment.id,
            provider=payment.failure_reason,
            retry_after_seconds=_retry_after_seconds(payment),
        )
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    data = {"order": present.order(payment), "payment": present.created_payment(payment)}
    if payment.provider_order_id is None:
        message = "Payment recorded; its order is being opened"
        return {"success": True, "data": data, "message": message}, 202, headers | RETRY_AFTER
    return {"success": True, "data": data, "message": "Payment order created successfully"}, 201, headers


def _retry_after_seconds(payment: Payment) -> float | None:
    """Return when another try makes sense: never after a refusal, and not before the provider wants it."""
    if not payment.order_may_be_retried:
        return None
    wait = (payment.order_may_be_retried_at or utc_now()) - utc_now()
    return max(wait.total_seconds(), RETRY_AFTER_SECONDS)


@blueprint.post("/verify")
@can_fail("invalid_signature", "verification", "payment")
@allows_keys("payments:write")
@blueprint.arguments(
    CheckoutResult,
    examples=CHECKOUT_EXAMPLES,
)
@blueprint.response(200, VerifiedAnswer, example=VERIFIED_EXAMPLE)
@blueprint.alt_response(
    202,
    schema=VerifiedAnswer,
    description="Signed; still being captured or read.",
    example=CONFIRMING_EXAMPLE,
)
@blueprint.doc(
    requestBody={
        "content": {"application/json": {"schema": {"oneOf": [CheckoutResult, RazorpayCheckoutResult]}}}
    }
)
def verify_payment(body: dict[str, str]) -> Any:
    """Verify a payment

    The signature is checked with the order id that is stored here, then the payment is read from the
    provider. An authorised payment is captured; when that takes long, the answer is 202.
    """
    payment = access.payment_by_order(viewer(), body["razorpayOrderId"])
    surroundings = context()
    payment = payments.verify(
        surroundings,
        payment,
        provider_payment_id=body["razorpayPaymentId"],
        signature=body["razorpaySignature"],
    )
    dispatch.due_work(payment, surroundings.now())
    payment = wait_for(lambda: _when_paid(payment), _is_decided)
    receipt = present.find_receipt(payment, "PAYMENT_RECEIPT")
    data = {"payment": present.payment_state(payment), "receipt": present.receipt_link(receipt)}
    if not payment.captured_minor:
        message = "Payment received; it is still being confirmed"
        return {"success": True, "data": data, "message": message}, 202, RETRY_AFTER
    return {"success": True, "data": data, "message": "Payment verified successfully"}


def _when_paid(payment: Payment) -> Payment:
    return payment if payment.captured_minor else Payment.objects.get(id=payment.id)


def _is_decided(payment: Payment) -> bool:
    waiting = payment.unread_provider_payment_id or payment.authorized_at
    return bool(payment.captured_minor or not waiting)


@blueprint.get("/orders/<string:orderId>/status")
@can_fail("payment")
@allows_keys("payments:read")
@blueprint.response(200, StatusAnswer, example=STATUS_EXAMPLE)
def order_status(orderId: str) -> Any:
    """Get the status of an order

    orderId is the provider's order id, or the payment's id while the order is still being opened.
    """
    payment = access.payment_by_order(viewer(), orderId)
    rows = [present.receipt_row(receipt) for receipt in payment.receipts]
    return {"success": True, "data": {"payment": present.payment_state(payment), "receipts": rows}}


@blueprint.post("/orders/<string:orderId>/cancel")
@can_fail("payment", "not_cancellable", "provider_away")
@allows_keys("payments:write")
@blueprint.response(
    200,
    VerifiedAnswer,
    example=CANCELLED_EXAMPLE,
)
def cancel_order(orderId: str) -> Any:
    """Cancel an unpaid order

    The provider is asked first whether the order was paid. A paid one can only be refunded. The answer
    carries the cancellation receipt. Cancelling twice is harmless.
    """
    payment = access.payment_by_order(viewer(), orderId)
    surroundings = context()
    payment = cancellation.cancel(surroundings, payment)
    dispatch.due_work(payment, surroundings.now())
    receipt = present.find_receipt(payment, "CANCELLATION_RECEIPT")
    data = {"payment": present.payment_state(payment), "receipt": present.receipt_link(receipt)}
    return {"success": True, "data": data, "message": "Payment cancelled successfully"}
