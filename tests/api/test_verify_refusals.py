"""Verifying a payment: every forgery and every wrong payment is refused, and nothing moves."""

import pytest

from tests.support.client import PaidOrder, Person, Sandbox, open_order, paid_order, snapshot, stored
from tests.support.steps import at_rest, calls_to


def _resting_paid_order(customer: Person, sandbox: Sandbox) -> PaidOrder:
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    return paid


SIGNATURES = {
    "made up": "0" * 64,
    "short": "abc",
    "not ASCII": "ü" * 64,
    "emoji": "\U0001f4b8" * 32,
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_a_forged_signature_changes_nothing(customer: Person, sandbox: Sandbox, signature: str) -> None:
    order_id, payment_id = open_order(customer)
    before = snapshot(payment_id)

    answer = customer.api.verify(
        {"razorpayOrderId": order_id, "razorpayPaymentId": "pay_abc456", "razorpaySignature": signature}
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert answer.json()["success"] is False
    assert snapshot(payment_id) == before
    assert calls_to(sandbox, "GET", "/payments/pay_abc456") == []


def test_a_forged_signature_does_not_touch_a_paid_payment(customer: Person, sandbox: Sandbox) -> None:
    paid = _resting_paid_order(customer, sandbox)
    before = snapshot(paid.payment_id)

    answer = customer.api.verify(
        {
            "razorpay_order_id": paid.order_id,
            "razorpay_payment_id": paid.provider_payment_id,
            "razorpay_signature": "f" * 64,
        }
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert snapshot(paid.payment_id) == before


def test_an_upper_case_signature_is_not_the_signature(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)
    before = snapshot(payment_id)

    answer = customer.api.verify(checkout | {"razorpay_signature": checkout["razorpay_signature"].upper()})

    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert snapshot(payment_id) == before


def test_the_webhook_secret_does_not_sign_payments(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)
    before = snapshot(payment_id)
    signature = sandbox.sign(f"{order_id}|{checkout['razorpay_payment_id']}".encode())

    answer = customer.api.verify(checkout | {"razorpay_signature": signature})

    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert snapshot(payment_id) == before


def test_an_unknown_order_and_someone_elses_are_both_a_404(
    customer: Person, stranger: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)
    before = snapshot(payment_id)

    unknown = customer.api.verify(checkout | {"razorpay_order_id": "order_unknown0000"})
    foreign = stranger.api.verify(checkout)

    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert unknown.json() == foreign.json()
    assert foreign.json()["code"] == "PAYMENT_NOT_FOUND"
    assert snapshot(payment_id) == before


def test_a_failed_payment_is_not_verified_by_its_signature(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    failed_id = sandbox.fail(order_id)["metadata"]["payment_id"]

    answer = customer.api.verify(
        {
            "razorpay_order_id": order_id,
            "razorpay_payment_id": failed_id,
            "razorpay_signature": sandbox.sign_checkout(order_id, failed_id),
        }
    )

    payment = stored(payment_id)
    assert answer.status_code == 400
    assert answer.json()["code"] == "VERIFICATION_FAILED"
    assert (payment.status, payment.attempts, payment.receipts) == ("FAILED", 1, [])
