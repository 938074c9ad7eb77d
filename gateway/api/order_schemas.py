"""The shapes of requests and answers about orders, with an example of each."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from gateway.api.fields import MajorAmount, Notes, Uuid
from gateway.api.schemas import (
    ORDER_EXAMPLE,
    PAYMENT_EXAMPLE,
    RECEIPT_EXAMPLE,
    OrderShape,
    PaymentRow,
    ReceiptLink,
    envelope,
    timestamp,
)


class NewOrder(ma.Schema):
    schoolId = Uuid(required=True, metadata={"type": "string", "format": "uuid"})
    amount = MajorAmount(
        required=True, metadata={"type": "number", "description": "In rupees, at most two decimals."}
    )
    notes = Notes(
        load_default=dict,
        metadata={
            "type": "object",
            "description": "At most 13 pairs; names and values of at most 256 characters.",
        },
    )


class OrderData(ma.Schema):
    order = fields.Nested(OrderShape, required=True, allow_none=True)
    payment = fields.Nested(PaymentRow, required=True)


OrderAnswer = envelope(OrderData, "OrderAnswer")


class CheckoutResult(ma.Schema):
    """What Checkout hands to the browser; Razorpay's own snake_case names are taken as well."""

    class Meta:
        unknown = ma.RAISE

    razorpayOrderId = fields.String(required=True, validate=validate.Length(1, 64))
    razorpayPaymentId = fields.String(
        required=True, validate=validate.Regexp(r"[A-Za-z0-9_]{1,64}\Z", error="is not a payment id")
    )
    razorpaySignature = fields.String(required=True, validate=validate.Length(1, 256))

    SNAKE_CASE = {
        "razorpay_order_id": "razorpayOrderId",
        "razorpay_payment_id": "razorpayPaymentId",
        "razorpay_signature": "razorpaySignature",
    }

    @ma.pre_load
    def take_snake_case(self, data: Any, **_: Any) -> Any:
        """Rename Razorpay's own names. Both spellings of one field at once are refused as unknown."""
        if not isinstance(data, dict):
            return data
        renamed = dict(data)
        for snake, camel in self.SNAKE_CASE.items():
            if snake in renamed and camel not in renamed:
                renamed[camel] = renamed.pop(snake)
        return renamed


class RazorpayCheckoutResult(ma.Schema):
    """The same as Razorpay's Checkout spells it; only for the document."""

    razorpay_order_id = fields.String(required=True)
    razorpay_payment_id = fields.String(required=True)
    razorpay_signature = fields.String(required=True)


class VerifiedData(ma.Schema):
    payment = fields.Nested(PaymentRow, required=True)
    receipt = fields.Nested(ReceiptLink, required=True, allow_none=True)


VerifiedAnswer = envelope(VerifiedData, "VerifiedAnswer")


class ReceiptRow(ma.Schema):
    id = fields.String(required=True)
    receiptNumber = fields.String(required=True)
    receiptType = fields.String(required=True)
    generatedAt = timestamp(required=True)
    downloadUrl = fields.String(required=True)


class StatusData(ma.Schema):
    payment = fields.Nested(PaymentRow, required=True)
    receipts = fields.List(fields.Nested(ReceiptRow), required=True)


StatusAnswer = envelope(StatusData, "StatusAnswer", message=False)

CREATED_EXAMPLE: dict[str, Any] = {
    "success": True,
    "data": {
        "order": ORDER_EXAMPLE,
        "payment": {
            **{
                key: PAYMENT_EXAMPLE[key]
                for key in ("id", "schoolId", "razorpayOrderId", "amount", "currency")
            },
            "status": "CREATED",
            "receipt": "RCP_1234567890_abc123",
            "createdAt": "2024-01-01T00:00:00.000Z",
        },
    },
    "message": "Payment order created successfully",
}
OPENING_EXAMPLE = {
    "success": True,
    "data": {
        "order": None,
        "payment": CREATED_EXAMPLE["data"]["payment"] | {"razorpayOrderId": None},
    },
    "message": "Payment recorded; its order is being opened",
}
VERIFIED_EXAMPLE = {
    "success": True,
    "data": {"payment": PAYMENT_EXAMPLE, "receipt": RECEIPT_EXAMPLE},
    "message": "Payment verified successfully",
}
CONFIRMING_EXAMPLE = {
    "success": True,
    "data": {"payment": PAYMENT_EXAMPLE | {"status": "ATTEMPTED", "paidAt": None}, "receipt": None},
    "message": "Payment received; it is still being confirmed",
}
STATUS_EXAMPLE = {
    "success": True,
    "data": {
        "payment": PAYMENT_EXAMPLE | {"attempts": 1, "createdAt": "2024-01-01T00:00:00.000Z"},
        "receipts": [
            {
                "id": RECEIPT_EXAMPLE["id"],
                "receiptNumber": RECEIPT_EXAMPLE["receiptNumber"],
                "receiptType": "PAYMENT_RECEIPT",
                "generatedAt": "2024-01-01T00:05:30.000Z",
                "downloadUrl": RECEIPT_EXAMPLE["downloadUrl"],
            }
        ],
    },
}
CANCELLED_EXAMPLE = {
    "success": True,
    "data": {"payment": PAYMENT_EXAMPLE | {"status": "CANCELLED"}, "receipt": RECEIPT_EXAMPLE},
    "message": "Payment cancelled successfully",
}
NEW_ORDER_EXAMPLE = {
    "schoolId": PAYMENT_EXAMPLE["schoolId"],
    "amount": 500.00,
    "notes": {"purpose": "school_registration"},
}
CHECKOUT_EXAMPLES = {
    "documented": {
        "value": {
            "razorpayOrderId": "order_xyz123",
            "razorpayPaymentId": "pay_abc456",
            "razorpaySignature": "signature_hash_string",
        }
    },
    "as Checkout hands it over": {
        "value": {
            "razorpay_order_id": "order_xyz123",
            "razorpay_payment_id": "pay_abc456",
            "razorpay_signature": "signature_hash_string",
        }
    },
}
