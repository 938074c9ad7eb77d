"""Receipts: how they are downloaded, and that they never change."""

import hashlib
from datetime import UTC, datetime

import pytest

from gateway.domain.models import Payment, Receipt, Work
from tests.support.client import (
    PAYMENTS,
    PaidOrder,
    Person,
    Sandbox,
    paid_order,
    stored,
)
from tests.support.steps import at_rest


def test_the_download_is_a_pdf_named_after_its_receipt_number(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox)

    answer = customer.api.download(paid.receipt)

    number = paid.receipt["receiptNumber"]
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.pdf"'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.content.startswith(b"%PDF-")


def test_the_pdf_follows_its_receipt_within_seconds(customer: Person, sandbox: Sandbox) -> None:
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


def test_a_receipt_keeps_its_words_when_the_payment_moves_on(customer: Person, rendered: PaidOrder) -> None:
    before = customer.api.download(rendered.receipt).content
    customer.api.refund(rendered.payment_id)
    at_rest(rendered.payment_id)
    _forget_pdf(rendered.receipt["id"], due_at=datetime.now(UTC))

    assert customer.api.download(rendered.receipt).content == before


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
