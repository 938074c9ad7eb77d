"""Documents into the words of the API document. Each function returns plain data for a schema."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.models import Payment, ReceiptRef, Refund
from gateway.domain.orders import order_notes
from gateway.domain.states import CREATED, PARTIAL_REFUND, REFUNDED

RECEIPTS_PATH = "/api/v1/payments/receipts"


def order(payment: Payment) -> dict[str, Any] | None:
    """Return the provider order as it was when it was opened, or None while it is not."""
    if payment.provider_order_id is None:
        return None
    return {
        "id": payment.provider_order_id,
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "receipt": payment.order_receipt,
        "status": "created",
        "created_at": payment.provider_order_created_at,
        "notes": order_notes(payment),
    }


def created_payment(payment: Payment) -> dict[str, Any]:
    """Return the payment as it was created, whatever has become of it, so that a repeated request gets
    the same answer."""
    return _identity(payment) | {
        "status": CREATED,
        "receipt": payment.order_receipt,
        "createdAt": payment.created_at,
    }


def _identity(payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "schoolId": payment.school_id,
        "razorpayOrderId": payment.provider_order_id,
        "amount": payment.amount_minor,
        "currency": payment.currency,
    }


def payment_state(payment: Payment) -> dict[str, Any]:
    """Return the payment as it is now."""
    state = _identity(payment) | {
        "razorpayPaymentId": payment.provider_payment_id,
        "status": payment.status,
        "paymentMethod": payment.payment_method,
        "attempts": payment.attempts,
        "createdAt": payment.created_at,
        "paidAt": payment.paid_at,
    }
    if payment.failure_reason:
        state["failureReason"] = payment.failure_reason
    return state


def payment_row(payment: Payment) -> dict[str, Any]:
    """Return the payment as a row of a list."""
    return payment_state(payment) | {"receipt": payment.order_receipt}


def receipt_link(receipt: ReceiptRef | None) -> dict[str, Any] | None:
    """Return where a receipt is downloaded."""
    if receipt is None:
        return None
    return {
        "id": receipt.id,
        "receiptNumber": receipt.number,
        "filePath": f"receipts/{receipt.number}.pdf",
        "downloadUrl": f"{RECEIPTS_PATH}/{receipt.id}/download",
    }


def receipt_row(receipt: ReceiptRef) -> dict[str, Any]:
    """Return a receipt as a payment's list of receipts has it."""
    return {
        "id": receipt.id,
        "receiptNumber": receipt.number,
        "receiptType": receipt.kind,
        "generatedAt": receipt.issued_at,
        "downloadUrl": f"{RECEIPTS_PATH}/{receipt.id}/download",
    }


def find_receipt(payment: Payment, kind: str, refund_id: str | None = None) -> ReceiptRef | None:
    """Return the payment's receipt of this kind, or None."""
    return next((r for r in payment.receipts if r.kind == kind and r.refund_id == refund_id), None)


def refund(payment: Payment, refund: Refund) -> dict[str, Any]:
    """Return a refund, its payment as it was right after it, and its receipt once it is processed."""
    return {
        "refund": {
            "id": refund.provider_refund_id,
            "payment_id": payment.provider_payment_id,
            "amount": refund.amount_minor,
            "currency": payment.currency,
            "status": refund.status,
            "created_at": refund.requested_at,
        },
        "payment": _payment_after(payment, refund),
        "receipt": receipt_link(find_receipt(payment, "REFUND_RECEIPT", refund.id)),
    }


def _payment_after(payment: Payment, refund: Refund) -> dict[str, Any]:
    after = after_refund(payment, refund)
    return {"id": payment.id, "status": after.status, "updatedAt": after.updated_at}


@dataclass(frozen=True)
class AfterRefund:
    """A payment as one of its refunds left it."""

    status: str
    refunded_minor: int
    updated_at: datetime


def after_refund(payment: Payment, refund: Refund) -> AfterRefund:
    """Return how this refund left the payment, so that a repeated request gets the same answer although
    other refunds have followed."""
    if refund.accepted_at is None:
        return AfterRefund(payment.status, payment.refunded_minor, payment.updated_at)
    accepted = [r for r in payment.refunds if r.accepted_at and r.accepted_at <= refund.accepted_at]
    refunded_minor = sum(r.amount_minor for r in accepted if r.status != "failed")
    status = REFUNDED if refunded_minor >= payment.captured_minor else PARTIAL_REFUND
    return AfterRefund(status, refunded_minor, refund.processed_at or refund.accepted_at)
