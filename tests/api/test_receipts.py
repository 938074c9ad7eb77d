"""Receipts: what their PDFs say, how they are downloaded, and that they never change."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.models import Payment, Receipt, Work
from tests.support.client import (
    PAYMENTS,
    Api,
    PaidOrder,
    Person,
    Sandbox,
    open_order,
    paid_order,
    stored,
)
from tests.support.steps import at_rest, pdf_lines
from tests.support.waiting import wait_until

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


def test_the_download_is_a_pdf_named_after_its_receipt_number(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox)

    answer = customer.api.download(paid.receipt)

    number = paid.receipt["receiptNumber"]
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.pdf"'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.content.startswith(b"%PDF-")


def test_the_pdf_follows_its_receipt_within_a_second(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox)
    (issued,) = (ref.issued_at for ref in stored(paid.payment_id).receipts)

    customer.api.download(paid.receipt)

    rendered = Receipt.objects.get(id=paid.receipt["id"]).rendered_at
    assert (rendered - issued).total_seconds() < 5


@pytest.fixture
def rendered(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment about which no webhook is on its way, with a rendered receipt."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    customer.api.download(paid.receipt)
    at_rest(paid.payment_id)
    return paid


def test_the_stored_hash_is_that_of_the_download(customer: Person, rendered: PaidOrder) -> None:
    pdf = customer.api.download(rendered.receipt).content

    receipt = Receipt.objects.get(id=rendered.receipt["id"])
    assert receipt.pdf_sha256 == hashlib.sha256(pdf).hexdigest()
    assert receipt.pdf == pdf
    assert receipt.work is None


def test_rendering_again_gives_the_same_bytes(customer: Person, rendered: PaidOrder) -> None:
    before = customer.api.download(rendered.receipt).content
    _forget_pdf(rendered.receipt["id"], due_at=datetime.now(UTC))

    after = customer.api.download(rendered.receipt)

    assert after.status_code == 200
    assert after.content == before


def test_a_receipt_keeps_its_words_when_the_payment_moves_on(customer: Person, rendered: PaidOrder) -> None:
    before = customer.api.download(rendered.receipt).content
    customer.api.refund(rendered.payment_id)
    at_rest(rendered.payment_id)
    _forget_pdf(rendered.receipt["id"], due_at=datetime.now(UTC))

    assert customer.api.download(rendered.receipt).content == before


def test_a_receipt_that_is_not_rendered_yet_is_a_202_with_its_number(hasty: Api, rendered: PaidOrder) -> None:
    _forget_pdf(rendered.receipt["id"], due_at=datetime(2100, 1, 1, tzinfo=UTC))

    answer = hasty.get(rendered.receipt["downloadUrl"])

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "1"
    assert answer.json() == {
        "success": True,
        "data": {"receipt": rendered.receipt},
        "message": "The receipt is being rendered",
    }
    Receipt.objects(id=rendered.receipt["id"]).update_one(set__work__due_at=datetime.now(UTC))
    wait_until(lambda: hasty.get(rendered.receipt["downloadUrl"]).status_code == 200, "the PDF")


def test_a_receipt_whose_document_was_never_written_is_issued_on_demand(
    customer: Person, rendered: PaidOrder
) -> None:
    before = customer.api.download(rendered.receipt).content
    Receipt.objects(id=rendered.receipt["id"]).delete()
    Payment.objects(id=rendered.payment_id).update_one(
        set__receipts__0__stored=False,
        set__work=Work(kind="issue_receipts", due_at=datetime.now(UTC)),
    )

    after = customer.api.download(rendered.receipt)

    assert after.content == before
    assert Receipt.objects(payment_id=rendered.payment_id).count() == 1


def _forget_pdf(receipt_id: str, *, due_at: datetime) -> None:
    Receipt.objects(id=receipt_id).update_one(
        unset__pdf=True,
        unset__pdf_sha256=True,
        unset__rendered_at=True,
        set__work=Work(kind="render_receipt", due_at=due_at),
    )


def test_an_unknown_receipt_and_someone_elses_are_the_same_404(
    customer: Person, stranger: Person, foreign_staff: Person, rendered: PaidOrder
) -> None:
    foreign = [person.api.get(rendered.receipt["downloadUrl"]) for person in (stranger, foreign_staff)]
    unknown = [
        customer.api.get(f"{PAYMENTS}/receipts/{receipt_id}/download")
        for receipt_id in ("00000000-0000-4000-8000-000000000000", "not-a-uuid", rendered.payment_id)
    ]

    assert [answer.status_code for answer in foreign + unknown] == [404] * 5
    assert [answer.json() for answer in foreign + unknown] == [
        {
            "success": False,
            "error": "There is no such receipt.",
            "code": "RECEIPT_NOT_FOUND",
            "details": {"receiptId": "is unknown"},
        }
    ] * 5


def test_the_schools_staff_and_admins_may_download(staff: Person, admin: Person, rendered: PaidOrder) -> None:
    answers = [person.api.get(rendered.receipt["downloadUrl"]) for person in (staff, admin)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
