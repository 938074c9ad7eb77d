"""The second document's payments: create one, process it, follow it, refund it, cancel it."""

from typing import Any

from flask import request

from gateway import dispatch
from gateway.api import preferences, present, results
from gateway.api.api_keys import allows_keys
from gateway.api.openapi import can_fail, idempotent_by_key, waits_as_preferred
from gateway.api.parsing import StrictBlueprint, idempotency_key, minor_units
from gateway.api.payment_schemas import (
    CREATED_RESULT,
    NEW_PAYMENT_EXAMPLE,
    PROCESSED_RESULT,
    REFUND_EXAMPLE,
    ROW_EXAMPLE,
    TIMELINE_EXAMPLE,
    NewPayment,
    NewPaymentRefund,
    NoBody,
    PaymentCancelAnswer,
    PaymentRefundAnswer,
    Processing,
    ResultAnswer,
    WholeAnswer,
)
from gateway.api.refunding import make_refund
from gateway.api.schemas import RECEIPT_EXAMPLE
from gateway.api.services import context, viewer, wait_for
from gateway.domain import access, cancellation, processing, recording, timeline
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import Payment
from gateway.domain.processing import UpiRequest
from gateway.domain.recording import Wish

blueprint = StrictBlueprint(
    "payment", __name__, url_prefix="/api/payment", description="Payments that need no order of one's own."
)

RETRY_AFTER = {"Retry-After": "1"}


@blueprint.post("")
@blueprint.post("/create", endpoint="create_payment_by_alias")
@can_fail("school_of_key")
@allows_keys("payments:write")
@idempotent_by_key
@blueprint.arguments(NewPayment, example=NEW_PAYMENT_EXAMPLE)
@blueprint.response(
    201,
    ResultAnswer,
    example={"success": True, "message": "Payment created successfully", "result": CREATED_RESULT},
)
def create_payment(body: dict[str, Any]) -> Any:
    """Create a payment

    It is recorded, and nothing else happens until it is processed. `POST /api/payment/create` is the same.
    """
    asker, surroundings = viewer(), context()
    access.require_school(asker, body.get("schoolId"))
    amount_max = surroundings.limits.payment_amount_minor_max
    wish = Wish(
        amount_minor=minor_units(body["amount"], body["currency"], amount_max),
        currency=body["currency"],
        school_id=body.get("schoolId"),
        notes=body["notes"],
        description=body.get("description"),
        requested_method=body["paymentMethod"],
        payer_email=asker.email or body["email"],
        payer_phone=body.get("phoneNumber") or asker.phone_number,
    )
    key = idempotency_key()
    idempotency = key and Idempotency.of(
        user_id=asker.id,
        operation="create_payment",
        client_key=key,
        request=body | {"amount": wish.amount_minor},
    )
    made = recording.create(surroundings, asker, wish, idempotency or None, opens_order=False)
    headers = {"Idempotent-Replayed": "true"} if made.replayed else {}
    answer = {"message": "Payment created successfully", "result": results.created(made.payment)}
    return {"success": True} | answer, 201, headers


@blueprint.post("/<string:paymentId>/process")
@can_fail("payment", "not_processable", "validation")
@allows_keys("payments:write")
@waits_as_preferred
@blueprint.arguments(Processing, required=False, example={})
@blueprint.response(
    200,
    ResultAnswer,
    description="Done: the order is open, and the UPI request sent; or `failureReason` tells why not.",
    example={"success": True, "message": "Payment processed", "result": PROCESSED_RESULT},
)
@blueprint.alt_response(
    202,
    schema=ResultAnswer,
    description="Asked for; a worker does it.",
    example={
        "success": True,
        "message": "Payment is being processed",
        "result": PROCESSED_RESULT | {"razorpayOrderId": None},
    },
)
def process_payment(body: dict[str, Any], paymentId: str) -> Any:
    """Process a payment

    A worker opens the order at the provider. With `vpa`, it then sends a request to the customer's UPI app;
    `nextAction.url` is the checkout page, where the customer pays by any method. The answer is 202, or 200
    when the work is done already, or is done within the time of `Prefer: wait=N`. Processing again is
    harmless. A checkout page that has expired, for which `nextAction` is null, is renewed by it.
    """
    surroundings = context()
    upi = _upi_request(body["vpa"]) if "vpa" in body else None
    payment = access.payment_by_id(viewer(), paymentId)
    payment = processing.process(surroundings, payment, upi)
    dispatch.due_work(payment, surroundings.now())
    headers = {}
    seconds = preferences.wait_seconds()
    if seconds is not None:
        payment = wait_for(lambda: Payment.objects.get(id=payment.id), processing.is_done, seconds)
        headers["Preference-Applied"] = f"wait={seconds}"
    result = results.payment(payment, surroundings)
    if processing.is_done(payment):
        return {"success": True, "message": "Payment processed", "result": result}, 200, headers
    message = "Payment is being processed"
    return {"success": True, "message": message, "result": result}, 202, headers | RETRY_AFTER


def _upi_request(vpa: str) -> UpiRequest:
    return UpiRequest(
        vpa=vpa, client_address=request.remote_addr or "", client_program=request.user_agent.string
    )


@blueprint.get("/<string:paymentId>/status")
@can_fail("payment")
@allows_keys("payments:read")
@blueprint.response(
    200,
    ResultAnswer,
    example={
        "success": True,
        "message": "Payment status",
        "result": ROW_EXAMPLE | {"nextAction": None},
    },
)
def payment_status(paymentId: str) -> Any:
    """Get a payment's status"""
    payment = access.payment_by_id(viewer(), paymentId)
    return {"success": True, "message": "Payment status", "result": results.payment(payment, context())}


@blueprint.get("/<string:paymentId>")
@can_fail("payment")
@allows_keys("payments:read")
@blueprint.response(
    200,
    WholeAnswer,
    example={
        "success": True,
        "message": "Payment",
        "result": ROW_EXAMPLE
        | {"nextAction": None, "attempts": 1, "refunds": [], "duplicates": [], "receipts": []}
        | {"timeline": TIMELINE_EXAMPLE},
    },
)
def get_payment(paymentId: str) -> Any:
    """Get a payment with its story

    `timeline` holds every change, who or what caused it, and the webhooks that were ignored, and why.
    """
    payment = access.payment_by_id(viewer(), paymentId)
    result = results.whole(payment, timeline.of_payment(payment), context())
    return {"success": True, "message": "Payment", "result": result}


@blueprint.post("/<string:paymentId>/refund")
@can_fail("payment", "refund", "refund_rejected", "refund_by_school")
@allows_keys("refunds:write")
@idempotent_by_key
@blueprint.arguments(NewPaymentRefund, required=False, example={"amount": 250.00, "reason": "moved away"})
@blueprint.response(
    201,
    PaymentRefundAnswer,
    example={
        "success": True,
        "message": "Payment refunded",
        "result": ROW_EXAMPLE | {"status": "PARTIAL_REFUND", "refundedAmount": 250.00, "nextAction": None},
        "refund": REFUND_EXAMPLE,
    },
)
@blueprint.alt_response(
    202,
    schema=PaymentRefundAnswer,
    description="Reserved; the provider has not answered yet.",
    example={
        "success": True,
        "message": "Refund recorded; the provider has not answered yet",
        "result": ROW_EXAMPLE | {"nextAction": None},
        "refund": REFUND_EXAMPLE
        | {"razorpayRefundId": None, "status": "pending", "processedAt": None, "receipt": None},
    },
)
def refund_payment(body: dict[str, Any], paymentId: str) -> Any:
    """Refund a payment

    All that is left, unless `amount` is given. All refunds together never exceed what was paid.
    """
    notes = {"reason": body["reason"]} if "reason" in body else {}
    made = make_refund(paymentId, body.get("amount"), notes)
    shown = {
        "result": results.refunded(made.payment, made.refund, context()),
        "refund": results.refund(made.payment, made.refund),
    }
    message = "Payment refunded" if made.is_sent else "Refund recorded; the provider has not answered yet"
    return {"success": True, "message": message} | shown, made.status, made.headers


@blueprint.post("/<string:paymentId>/cancel")
@can_fail("payment", "not_cancellable", "provider_away")
@allows_keys("payments:write")
@blueprint.arguments(NoBody, required=False, example={})
@blueprint.response(
    200,
    PaymentCancelAnswer,
    example={
        "success": True,
        "message": "Payment cancelled",
        "result": PROCESSED_RESULT | {"status": "CANCELLED", "nextAction": None},
        "receipt": RECEIPT_EXAMPLE,
    },
)
def cancel_payment(_body: dict[str, Any], paymentId: str) -> Any:
    """Cancel an unpaid payment

    A paid one can only be refunded. Cancelling twice is harmless.
    """
    surroundings = context()
    payment = cancellation.cancel(surroundings, access.payment_by_id(viewer(), paymentId))
    dispatch.due_work(payment, surroundings.now())
    receipt = present.receipt_link(present.find_receipt(payment, "CANCELLATION_RECEIPT"))
    result = results.payment(payment, surroundings)
    return {"success": True, "message": "Payment cancelled", "result": result, "receipt": receipt}
