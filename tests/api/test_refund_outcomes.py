"""Refunds that the provider refuses, or that take long."""

from typing import Any

import pytest

from tests.support.client import PaidOrder, Person, Sandbox, paid_order, stored
from tests.support.steps import at_rest, has_status
from tests.support.waiting import wait_until


@pytest.fixture
def paid(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment of 500.00 about which no webhook is on its way."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox, 500)
    at_rest(paid.payment_id)
    return paid


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


def _refund_at_the_provider(sandbox: Sandbox, paid: PaidOrder, amount_minor: int) -> dict[str, Any]:
    answer = sandbox.api("POST", f"/payments/{paid.provider_payment_id}/refund", {"amount": amount_minor})
    assert answer.status_code == 200, answer.text
    refund: dict[str, Any] = answer.json()
    return refund
