"""Verifying a payment: the documented answer, and money that is taken exactly once."""

from typing import Any

import pytest

from gateway.domain.models import Receipt
from tests.support.client import Api, Person, Sandbox, open_order, stored
from tests.support.steps import TIMESTAMP, at_once, at_rest, calls_to, changes_to, has_status

CARD = {"method": "card", "number": "4111 1111 1111 1111", "expiry": "12/30", "cvv": "123"}


def _camel_case(checkout: dict[str, str]) -> dict[str, str]:
    return {
        "razorpayOrderId": checkout["razorpay_order_id"],
        "razorpayPaymentId": checkout["razorpay_payment_id"],
        "razorpaySignature": checkout["razorpay_signature"],
    }


def _as_it_is(checkout: dict[str, str]) -> dict[str, str]:
    return checkout


@pytest.mark.parametrize("spelling", [_camel_case, _as_it_is])
def test_the_answer_is_the_documented_one(customer: Person, sandbox: Sandbox, spelling: Any) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer, 500)
    checkout = sandbox.pay(order_id, CARD)

    answer = customer.api.verify(spelling(checkout))

    assert answer.status_code == 200
    data = answer.json()["data"]
    (receipt,) = stored(payment_id).receipts
    assert answer.json() == {
        "success": True,
        "data": {
            "payment": {
                "id": payment_id,
                "schoolId": customer.school_id,
                "razorpayOrderId": order_id,
                "razorpayPaymentId": checkout["razorpay_payment_id"],
                "amount": 50000,
                "currency": "INR",
                "status": "PAID",
                "paymentMethod": "card",
                "attempts": 1,
                "createdAt": data["payment"]["createdAt"],
                "paidAt": data["payment"]["paidAt"],
            },
            "receipt": {
                "id": receipt.id,
                "receiptNumber": receipt.number,
                "filePath": f"receipts/{receipt.number}.pdf",
                "downloadUrl": f"/api/v1/payments/receipts/{receipt.id}/download",
            },
        },
        "message": "Payment verified successfully",
    }
    assert TIMESTAMP.fullmatch(data["payment"]["paidAt"])
    assert receipt.number.startswith(f"RCP_{payment_id[:8]}_")
    row = customer.api.status(order_id)["receipts"][0]
    assert TIMESTAMP.fullmatch(row.pop("generatedAt"))
    assert row == {
        "id": receipt.id,
        "receiptNumber": receipt.number,
        "receiptType": "PAYMENT_RECEIPT",
        "downloadUrl": f"/api/v1/payments/receipts/{receipt.id}/download",
    }


def test_verifying_twice_gives_the_same_answer(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)

    first, second = customer.api.verify(checkout), customer.api.verify(checkout)

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert changes_to(at_rest(payment_id), "PAID") == 1
    assert Receipt.objects(payment_id=payment_id).count() == 1


def test_ten_verifications_beside_the_webhooks_make_one_transition(
    customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)

    answers = at_once(customer.api, 10, lambda api, _: api.verify(checkout))

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({answer.text for answer in answers}) == 1
    payment = at_rest(payment_id)
    assert changes_to(payment, "PAID") == 1
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert Receipt.objects(payment_id=payment_id).count() == 1
    assert (payment.attempts, payment.captured_minor, payment.needs_review) == (1, 50000, False)


def test_an_authorised_payment_is_captured_exactly_once(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id, capture=False)

    answers = at_once(customer.api, 10, lambda api, _: api.verify(checkout))

    assert [answer.json()["data"]["payment"]["status"] for answer in answers] == ["PAID"] * 10
    (capture,) = calls_to(sandbox, "POST", f"/payments/{checkout['razorpay_payment_id']}/capture")
    assert capture["status"] == 200
    payment = at_rest(payment_id)
    assert (changes_to(payment, "ATTEMPTED"), changes_to(payment, "PAID")) == (1, 1)
    assert len(payment.receipts) == 1


@pytest.mark.parametrize("fault", ["timeout_before", "500", "429"])
def test_a_payment_that_cannot_be_read_is_confirmed_by_the_worker(
    hasty: Api, customer: Person, sandbox: Sandbox, fault: str
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id)
    sandbox.fault("payments.fetch", fault)
    # The worker's first try fails as well, so that it cannot be faster than the answer.
    sandbox.fault("orders.payments", fault)

    answer = hasty.verify(checkout)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["message"] == "Payment received; it is still being confirmed"
    assert answer.json()["data"]["receipt"] is None
    payment = has_status(payment_id, "PAID")
    assert changes_to(payment, "PAID") == 1
    assert payment.unread_provider_payment_id is None
    assert hasty.verify(checkout).json()["data"]["payment"]["status"] == "PAID"


@pytest.mark.parametrize("fault", ["timeout_after", "500"])
def test_a_capture_whose_answer_is_lost_happens_once(
    hasty: Api, customer: Person, sandbox: Sandbox, fault: str
) -> None:
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id, capture=False)
    sandbox.fault("payments.capture", fault)
    # The webhook of a capture that took effect can be faster than the answer.
    sandbox.deliveries(paused=True)

    answer = hasty.verify(checkout)

    sandbox.deliveries(paused=False)
    assert answer.status_code == 202
    assert answer.json()["data"]["payment"]["status"] == "ATTEMPTED"
    payment = has_status(payment_id, "PAID")
    assert changes_to(payment, "PAID") == 1
    assert len(payment.receipts) == 1
    captured = sandbox.webhooks(payment_id=checkout["razorpay_payment_id"], event="payment.captured")
    assert len({delivery["event_id"] for delivery in captured}) == 1


def test_a_customer_may_try_again_on_the_same_order(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    error = sandbox.fail(order_id)
    has_status(payment_id, "FAILED")
    failed = customer.api.status(order_id)["payment"]

    answer = customer.api.verify(sandbox.pay(order_id))

    assert (failed["status"], failed["attempts"]) == ("FAILED", 1)
    assert failed["failureReason"] == error["description"]
    assert failed["paidAt"] is None
    assert answer.status_code == 200
    paid = answer.json()["data"]["payment"]
    assert (paid["status"], paid["attempts"]) == ("PAID", 2)
    assert "failureReason" not in paid
