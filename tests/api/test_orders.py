"""Creating an order: the documented answer, and exactly one provider order whatever goes wrong."""

import re
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.support.client import Api, Person, Sandbox, stored
from tests.support.steps import TIMESTAMP
from tests.support.waiting import wait_until


def test_the_answer_is_the_documented_one(customer: Person, sandbox: Sandbox) -> None:
    notes = {"purpose": "school_registration", "additionalInfo": "any additional data"}

    answer = customer.api.create_order(customer.school_id, 500.00, notes=notes)

    (payment,) = Payment.objects(user_id=customer.user_id)
    provider_order = sandbox.api("GET", f"/orders/{payment.provider_order_id}").json()
    created_at = answer.json()["data"]["payment"]["createdAt"]
    assert answer.status_code == 201
    assert answer.json() == {
        "success": True,
        "data": {
            "order": {
                "id": provider_order["id"],
                "amount": 50000,
                "currency": "INR",
                "receipt": payment.order_receipt,
                "status": "created",
                "created_at": provider_order["created_at"],
                "notes": {"schoolId": customer.school_id, **notes},
            },
            "payment": {
                "id": payment.id,
                "schoolId": customer.school_id,
                "razorpayOrderId": provider_order["id"],
                "amount": 50000,
                "currency": "INR",
                "status": "CREATED",
                "receipt": payment.order_receipt,
                "createdAt": created_at,
            },
        },
        "message": "Payment order created successfully",
    }
    assert TIMESTAMP.fullmatch(created_at)
    assert re.fullmatch(r"RCP_\d{13}_[0-9a-f]{16}", payment.order_receipt)
    assert '"amount":50000,' in answer.text


def test_the_provider_order_carries_our_amount_receipt_and_notes(customer: Person, sandbox: Sandbox) -> None:
    order = customer.api.create_order(customer.school_id, 500, notes={"class": 7}).json()["data"]["order"]

    (provider_order,) = sandbox.orders_with_receipt(order["receipt"])
    assert provider_order["id"] == order["id"]
    assert provider_order["amount"] == 50000
    assert provider_order["currency"] == "INR"
    assert provider_order["notes"] == {
        "schoolId": customer.school_id,
        "purpose": "school_registration",
        "class": "7",
    }


@pytest.mark.parametrize(
    ("amount", "amount_minor"),
    [("1", 100), ("1.01", 101), ("4.35", 435), ("19.99", 1999), ("1.10", 110), ("500000.00", 50_000_000)],
)
def test_rupees_become_paise_exactly(customer: Person, amount: str, amount_minor: int) -> None:
    body = f'{{"schoolId": "{customer.school_id}", "amount": {amount}}}'

    answer = customer.api.post(
        "/api/v1/payments/orders", data=body, headers={"Content-Type": "application/json"}
    )

    assert answer.json()["data"]["order"]["amount"] == amount_minor
    assert stored(answer.json()["data"]["payment"]["id"]).amount_minor == amount_minor


def test_without_notes_the_purpose_is_school_registration(customer: Person) -> None:
    order = customer.api.create_order(customer.school_id).json()["data"]["order"]

    assert order["notes"] == {"schoolId": customer.school_id, "purpose": "school_registration"}


def test_notes_cannot_overwrite_the_school(customer: Person, stranger: Person, sandbox: Sandbox) -> None:
    notes = {"schoolId": stranger.school_id, "purpose": "library fee"}

    data = customer.api.create_order(customer.school_id, notes=notes).json()["data"]

    assert data["order"]["notes"] == {"schoolId": customer.school_id, "purpose": "library fee"}
    assert data["payment"]["schoolId"] == customer.school_id
    (provider_order,) = sandbox.orders_with_receipt(data["order"]["receipt"])
    assert provider_order["notes"]["schoolId"] == customer.school_id


def test_a_refused_order_leaves_a_failed_payment_that_says_why(customer: Person, sandbox: Sandbox) -> None:
    answer = customer.api.create_order(customer.school_id, 500_000.01)

    (payment,) = Payment.objects(user_id=customer.user_id)
    assert answer.status_code == 502
    assert answer.json() == {
        "success": False,
        "error": "The payment provider did not open an order.",
        "code": "ORDER_CREATION_FAILED",
        "details": {"paymentId": payment.id, "provider": "Amount exceeds maximum amount allowed."},
    }
    assert payment.status == "FAILED"
    assert [(entry.from_status, entry.to_status) for entry in payment.history] == [
        ("CREATED", "CREATED"),
        ("CREATED", "FAILED"),
    ]
    assert payment.history[-1].why == "no order was opened: Amount exceeds maximum amount allowed."
    assert payment.work is None
    status = customer.api.status(payment.id)["payment"]
    assert status["status"] == "FAILED"
    assert status["failureReason"] == "Amount exceeds maximum amount allowed."
    assert status["razorpayOrderId"] is None
    assert sandbox.orders_with_receipt(payment.order_receipt) == []


@pytest.mark.parametrize("fault", ["500", "html_502", "429", "timeout_after"])
def test_one_bad_answer_is_mended_within_the_request(customer: Person, sandbox: Sandbox, fault: str) -> None:
    sandbox.fault("orders.create", fault)

    answer = customer.api.create_order(customer.school_id)

    assert answer.status_code == 201, answer.text
    order = answer.json()["data"]["order"]
    assert [found["id"] for found in sandbox.orders_with_receipt(order["receipt"])] == [order["id"]]
    assert Payment.objects(user_id=customer.user_id).count() == 1


@pytest.mark.parametrize("fault", ["500", "html_502", "429"])
def test_a_provider_that_keeps_failing_means_no_order_and_an_honest_answer(
    customer: Person, sandbox: Sandbox, fault: str
) -> None:
    sandbox.fault("orders.create", fault, 2)

    answer = customer.api.create_order(customer.school_id)

    (payment,) = Payment.objects(user_id=customer.user_id)
    assert answer.status_code == 502
    assert answer.json()["code"] == "ORDER_CREATION_FAILED"
    assert answer.json()["details"]["paymentId"] == payment.id
    assert payment.status == "FAILED"
    assert payment.failure_reason == answer.json()["details"]["provider"]
    assert sandbox.orders_with_receipt(payment.order_receipt) == []


@pytest.mark.parametrize("fault", ["timeout_before", "drop"])
def test_an_unknown_outcome_is_a_202_until_the_order_is_there(
    hasty: Api, customer: Person, sandbox: Sandbox, fault: str
) -> None:
    sandbox.fault("orders.create", fault)

    answer = hasty.create_order(customer.school_id)

    (payment,) = Payment.objects(user_id=customer.user_id)
    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["data"]["order"] is None
    assert answer.json()["data"]["payment"]["id"] == payment.id
    assert answer.json()["data"]["payment"]["razorpayOrderId"] is None
    assert customer.api.status(payment.id)["payment"]["status"] == "CREATED"
    assert sandbox.orders_with_receipt(payment.order_receipt) == []
    _let_the_lost_call_be_long_ago(payment)
    order_id = _opened_order_id(customer, payment.id)
    assert [found["id"] for found in sandbox.orders_with_receipt(payment.order_receipt)] == [order_id]


def test_an_order_is_not_asked_for_again_while_the_lost_call_may_be_under_way(
    hasty: Api, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "drop")
    hasty.create_order(customer.school_id)
    (payment,) = Payment.objects(user_id=customer.user_id)

    wait_until(lambda: stored(payment.id).work.attempts >= 2, "a second look for the order")

    assert sandbox.orders_with_receipt(payment.order_receipt) == []
    assert stored(payment.id).status == "CREATED"
    _let_the_lost_call_be_long_ago(payment)
    _opened_order_id(customer, payment.id)
    assert len(sandbox.orders_with_receipt(payment.order_receipt)) == 1


def test_a_lost_answer_and_lost_look_ups_still_end_with_one_order(
    hasty: Api, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "timeout_after")
    sandbox.fault("orders.list", "timeout_before")
    sandbox.fault("orders.list", "drop")

    answer = hasty.create_order(customer.school_id)

    (payment,) = Payment.objects(user_id=customer.user_id)
    assert answer.status_code == 202
    order_id = _opened_order_id(customer, payment.id)
    assert [found["id"] for found in sandbox.orders_with_receipt(payment.order_receipt)] == [order_id]


def test_repeating_an_unfinished_request_with_its_key_gets_the_order(
    hasty: Api, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "drop")
    first = hasty.create_order(customer.school_id, key="order-1")
    payment = stored(first.json()["data"]["payment"]["id"])
    _let_the_lost_call_be_long_ago(payment)
    order_id = _opened_order_id(customer, payment.id)

    second = hasty.create_order(customer.school_id, key="order-1")

    assert (first.status_code, second.status_code) == (202, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json()["data"]["order"]["id"] == order_id
    assert second.json()["data"]["payment"]["id"] == payment.id
    assert Payment.objects(user_id=customer.user_id).count() == 1


@pytest.mark.parametrize("path", ["order_unknown0000", "00000000-0000-4000-8000-000000000000"])
def test_the_status_of_an_unknown_order_is_a_404(customer: Person, path: str) -> None:
    answer = customer.api.get(f"/api/v1/payments/orders/{path}/status")

    assert answer.status_code == 404
    assert answer.json() == {
        "success": False,
        "error": "There is no such payment.",
        "code": "PAYMENT_NOT_FOUND",
        "details": {},
    }


def _let_the_lost_call_be_long_ago(payment: Payment) -> None:
    long_ago = payment.created_at - timedelta(minutes=1)
    Payment.objects(id=payment.id).update_one(set__order_requested_at=long_ago)


def _opened_order_id(customer: Person, payment_id: str) -> Any:
    return wait_until(
        lambda: customer.api.status(payment_id)["payment"]["razorpayOrderId"], "the order's opening"
    )
