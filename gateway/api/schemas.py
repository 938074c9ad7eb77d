"""The shapes that several answers share, as the API document has them."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from gateway.api.fields import Timestamp, UnixTime
from gateway.domain.states import STATUSES

ORDER_EXAMPLE = {
    "id": "order_xyz123",
    "amount": 50000,
    "currency": "INR",
    "receipt": "RCP_1234567890_abc123",
    "status": "created",
    "created_at": 1640995200,
    "notes": {"schoolId": "5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11", "purpose": "school_registration"},
}
PAYMENT_EXAMPLE = {
    "id": "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
    "schoolId": "5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11",
    "razorpayOrderId": "order_xyz123",
    "razorpayPaymentId": "pay_abc456",
    "amount": 50000,
    "currency": "INR",
    "status": "PAID",
    "paymentMethod": "card",
    "paidAt": "2024-01-01T00:05:00.000Z",
}
RECEIPT_EXAMPLE = {
    "id": "3c1b4c0e-6c2f-5a53-9d0e-0d3a7a0b9e51",
    "receiptNumber": "RCP_0d9c1c0c_k3v7q2m5xa",
    "filePath": "receipts/RCP_0d9c1c0c_k3v7q2m5xa.pdf",
    "downloadUrl": "/api/v1/payments/receipts/3c1b4c0e-6c2f-5a53-9d0e-0d3a7a0b9e51/download",
}


class ErrorAnswer(ma.Schema):
    """Every error of the API, the framework's own included."""

    success = fields.Boolean(required=True, metadata={"description": "Always false."})
    error = fields.String(required=True, metadata={"description": "A sentence for people."})
    code = fields.String(required=True, metadata={"description": "A stable code for programs."})
    details = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "Which field is wrong and what would be right; facts about the refusal."},
    )


class OrderShape(ma.Schema):
    """The provider's order, with amounts in the currency's smallest unit."""

    id = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    receipt = fields.String(required=True)
    status = fields.String(required=True)
    created_at = UnixTime(required=True, metadata={"type": "integer"})
    notes = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


def status_field() -> fields.String:
    """Return the field of a payment's status, with its words in the document."""
    return fields.String(required=True, metadata={"enum": list(STATUSES)})


def timestamp(**kwargs: Any) -> Timestamp:
    """Return a time field; in the document it is text in ISO 8601."""
    return Timestamp(metadata={"type": "string", "format": "date-time"}, **kwargs)


class ReceiptLink(ma.Schema):
    """A receipt and where its PDF is downloaded. filePath is its name in the store, not on any disk."""

    id = fields.String(required=True)
    receiptNumber = fields.String(required=True)
    filePath = fields.String()
    downloadUrl = fields.String(required=True)


class PaymentRow(ma.Schema):
    """A payment as lists have it."""

    id = fields.String(required=True)
    schoolId = fields.String(allow_none=True)
    razorpayOrderId = fields.String(allow_none=True)
    razorpayPaymentId = fields.String(allow_none=True)
    amount = fields.Integer(required=True, metadata={"description": "In the currency's smallest unit."})
    currency = fields.String(required=True)
    status = status_field()
    paymentMethod = fields.String(allow_none=True)
    receipt = fields.String()
    attempts = fields.Integer()
    failureReason = fields.String()
    createdAt = timestamp()
    paidAt = timestamp(allow_none=True)
    updatedAt = timestamp()


def envelope(data: ma.Schema | type[ma.Schema], name: str, *, message: bool = True) -> type[ma.Schema]:
    """Return the schema of a success whose `data` has the given shape."""
    members: dict[str, Any] = {
        "success": fields.Boolean(required=True),
        "data": fields.Nested(data, required=True),
    }
    if message:
        members["message"] = fields.String(required=True)
    return ma.Schema.from_dict(members, name=name)
