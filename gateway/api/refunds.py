"""Refunds: send back all or part of a payment."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from gateway.api import present
from gateway.api.api_keys import allows_keys
from gateway.api.fields import MajorAmount, Notes, UnixTime, Uuid
from gateway.api.openapi import can_fail, idempotent_by_key
from gateway.api.parsing import StrictBlueprint
from gateway.api.refunding import make_refund
from gateway.api.schemas import ReceiptLink, envelope, status_field, timestamp

blueprint = StrictBlueprint(
    "refunds", __name__, url_prefix="/api/v1/payments", description="Money on its way back."
)


class NewRefund(ma.Schema):
    paymentId = Uuid(required=True, metadata={"type": "string", "format": "uuid"})
    amount = MajorAmount(
        metadata={"type": "number", "description": "In major units; all that is left when absent."}
    )
    notes = Notes(
        load_default=dict,
        metadata={
            "type": "object",
            "description": "At most 13 pairs; names and values of at most 256 characters.",
        },
    )


class RefundShape(ma.Schema):
    id = fields.String(required=True, allow_none=True)
    payment_id = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["pending", "processed", "failed"]})
    created_at = UnixTime(required=True, metadata={"type": "integer"})


class RefundedPayment(ma.Schema):
    id = fields.String(required=True)
    status = status_field()
    updatedAt = timestamp(required=True)


class RefundData(ma.Schema):
    refund = fields.Nested(RefundShape, required=True)
    payment = fields.Nested(RefundedPayment, required=True)
    receipt = fields.Nested(ReceiptLink, required=True, allow_none=True)


RefundAnswer = envelope(RefundData, "RefundAnswer")

REFUND_EXAMPLE: dict[str, Any] = {
    "success": True,
    "data": {
        "refund": {
            "id": "rfnd_xyz789",
            "payment_id": "pay_abc456",
            "amount": 25000,
            "currency": "INR",
            "status": "processed",
            "created_at": 1640995800,
        },
        "payment": {
            "id": "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
            "status": "PARTIAL_REFUND",
            "updatedAt": "2024-01-01T00:10:00.000Z",
        },
        "receipt": {
            "id": "9a1b4c0e-6c2f-5a53-9d0e-0d3a7a0b9e51",
            "receiptNumber": "REF_0d9c1c0c_m5xak3v7q2",
            "filePath": "receipts/REF_0d9c1c0c_m5xak3v7q2.pdf",
            "downloadUrl": "/api/v1/payments/receipts/9a1b4c0e-6c2f-5a53-9d0e-0d3a7a0b9e51/download",
        },
    },
    "message": "Refund created successfully",
}


@blueprint.post("/refunds")
@can_fail("payment", "refund", "refund_rejected", "refund_by_school")
@allows_keys("refunds:write")
@idempotent_by_key
@blueprint.arguments(
    NewRefund,
    example={
        "paymentId": "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
        "amount": 250.00,
        "notes": {"reason": "Cancellation requested by school"},
    },
)
@blueprint.response(201, RefundAnswer, example=REFUND_EXAMPLE)
@blueprint.alt_response(
    202,
    schema=RefundAnswer,
    description="Reserved; the provider has not answered yet.",
    example={
        "success": True,
        "data": REFUND_EXAMPLE["data"]
        | {
            "refund": REFUND_EXAMPLE["data"]["refund"] | {"id": None, "status": "pending"},
            "receipt": None,
        },
        "message": "Refund recorded; the provider has not answered yet",
    },
)
def create_refund(body: dict[str, Any]) -> Any:
    """Refund a payment

    The amount is reserved first, so that all refunds together never exceed what was captured, and then
    sent to the provider by a worker. Until the provider has answered, the answer is 202. `receipt` is null
    until the refund is processed.
    """
    made = make_refund(body["paymentId"], body.get("amount"), body["notes"])
    message = (
        "Refund created successfully"
        if made.is_sent
        else "Refund recorded; the provider has not answered yet"
    )
    data = present.refund(made.payment, made.refund)
    return {"success": True, "data": data, "message": message}, made.status, made.headers
