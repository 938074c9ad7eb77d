"""Refunds: the documented answer, and never more than was captured, whoever asks how often at once."""

import pytest

from gateway.domain.models import Receipt
from tests.support.client import (
    PAYMENTS,
    PaidOrder,
    Person,
    Sandbox,
    open_order,
    paid_order,
    snapshot,
    stored,
)
from tests.support.steps import TIMESTAMP, at_rest, calls_to


@pytest.fixture
def paid(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment of 500.00 about which no webhook is on its way."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox, 500)
    at_rest(paid.payment_id)
    return paid


def _refunded_minor(sandbox: Sandbox, paid: PaidOrder) -> list[int]:
    return sorted(refund["amount"] for refund in sandbox.refunds_of(paid.provider_payment_id))


def test_the_answer_is_the_documented_one(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> None:
    answer = customer.api.refund(paid.payment_id, 250.00, notes={"reason": "Cancelled by school"})

    (provider_refund,) = sandbox.refunds_of(paid.provider_payment_id)
    receipt = stored(paid.payment_id).receipts[1]
    body = answer.json()
    assert answer.status_code == 201
    assert body == {
        "success": True,
        "data": {
            "refund": {
                "id": provider_refund["id"],
                "payment_id": paid.provider_payment_id,
                "amount": 25000,
                "currency": "INR",
                "status": "processed",
                "created_at": body["data"]["refund"]["created_at"],
            },
            "payment": {
                "id": paid.payment_id,
                "status": "PARTIAL_REFUND",
                "updatedAt": body["data"]["payment"]["updatedAt"],
            },
            "receipt": {
                "id": receipt.id,
                "receiptNumber": receipt.number,
                "filePath": f"receipts/{receipt.number}.pdf",
                "downloadUrl": f"{PAYMENTS}/receipts/{receipt.id}/download",
            },
        },
        "message": "Refund created successfully",
    }
    assert isinstance(body["data"]["refund"]["created_at"], int)
    assert TIMESTAMP.fullmatch(body["data"]["payment"]["updatedAt"])
    assert receipt.number.startswith(f"REF_{paid.payment_id[:8]}_")
    assert provider_refund["notes"] == {"reason": "Cancelled by school"}


def test_the_provider_gets_our_refund_id_as_idempotency_key_and_receipt(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    customer.api.refund(paid.payment_id, 100)

    (refund,) = stored(paid.payment_id).refunds
    (call,) = calls_to(sandbox, "POST", f"/payments/{paid.provider_payment_id}/refund")
    (provider_refund,) = sandbox.refunds_of(paid.provider_payment_id)
    assert call["idempotency_key"] == refund.id
    assert provider_refund["receipt"] == refund.id


def test_partial_refunds_add_up_to_a_full_one(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> None:
    answers = [customer.api.refund(paid.payment_id, amount) for amount in (100, 150.5, 249.5)]

    statuses = [answer.json()["data"]["payment"]["status"] for answer in answers]
    assert statuses == ["PARTIAL_REFUND", "PARTIAL_REFUND", "REFUNDED"]
    payment = at_rest(paid.payment_id)
    assert (payment.status, payment.refund_reserved_minor) == ("REFUNDED", 50000)
    assert _refunded_minor(sandbox, paid) == [10000, 15050, 24950]
    assert len({answer.json()["data"]["receipt"]["receiptNumber"] for answer in answers}) == 3
    assert Receipt.objects(payment_id=paid.payment_id, kind="REFUND_RECEIPT").count() == 3


def test_without_an_amount_all_that_is_left_goes_back(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    customer.api.refund(paid.payment_id, 0.99 + 1)

    answer = customer.api.refund(paid.payment_id)

    assert answer.json()["data"]["refund"]["amount"] == 49801
    assert answer.json()["data"]["payment"]["status"] == "REFUNDED"
    assert _refunded_minor(sandbox, paid) == [199, 49801]


def test_a_second_full_refund_is_refused(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> None:
    customer.api.refund(paid.payment_id)
    at_rest(paid.payment_id)
    before = snapshot(paid.payment_id)

    answer = customer.api.refund(paid.payment_id)

    assert answer.status_code == 409
    assert answer.json() == {
        "success": False,
        "error": "This payment has been fully refunded already.",
        "code": "REFUND_FAILED",
        "details": {"status": "REFUNDED", "refundableAmount": 0.0},
    }
    assert snapshot(paid.payment_id) == before
    assert _refunded_minor(sandbox, paid) == [50000]


def test_an_unpaid_payment_is_not_refunded(customer: Person) -> None:
    _, payment_id = open_order(customer)
    before = snapshot(payment_id)

    answer = customer.api.refund(payment_id, 10)

    assert answer.status_code == 409
    assert answer.json() == {
        "success": False,
        "error": "This payment is CREATED; only a paid one can be refunded.",
        "code": "REFUND_FAILED",
        "details": {"status": "CREATED", "refundableAmount": 0.0},
    }
    assert snapshot(payment_id) == before


def test_someone_elses_payment_and_an_unknown_one_are_both_a_404(
    stranger: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    before = snapshot(paid.payment_id)

    foreign = stranger.api.refund(paid.payment_id, 10)
    unknown = stranger.api.refund("00000000-0000-4000-8000-000000000000", 10)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json() == unknown.json()
    assert foreign.json()["code"] == "PAYMENT_NOT_FOUND"
    assert snapshot(paid.payment_id) == before
    assert sandbox.refunds_of(paid.provider_payment_id) == []
