"""The shapes of requests and answers of the second document, with an example of each."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from gateway.api.fields import PHONE_NUMBER, MajorAmount, Method, Notes, Uuid, currency_field, text
from gateway.api.schemas import PAYMENT_EXAMPLE, RECEIPT_EXAMPLE, ReceiptLink, status_field, timestamp
from gateway.domain.methods import METHODS

DESCRIPTION_CHARS_MAX = 255
REASON_CHARS_MAX = 256
VPA = validate.Regexp(
    r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9.-]{1,63}\Z", error="must be a UPI address, such as asha@okbank"
)
NOTES_DOCUMENT = {
    "type": "object",
    "description": "At most 13 pairs; names and values of at most 256 characters.",
}
IN_MAJOR_UNITS = {"description": "In major units, such as 500.00."}
METHOD_DOCUMENT = {"type": "string", "description": f"One of {', '.join(METHODS)}, in any spelling."}


class NewPayment(ma.Schema):
    email = fields.Email(
        required=True,
        validate=validate.Length(max=254),
        metadata={
            "description": "The payer's. People who are logged in pay as themselves: their account's counts."
        },
    )
    amount = MajorAmount(required=True, metadata={"type": "number", "description": "In major units."})
    currency = currency_field(required=True)
    paymentMethod = Method(required=True, metadata=METHOD_DOCUMENT)
    schoolId = Uuid(metadata={"type": "string", "format": "uuid"})
    description = text(DESCRIPTION_CHARS_MAX)
    phoneNumber = fields.String(
        validate=PHONE_NUMBER, metadata={"description": "The payer's; the account's when absent."}
    )
    notes = Notes(load_default=dict, metadata=NOTES_DOCUMENT)


class Processing(ma.Schema):
    """May be absent."""

    BODY_IS_OPTIONAL = True

    vpa = fields.String(
        validate=VPA, metadata={"description": "Ask this UPI address for the money; for upi payments."}
    )


class NewPaymentRefund(ma.Schema):
    """May be absent."""

    BODY_IS_OPTIONAL = True

    amount = MajorAmount(
        metadata={"type": "number", "description": "In major units; all that is left when absent."}
    )
    reason = text(REASON_CHARS_MAX)


class NoBody(ma.Schema):
    """Takes no fields; clients that send an empty object are welcome."""

    BODY_IS_OPTIONAL = True


class NextAction(ma.Schema):
    """What the customer has to do. `url` is the checkout page, where any method can be used."""

    type = fields.String(required=True, metadata={"enum": ["checkout", "approve_upi_request"]})
    url = fields.String(required=True)
    vpa = fields.String(metadata={"description": "Which UPI address was asked, all but hidden."})
    expiresAt = timestamp(allow_none=True)


class ResultShape(ma.Schema):
    """A payment. Amounts are in major units."""

    paymentId = fields.String(required=True)
    userEmail = fields.String(required=True, allow_none=True)
    amount = fields.Decimal(required=True, metadata=IN_MAJOR_UNITS)
    currency = fields.String(required=True)
    paymentMethod = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What the client said; `methodUsed` is what was used."},
    )
    status = status_field()
    createdAt = timestamp(required=True)
    updatedAt = timestamp(required=True)
    paidAt = timestamp(allow_none=True)
    methodUsed = fields.String(allow_none=True)
    refundedAmount = fields.Decimal(metadata=IN_MAJOR_UNITS)
    schoolId = fields.String(allow_none=True)
    description = fields.String(allow_none=True)
    notes = fields.Dict(keys=fields.String(), values=fields.String())
    receipt = fields.String(metadata={"description": "Our number of the order."})
    razorpayOrderId = fields.String(allow_none=True)
    razorpayPaymentId = fields.String(allow_none=True)
    failureReason = fields.String()
    nextAction = fields.Nested(NextAction, allow_none=True)


class PaymentRefundShape(ma.Schema):
    refundId = fields.String(required=True)
    razorpayRefundId = fields.String(required=True, allow_none=True)
    amount = fields.Decimal(required=True, metadata=IN_MAJOR_UNITS)
    currency = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["pending", "processed", "failed"]})
    reason = fields.String(allow_none=True)
    createdAt = timestamp(required=True)
    processedAt = timestamp(allow_none=True)
    failureReason = fields.String()
    receipt = fields.Nested(ReceiptLink, allow_none=True)


class DuplicateShape(ma.Schema):
    """A further payment that was made for the same order. It is returned in full, and counts nowhere."""

    razorpayPaymentId = fields.String(required=True)
    seenAt = timestamp(required=True)
    refund = fields.Nested(PaymentRefundShape, required=True)


class ReceiptRowShape(ma.Schema):
    id = fields.String(required=True)
    receiptNumber = fields.String(required=True)
    receiptType = fields.String(required=True)
    generatedAt = timestamp(required=True)
    downloadUrl = fields.String(required=True)


class TimelineShape(ma.Schema):
    """One thing that happened. `to` is null for a webhook that was ignored; `why` tells the reason."""

    at = timestamp(required=True)
    # Python keeps these two names to itself.
    locals()["from"] = fields.String(required=True, allow_none=True)
    to = fields.String(required=True, allow_none=True)
    why = fields.String(required=True)
    by = fields.String(required=True)
    correlationId = fields.String(allow_none=True)
    kind = fields.String(required=True, metadata={"enum": ["change", "webhook"]})


class WholeShape(ResultShape):
    attempts = fields.Integer(required=True)
    refunds = fields.List(fields.Nested(PaymentRefundShape), required=True)
    duplicates = fields.List(fields.Nested(DuplicateShape), required=True)
    receipts = fields.List(fields.Nested(ReceiptRowShape), required=True)
    timeline = fields.List(fields.Nested(TimelineShape), required=True)


def answer(name: str, **members: Any) -> type[ma.Schema]:
    """Return the schema of an answer with `success`, `message` and these members."""
    common: dict[str, Any] = {
        "success": fields.Boolean(required=True),
        "message": fields.String(required=True),
    }
    return ma.Schema.from_dict(common | members, name=name)


ResultAnswer = answer("ResultAnswer", result=fields.Nested(ResultShape, required=True))
WholeAnswer = answer("WholeAnswer", result=fields.Nested(WholeShape, required=True))
PaymentRefundAnswer = answer(
    "PaymentRefundAnswer",
    result=fields.Nested(ResultShape, required=True),
    refund=fields.Nested(PaymentRefundShape, required=True),
)
PaymentCancelAnswer = answer(
    "PaymentCancelAnswer",
    result=fields.Nested(ResultShape, required=True),
    receipt=fields.Nested(ReceiptLink, required=True, allow_none=True),
)

NEW_PAYMENT_EXAMPLE = {
    "email": "asha@example.com",
    "amount": 500.00,
    "currency": "INR",
    "paymentMethod": "credit card",
}
CREATED_RESULT: dict[str, Any] = {
    "paymentId": PAYMENT_EXAMPLE["id"],
    "userEmail": "asha@example.com",
    "amount": 500.00,
    "currency": "INR",
    "paymentMethod": "credit_card",
    "status": "CREATED",
    "schoolId": None,
    "description": None,
    "notes": {},
    "receipt": "RCP_1640995200000_0d9c1c0c8f434f0e",
    "createdAt": "2024-01-01T00:00:00.000Z",
    "updatedAt": "2024-01-01T00:00:00.000Z",
}
ROW_EXAMPLE = CREATED_RESULT | {
    "status": "PAID",
    "updatedAt": "2024-01-01T00:05:00.000Z",
    "paidAt": "2024-01-01T00:05:00.000Z",
    "methodUsed": "card",
    "refundedAmount": 0.00,
    "razorpayOrderId": "order_xyz123",
    "razorpayPaymentId": "pay_abc456",
}
PROCESSED_RESULT = ROW_EXAMPLE | {
    "status": "CREATED",
    "paidAt": None,
    "methodUsed": None,
    "razorpayPaymentId": None,
    "nextAction": {
        "type": "checkout",
        "url": f"https://pay.example.com/pay/{PAYMENT_EXAMPLE['id']}?token=n3Vw8qkq2iLrXo0cQmC5yZ1d",
    },
}
REFUND_EXAMPLE = {
    "refundId": "5f0e1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
    "razorpayRefundId": "rfnd_xyz789",
    "amount": 250.00,
    "currency": "INR",
    "status": "processed",
    "reason": "moved away",
    "createdAt": "2024-01-01T00:10:00.000Z",
    "processedAt": "2024-01-01T00:10:01.000Z",
    "receipt": RECEIPT_EXAMPLE,
}
TIMELINE_EXAMPLE = [
    {
        "at": "2024-01-01T00:00:00.000Z",
        "from": None,
        "to": "CREATED",
        "why": "the payment was recorded",
        "by": "user:8c7e1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
        "correlationId": "5b0c5a86",
        "kind": "change",
    },
    {
        "at": "2024-01-01T00:05:00.000Z",
        "from": "CREATED",
        "to": "PAID",
        "why": "pay_abc456 was captured",
        "by": "webhook:evt_123",
        "correlationId": "1c9f",
        "kind": "change",
    },
]
