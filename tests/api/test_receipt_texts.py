"""What the three kinds of receipt say, to the line."""

from datetime import datetime
from typing import Any

from tests.support.client import (
    PAYMENTS,
    Person,
    Sandbox,
    open_order,
    paid_order,
    stored,
)
from tests.support.steps import pdf_lines

CARD = {"method": "card", "number": "4111 1111 1111 1111", "expiry": "12/30", "cvv": "123"}
ISSUER = [
    "From",
    "Example School Payments Pvt. Ltd.",
    "12 Residency Road, Bengaluru 560025,",
    "Karnataka, India",
    "accounts@example.com",
    "+91 80 5550 0100",
]


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%B} {moment.year}"


def _moment(moment: datetime) -> str:
    return f"{_date(moment)}, {moment:%H:%M} UTC"


def _lines(customer: Person, receipt: dict[str, Any], email: str) -> list[str]:
    """Return the lines of a receipt's PDF, with the payer's long address put together again."""
    lines = pdf_lines(customer.api.download(receipt).content)
    start = lines.index("Asha Rao") + 1
    end = next(n for n in range(start, len(lines)) if "".join(lines[start:n]) == email)
    return [*lines[:start], email, *lines[end:]]


def _frame(
    title: str, receipt: dict[str, Any], issued_at: datetime, email: str, rest: list[str]
) -> list[str]:
    number = receipt["receiptNumber"]
    return [
        title,
        f"Receipt number {number}",
        f"Date of issue {_date(issued_at)}",
        *ISSUER,
        "To",
        "Asha Rao",
        email,
        *rest,
        "This is a computer-generated receipt and needs no signature.",
        f"Receipt {number} · Example School Payments Pvt. Ltd.",
    ]


def test_a_payment_receipt_says_everything(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox, 123456.5, CARD)
    payment = stored(paid.payment_id)

    lines = _lines(customer, paid.receipt, customer.email)

    details = [
        "Amount paid",
        "₹123,456.50",
        "Purpose school_registration",
        f"Payment date {_moment(payment.paid_at)}",
        "Payment method Card",
        "Status PAID",
        f"School ID {customer.school_id}",
        f"Payment ID {paid.payment_id}",
        f"Order ID {paid.order_id}",
        f"Provider payment ID {paid.provider_payment_id}",
        "Currency INR",
        "Amount paid ₹123,456.50",
    ]
    issued_at = payment.receipts[0].issued_at
    assert lines == _frame("Payment receipt", paid.receipt, issued_at, customer.email, details)


def test_a_refund_receipt_says_everything(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox, 500)
    data = customer.api.refund(paid.payment_id, 120.25, notes={"reason": "moved away"}).json()["data"]
    payment = stored(paid.payment_id)

    lines = _lines(customer, data["receipt"], customer.email)

    details = [
        "Refund amount",
        "₹120.25",
        "The refund is credited to the original payment method within 5-7 working days.",
        "Purpose school_registration",
        f"Refund ID {data['refund']['id']}",
        "Refund status Processed",
        "Refund reason moved away",
        f"Refund date {_moment(payment.refunds[0].processed_at)}",
        f"Payment date {_moment(payment.paid_at)}",
        "Payment method UPI",
        "Payment status PARTIAL_REFUND",
        f"School ID {customer.school_id}",
        f"Original payment ID {paid.payment_id}",
        f"Original order ID {paid.order_id}",
        f"Provider payment ID {paid.provider_payment_id}",
        "Currency INR",
        "Original amount ₹500.00",
        "Refund amount ₹120.25",
    ]
    issued_at = payment.receipts[1].issued_at
    assert lines == _frame("Refund receipt", data["receipt"], issued_at, customer.email, details)


def test_a_cancellation_receipt_says_everything(customer: Person) -> None:
    order_id, payment_id = open_order(customer, 75)
    data = customer.api.post(f"{PAYMENTS}/orders/{order_id}/cancel").json()["data"]
    payment = stored(payment_id)

    lines = _lines(customer, data["receipt"], customer.email)

    details = [
        "Amount cancelled",
        "₹75.00",
        "This payment was cancelled before it was completed. No money was taken.",
        "Purpose school_registration",
        f"Payment requested {_moment(payment.created_at)}",
        f"Cancellation date {_moment(payment.cancelled_at)}",
        "Status CANCELLED",
        f"School ID {customer.school_id}",
        f"Payment ID {payment_id}",
        f"Order ID {order_id}",
        "Currency INR",
        "Amount cancelled ₹75.00",
    ]
    issued_at = payment.receipts[0].issued_at
    assert lines == _frame("Cancellation receipt", data["receipt"], issued_at, customer.email, details)


def test_the_purpose_of_the_order_is_printed(customer: Person, sandbox: Sandbox) -> None:
    order_id, _ = open_order(customer, notes={"purpose": "Library fee <b>2026</b>"})
    receipt = customer.api.verify(sandbox.pay(order_id)).json()["data"]["receipt"]

    assert "Purpose Library fee <b>2026</b>" in pdf_lines(customer.api.download(receipt).content)
