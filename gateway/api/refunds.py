"""Refunds: send back all or part of a payment."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from gateway import dispatch
from gateway.api import present
from gateway.api.fields import MajorAmount, Notes, UnixTime, Uuid
from gateway.api.openapi import can_fail, idempotent_by_key
from gateway.api.parsing import StrictBlueprint, idempotency_key, minor_units
from gateway.api.schemas import ReceiptLink, envelope, status_field, timestamp
from gateway.api.services import context, viewer, wait_for
from gateway.domain import access, refunds
from gateway.domain.errors import RefundRejected
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import Payment
from gateway.domain.states import REFUND_FAILED, REFUND_PENDING

blueprint = StrictBlueprint(
    "refunds", __name__, url_prefix="/api/v1/payments", description="Money on its way back."
)

RETRY_AFTER = {"Retry-After": "2"}


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
@can_fail("payment", "refund", "refund_rejected")
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
    payment = access.payment_by_id(viewer(), body["paymentId"])
    surroundings = context()
    amount_minor = None
    if "amount" in body:
        amount_max = surroundings.limits.payment_amount_minor_max
        amount_minor = minor_units(body["amount"], payment.currency, amount_max)
    key = idempotency_key()
    idempotency = key and Idempotency.of(
        user_id=viewer().id,
        operation="create_refund",
        client_key=key,
        request={"paymentId": payment.id, "amount_minor": amount_minor, "notes": body["notes"]},
    )
    requested = refunds.request(
        surroundings, payment, amount_minor=amount_minor, notes=body["notes"], idempotency=idempotency or None
    )
    dispatch.due_work(requested.payment, surroundings.now())
    payment = wait_for(
        lambda: Payment.objects.get(id=payment.id), lambda payment: _is_answered(payment, requested.refund.id)
    )
    return _answer(payment, requested.refund.id, replayed=requested.replayed)


def _is_answered(payment: Payment, refund_id: str) -> bool:
    refund = refunds.find(payment, refund_id)
    return refund is not None and (refund.status != REFUND_PENDING or refund.provider_refund_id is not None)


def _answer(payment: Payment, refund_id: str, *, replayed: bool) -> Any:
    refund = refunds.find(payment, refund_id)
    assert refund is not None
    if refund.status == REFUND_FAILED:
        raise RefundRejected("The payment provider refused the refund.", provider=refund.failure_reason)
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    data = present.refund(payment, refund)
    if refund.provider_refund_id is None:
        message = "Refund recorded; the provider has not answered yet"
        return {"success": True, "data": data, "message": message}, 202, headers | RETRY_AFTER
    return {"success": True, "data": data, "message": "Refund created successfully"}, 201, headers
