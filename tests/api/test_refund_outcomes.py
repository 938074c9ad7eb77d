"""Refunds whose answer is lost, that the provider refuses, that take long, or that it made by itself."""

from typing import Any

import pytest

from tests.support.client import PAYMENTS, Api, PaidOrder, Person, Sandbox, paid_order, stored
from tests.support.steps import at_rest, has_status
from tests.support.waiting import wait_until


@pytest.fixture
def paid(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment of 500.00 about which no webhook is on its way."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox, 500)
    at_rest(paid.payment_id)
    return paid


def _statistics(staff: Person, customer: Person) -> dict[str, Any]:
    answer = staff.api.get(f"{PAYMENTS}/stats", params={"schoolId": customer.school_id})
    figures: dict[str, Any] = answer.json()["data"]
    return figures


@pytest.mark.parametrize("fault", ["500", "html_502", "429", "drop", "timeout_before", "timeout_after"])
def test_an_unknown_outcome_is_a_202_and_ends_with_one_refund(
    hasty: Api, sandbox: Sandbox, paid: PaidOrder, fault: str
) -> None:
    sandbox.fault("payments.refund", fault)

    answer = hasty.refund(paid.payment_id, 120)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["message"] == "Refund recorded; the provider has not answered yet"
    data = answer.json()["data"]
    assert (data["refund"]["id"], data["refund"]["status"], data["refund"]["amount"]) == (
        None,
        "pending",
        12000,
    )
    assert data["receipt"] is None
    payment = has_status(paid.payment_id, "PARTIAL_REFUND")
    (provider_refund,) = sandbox.refunds_of(paid.provider_payment_id)
    (refund,) = payment.refunds
    assert (refund.status, refund.provider_refund_id) == ("processed", provider_refund["id"])
    assert (provider_refund["amount"], payment.refund_reserved_minor) == (12000, 12000)


def test_a_refund_that_the_provider_refuses_gives_its_reservation_back(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    _refund_at_the_provider(sandbox, paid, 40000)

    answer = customer.api.refund(paid.payment_id, 200)

    assert answer.status_code == 502
    assert answer.json() == {
        "success": False,
        "error": "The payment provider refused the refund.",
        "code": "REFUND_FAILED",
        "details": {"provider": "The total refund amount is greater than the refund payment amount"},
    }
    payment = at_rest(paid.payment_id)
    assert (payment.status, payment.refund_reserved_minor) == ("PAID", 0)
    (refund,) = payment.refunds
    assert (refund.status, refund.provider_refund_id) == ("failed", None)
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert len(sandbox.refunds_of(paid.provider_payment_id)) == 1


def test_after_a_refusal_the_money_can_still_be_refunded(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    _refund_at_the_provider(sandbox, paid, 40000)
    customer.api.refund(paid.payment_id, 200)

    answer = customer.api.refund(paid.payment_id, 100)

    assert answer.status_code == 201
    sandbox.deliveries(paused=False)
    payment = has_status(paid.payment_id, "REFUNDED")
    assert (payment.refund_reserved_minor, payment.needs_review) == (50000, False)


def test_a_pending_refund_is_answered_as_pending_and_then_processed(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.control("POST", "/refunds", {"mode": "pending"})
    sandbox.deliveries(paused=False)

    answer = customer.api.refund(paid.payment_id, 200)

    data = answer.json()["data"]
    assert answer.status_code == 201
    assert (data["refund"]["status"], data["receipt"]) == ("pending", None)
    assert data["payment"]["status"] == "PARTIAL_REFUND"
    assert len(customer.api.status(paid.order_id)["receipts"]) == 1
    sandbox.control("POST", f"/refunds/{data['refund']['id']}/process")
    wait_until(lambda: stored(paid.payment_id).refunds[0].status == "processed", "the refund's success")
    _, receipt = customer.api.status(paid.order_id)["receipts"]
    assert receipt["receiptType"] == "REFUND_RECEIPT"
    assert customer.api.download(receipt).content.startswith(b"%PDF-")
    assert at_rest(paid.payment_id).status == "PARTIAL_REFUND"


def test_a_refund_that_fails_later_gives_its_amount_back(
    customer: Person, staff: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.control("POST", "/refunds", {"mode": "pending"})
    sandbox.deliveries(paused=False)
    refund = customer.api.refund(paid.payment_id).json()["data"]
    reserved = stored(paid.payment_id).refund_reserved_minor
    refused_meanwhile = customer.api.refund(paid.payment_id, 1)

    sandbox.control("POST", f"/refunds/{refund['refund']['id']}/fail")

    payment = has_status(paid.payment_id, "PAID")
    assert (refund["payment"]["status"], reserved) == ("REFUNDED", 50000)
    assert refused_meanwhile.status_code == 409
    assert (payment.refund_reserved_minor, payment.refunds[0].status) == (0, "failed")
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert sum("failed" in entry.why for entry in payment.history) == 1
    assert _statistics(staff, customer)["refundedAmount"] == 0
    sandbox.control("POST", "/refunds", {"mode": "processed"})
    assert customer.api.refund(paid.payment_id).json()["data"]["payment"]["status"] == "REFUNDED"


def test_a_refund_made_at_the_provider_is_imported(
    customer: Person, staff: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.deliveries(paused=False)

    provider_refund = _refund_at_the_provider(sandbox, paid, 12345)

    payment = has_status(paid.payment_id, "PARTIAL_REFUND")
    (refund,) = payment.refunds
    assert (refund.provider_refund_id, refund.amount_minor) == (provider_refund["id"], 12345)
    assert (refund.status, refund.requested_by) == ("processed", "provider")
    assert (payment.refund_reserved_minor, payment.needs_review) == (12345, False)
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT", "REFUND_RECEIPT"]
    figures = _statistics(staff, customer)
    assert (figures["refundedAmount"], figures["successfulPayments"]) == (123.45, 1)
    assert customer.api.refund(paid.payment_id, 376.56).status_code == 409
    assert customer.api.refund(paid.payment_id, 376.55).status_code == 201


def _refund_at_the_provider(sandbox: Sandbox, paid: PaidOrder, amount_minor: int) -> dict[str, Any]:
    answer = sandbox.api("POST", f"/payments/{paid.provider_payment_id}/refund", {"amount": amount_minor})
    assert answer.status_code == 200, answer.text
    refund: dict[str, Any] = answer.json()
    return refund
