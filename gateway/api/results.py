"""Payments as clients of the second document read them: under `result`, amounts in major units."""

from typing import Any

from gateway.api import present
from gateway.domain import processing
from gateway.domain.context import Context
from gateway.domain.models import DuplicatePayment, Payment, Refund
from gateway.domain.money import to_major
from gateway.domain.states import CREATED, OPEN
from gateway.domain.timeline import TimelineEntry
from gateway.domain.upi import masked


def created(payment: Payment) -> dict[str, Any]:
    """Return the payment as it was recorded, whatever has become of it, so that a repeated request gets the
    same answer."""
    return _identity(payment) | {"status": CREATED, "updatedAt": payment.created_at}


def payment(payment: Payment, context: Context) -> dict[str, Any]:
    """Return the payment as it is now, with what its customer has to do next."""
    return _now(payment, context)


def row(payment: Payment) -> dict[str, Any]:
    """Return the payment as a list has it."""
    state = _identity(payment) | {
        "status": payment.status,
        "updatedAt": payment.updated_at,
        "paidAt": payment.paid_at,
        "methodUsed": payment.payment_method,
        "refundedAmount": to_major(payment.refunded_minor, payment.currency),
        "razorpayOrderId": payment.provider_order_id,
        "razorpayPaymentId": payment.provider_payment_id,
    }
    if payment.failure_reason:
        state["failureReason"] = payment.failure_reason
    return state


def whole(payment: Payment, timeline: list[TimelineEntry], context: Context) -> dict[str, Any]:
    """Return everything about the payment: its refunds, what was paid twice, its receipts and its story."""
    return _now(payment, context) | {
        "attempts": payment.attempts,
        "refunds": [refund(payment, each) for each in payment.refunds],
        "duplicates": [_duplicate(payment, each) for each in payment.duplicates],
        "receipts": [present.receipt_row(receipt) for receipt in payment.receipts],
        "timeline": [_timeline_entry(entry) for entry in timeline],
    }


def refunded(payment: Payment, refund: Refund, context: Context) -> dict[str, Any]:
    """Return the payment as this refund of it left it, whatever has followed, so that a repeated request gets
    the same answer."""
    after = present.after_refund(payment, refund)
    return _now(payment, context) | {
        "status": after.status,
        "updatedAt": after.updated_at,
        "refundedAmount": to_major(after.refunded_minor, payment.currency),
    }


def refund(payment: Payment, refund: Refund) -> dict[str, Any]:
    """Return a refund, with its receipt once it is processed."""
    shown = {
        "refundId": refund.id,
        "razorpayRefundId": refund.provider_refund_id,
        "amount": to_major(refund.amount_minor, payment.currency),
        "currency": payment.currency,
        "status": refund.status,
        "reason": refund.notes.get("reason"),
        "createdAt": refund.requested_at,
        "processedAt": refund.processed_at,
        "receipt": present.receipt_link(present.find_receipt(payment, "REFUND_RECEIPT", refund.id)),
    }
    if refund.failure_reason:
        shown["failureReason"] = refund.failure_reason
    return shown


def _duplicate(payment: Payment, duplicate: DuplicatePayment) -> dict[str, Any]:
    return {
        "razorpayPaymentId": duplicate.provider_payment_id,
        "seenAt": duplicate.seen_at,
        "refund": refund(payment, duplicate.refund),
    }


def next_action(payment: Payment, context: Context) -> dict[str, Any] | None:
    """Return what the customer has to do: approve the UPI request, or pay on the checkout page, whose
    address is good for both; None while nothing was asked for, once the page has expired (asking again renews
    it), and once there is nothing left to do."""
    is_refused = processing.is_orderless(payment)
    if not payment.page_token or payment.status not in OPEN or payment.authorized_at or is_refused:
        return None
    if processing.page_has_expired(payment, context):
        return None
    url = f"{context.public_url}/pay/{payment.id}?token={payment.page_token}"
    if not processing.awaits_approval(payment, context) or not processing.is_approval_certain(payment):
        return {"type": "checkout", "url": url}
    collect = payment.upi_collect
    return {
        "type": "approve_upi_request",
        "url": url,
        "vpa": masked(collect.vpa),
        "expiresAt": collect.expires_at,
    }


def _now(payment: Payment, context: Context) -> dict[str, Any]:
    return row(payment) | {"nextAction": next_action(payment, context)}


def _identity(payment: Payment) -> dict[str, Any]:
    return {
        "paymentId": payment.id,
        "userEmail": payment.user_email,
        "amount": to_major(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "paymentMethod": payment.requested_method or payment.payment_method,
        "schoolId": payment.school_id,
        "description": payment.description,
        "notes": payment.notes,
        "receipt": payment.order_receipt,
        "createdAt": payment.created_at,
    }


def _timeline_entry(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "from": entry.from_status,
        "to": entry.to_status,
        "why": entry.why,
        "by": entry.by,
        "correlationId": entry.correlation_id,
        "kind": entry.kind,
    }
