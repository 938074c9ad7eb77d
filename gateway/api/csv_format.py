"""Payments as lines of CSV (RFC 4180) that spreadsheets open rightly, and that cannot do anything there."""

import csv
import io
import re
from datetime import datetime
from typing import Any

from gateway.api.fields import iso
from gateway.domain.models import Payment
from gateway.domain.money import to_major

# Spreadsheets take UTF-8 for something else unless it begins with this.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What makes a spreadsheet calculate (OWASP, CSV injection), also after blanks that it may cut off, seen or
# unseen; the full-width forms do so in some.
FORMULA = re.compile("[\\s\u200b-\u200f\u2060\ufeff]*[=+@＝＋－＠-]|[\t\r\n]")
# Where lists are separated by one of these, a spreadsheet begins a new cell after it, in quotes or not.
SEPARATED_FORMULA = re.compile(f"([;|])(?={FORMULA.pattern})")

COLUMNS = (
    "paymentId",
    "receipt",
    "createdAt",
    "paidAt",
    "updatedAt",
    "userEmail",
    "schoolId",
    "description",
    "amount",
    "refundedAmount",
    "currency",
    "status",
    "paymentMethod",
    "methodUsed",
    "razorpayOrderId",
    "razorpayPaymentId",
    "failureReason",
)


def line(payment: Payment) -> bytes:
    """Return one payment's line. Amounts are in major units with exactly the currency's decimals."""
    return _join(
        (
            payment.id,
            payment.order_receipt,
            payment.created_at,
            payment.paid_at,
            payment.updated_at,
            payment.user_email,
            payment.school_id,
            payment.description,
            to_major(payment.amount_minor, payment.currency),
            to_major(payment.refunded_minor, payment.currency),
            payment.currency,
            payment.status,
            payment.requested_method or payment.payment_method,
            payment.payment_method,
            payment.provider_order_id,
            payment.provider_payment_id,
            payment.failure_reason,
        )
    )


def _join(cells: tuple[Any, ...]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, str):
        value = SEPARATED_FORMULA.sub(r"\1'", value)
        return f"'{value}" if FORMULA.match(value) else value
    return format(value, "f")


HEAD = BYTE_ORDER_MARK.encode() + _join(COLUMNS)
