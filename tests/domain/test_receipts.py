"""Which receipts a payment is owed: each once, with an id and a number that follow from what it documents."""

import hashlib
import uuid
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from gateway.domain import planning, receipts, work
from gateway.domain.account_models import User
from gateway.domain.context import Limits
from gateway.domain.models import Payment, Receipt, Refund
from gateway.domain.receipt_contents import Issuer, ReceiptContents
from gateway.domain.transitions import change_payment
from tests.support.domain import NOW, a_context, a_paid_payment, a_payment, raw
from tests.support.racing import together

CONTENTS = ReceiptContents(
    kind="REFUND_RECEIPT",
    number="REF_1",
    issued_at=NOW,
    payment_id="payment",
    school_id="school",
    order_id="order_1",
    provider_payment_id="pay_1",
    payment_method="upi",
    status="REFUNDED",
    purpose="सदस्यता शुल्क",
    currency="INR",
    amount_minor=12_345,
    payment_amount_minor=50_000,
    payer_name='Åsa "A" O\'Hara\n',
    payer_email="asa@example.com",
    issuer=Issuer(name="School ₹", address="1, Road", email="a@b.example", phone="+91"),
    created_at=NOW - timedelta(days=1, milliseconds=1),
    paid_at=NOW,
    refund_id="rfnd_1",
    refund_status="processed",
    refund_reason="moved away",
    refunded_at=NOW,
)


def a_refund(refund_id: str) -> Refund:
    """Return a refund of one rupee."""
    return Refund(
        id=refund_id, amount_minor=100, requested_by="test", requested_at=NOW, idempotency_key=refund_id
    )


def test_a_receipts_id_and_number_follow_from_payment_kind_and_refund() -> None:
    payment_id = "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55"

    minted = [
        receipts.mint(a_paid_payment(id=payment_id), "PAYMENT_RECEIPT", NOW + timedelta(days=days))
        for days in range(2)
    ]

    assert minted[0].id == minted[1].id
    assert minted[0].number == minted[1].number
    assert uuid.UUID(minted[0].id).version == 5
    assert minted[0].number.startswith("RCP_0d9c1c0c_")
    assert len(minted[0].number) == len("RCP_0d9c1c0c_") + 10


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [("PAYMENT_RECEIPT", "RCP_"), ("REFUND_RECEIPT", "REF_"), ("CANCELLATION_RECEIPT", "CAN_")],
)
def test_each_kind_has_its_prefix(kind: str, prefix: str) -> None:
    payment = a_payment()

    ref = receipts.mint(payment, kind, NOW)

    assert ref.number.startswith(f"{prefix}{payment.id[:8]}_")
    assert (ref.kind, ref.issued_at, ref.stored) == (kind, NOW, False)


def test_what_is_minted_twice_is_there_once() -> None:
    payment = a_paid_payment()

    first = receipts.mint(payment, "PAYMENT_RECEIPT", NOW)
    second = receipts.mint(payment, "PAYMENT_RECEIPT", NOW + timedelta(days=1))

    assert second is first
    assert (len(payment.receipts), first.issued_at) == (1, NOW)


def test_every_payment_kind_and_refund_has_a_receipt_of_its_own() -> None:
    payment, other = a_paid_payment(), a_paid_payment()

    minted = [
        receipts.mint(payment, "PAYMENT_RECEIPT", NOW),
        receipts.mint(payment, "CANCELLATION_RECEIPT", NOW),
        receipts.mint(payment, "REFUND_RECEIPT", NOW, a_refund("one")),
        receipts.mint(payment, "REFUND_RECEIPT", NOW, a_refund("two")),
        receipts.mint(other, "PAYMENT_RECEIPT", NOW),
    ]

    assert len({ref.id for ref in minted}) == len({ref.number for ref in minted}) == 5
    assert [ref.refund_id for ref in minted] == [None, None, "one", "two", None]


@pytest.mark.parametrize(
    "contents",
    [
        CONTENTS,
        replace(
            CONTENTS,
            school_id=None,
            order_id=None,
            provider_payment_id=None,
            payment_method=None,
            paid_at=None,
            cancelled_at=NOW,
            refund_id=None,
            refund_status=None,
            refund_reason=None,
            refunded_at=None,
        ),
    ],
    ids=["everything", "as little as possible"],
)
def test_contents_come_back_as_they_were_written(contents: ReceiptContents) -> None:
    loaded = receipts.load_contents(receipts.dump_contents(contents))

    assert loaded == contents
    assert [type(getattr(loaded, each.name)) for each in fields(contents)] == [
        type(getattr(contents, each.name)) for each in fields(contents)
    ]


def test_contents_are_readable_text() -> None:
    text = receipts.dump_contents(CONTENTS)

    assert '"amount_minor": 12345' in text
    assert "सदस्यता शुल्क" in text


def an_owed_payment() -> Payment:
    """Store a paid payment whose receipt is owed, with the work of issuing it."""
    payment = a_paid_payment()
    receipts.mint(payment, "PAYMENT_RECEIPT", NOW)
    planning.plan_payment(payment, NOW, Limits())
    return payment.save()


@pytest.mark.usefixtures("stack")
def test_an_owed_receipt_is_issued_once_with_the_work_of_rendering_it() -> None:
    payment = an_owed_payment()

    first = receipts.issue(a_context(), payment.id)
    second = receipts.issue(a_context(), payment.id)

    assert first is not None
    assert second is None
    (receipt,) = Receipt.objects(payment_id=payment.id)
    assert first.receipt_ids == [receipt.id] == [payment.receipts[0].id]
    assert (receipt.work.kind, receipt.rendered_at, receipt.pdf) == ("render_receipt", None, None)
    stored = Payment.objects.get(id=payment.id)
    assert (stored.receipts[0].stored, stored.work) == (True, None)


@pytest.mark.usefixtures("stack")
def test_a_worker_that_died_after_the_insert_is_taken_over_without_a_second_receipt() -> None:
    payment = an_owed_payment()
    receipts.issue(a_context(), payment.id)
    inserted = Receipt.objects.get(payment_id=payment.id)

    def as_if_it_had_died(payment: Payment) -> bool:
        payment.receipts[0].stored = False
        return True

    change_payment(a_context(), payment.id, as_if_it_had_died)
    again = receipts.issue(a_context(), payment.id)

    assert again is not None
    assert Receipt.objects(payment_id=payment.id).count() == 1
    assert raw(inserted) == raw(Receipt.objects.get(payment_id=payment.id))
    assert Payment.objects.get(id=payment.id).receipts[0].stored is True


@pytest.mark.usefixtures("stack")
def test_what_a_receipt_says_is_what_the_payment_was() -> None:
    payment = an_owed_payment()
    User(
        id=payment.user_id,
        email=payment.user_email,
        name="Asha Rao",
        phone_number="+91",
        password_hash="none",
        created_at=NOW,
    ).save()

    receipts.issue(a_context(), payment.id)

    contents = receipts.load_contents(Receipt.objects.get(payment_id=payment.id).contents)
    assert (contents.kind, contents.number) == ("PAYMENT_RECEIPT", payment.receipts[0].number)
    assert (contents.amount_minor, contents.currency, contents.status) == (50_000, "INR", "PAID")
    assert (contents.payer_name, contents.payer_email) == ("Asha Rao", payment.user_email)
    assert (contents.order_id, contents.provider_payment_id) == (
        payment.provider_order_id,
        payment.provider_payment_id,
    )
    assert (contents.purpose, contents.paid_at) == ("Payment", NOW)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("notes", "description", "purpose"),
    [
        ({"purpose": "school_registration"}, "Fees", "school_registration"),
        ({}, "Fees of the first term", "Fees of the first term"),
        ({"reason": "x"}, None, "Payment"),
    ],
)
def test_a_receipt_says_what_the_payment_was_for(
    notes: dict[str, str], description: str | None, purpose: str
) -> None:
    payment = an_owed_payment()
    Payment.objects(id=payment.id).update_one(set__notes=notes, set__description=description)

    receipts.issue(a_context(), payment.id)

    contents = receipts.load_contents(Receipt.objects.get(payment_id=payment.id).contents)
    assert contents.purpose == purpose


@pytest.mark.usefixtures("stack")
def test_the_first_pdf_is_kept_with_its_hash() -> None:
    payment = an_owed_payment()
    receipts.issue(a_context(), payment.id)
    receipt_id = payment.receipts[0].id
    claim = receipts.claim_rendering(a_context(), receipt_id)
    before = receipts.rendered(receipt_id)

    written = [receipts.finish_rendering(a_context(), claim, pdf).written for pdf in (b"first", b"second")]

    assert before is None
    assert written == [True, False]
    receipt = receipts.rendered(receipt_id)
    assert (receipt.pdf, receipt.work) == (b"first", None)
    assert receipt.pdf_sha256 == hashlib.sha256(b"first").hexdigest()


@pytest.mark.usefixtures("stack")
def test_of_many_workers_one_renders() -> None:
    payment = an_owed_payment()
    receipts.issue(a_context(), payment.id)
    receipt_id = payment.receipts[0].id

    claims = together(10, lambda _: receipts.claim_rendering(a_context(), receipt_id))

    assert sum(isinstance(claim, work.Claim) for claim in claims) == 1
    assert claims.count(None) == 9
