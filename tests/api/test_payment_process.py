"""Processing a payment: a worker opens exactly one order for it, whatever goes wrong and however often it is
asked for, and the answer tells the customer's next step."""

from typing import Any

import pytest

from tests.support.client import Api, Person, Sandbox, snapshot
from tests.support.second_door import (
    PAYMENT,
    cancel,
    create,
    new_payment,
    opened,
    orders_of,
    page_of,
    paid,
    process,
    processed,
    refund,
    seen,
)
from tests.support.shapes import refused
from tests.support.steps import at_once, at_rest

METHODS = ("card", "credit_card", "debit_card", "upi", "netbanking", "wallet", "digital_wallet")
TOO_MUCH = 500_000.01


def test_processing_is_asked_for_and_then_done_by_a_worker(customer: Person, sandbox: Sandbox) -> None:
    created = create(customer, schoolId=customer.school_id, notes={"class": "7"})

    answer = customer.api.post(f"{PAYMENT}/{created['paymentId']}/process")

    payment = opened(created["paymentId"])
    result = answer.json()["result"]
    assert answer.status_code == 202
    assert (answer.json()["success"], answer.json()["message"]) == (True, "Payment is being processed")
    assert answer.headers["Retry-After"] == "1"
    assert "Preference-Applied" not in answer.headers
    assert result == created | {
        "updatedAt": result["updatedAt"],
        "paidAt": None,
        "methodUsed": None,
        "refundedAmount": 0.0,
        "razorpayOrderId": None,
        "razorpayPaymentId": None,
        "nextAction": {"type": "checkout", "url": result["nextAction"]["url"]},
    }
    (order,) = sandbox.orders_with_receipt(created["receipt"])
    assert order["id"] == payment.provider_order_id
    assert (order["amount"], order["currency"]) == (50_000, "INR")
    assert order["notes"] == {"class": "7", "schoolId": customer.school_id}
    assert [(entry.to_status, entry.by) for entry in payment.history] == [
        ("CREATED", f"user:{customer.user_id}"),
        ("CREATED", f"user:{customer.user_id}"),
        ("CREATED", "worker:open_order"),
    ]


def test_a_client_that_prefers_to_wait_gets_the_order(customer: Person, sandbox: Sandbox) -> None:
    created = create(customer)

    answer = process(customer.api, created["paymentId"], headers={"Prefer": "wait=8"})

    result = answer.json()["result"]
    assert (answer.status_code, answer.json()["message"]) == (200, "Payment processed")
    assert answer.headers["Preference-Applied"] == "wait=8"
    assert "Retry-After" not in answer.headers
    assert (result["status"], result["paymentMethod"]) == ("CREATED", "upi")
    assert orders_of(sandbox, created["paymentId"]) == [result["razorpayOrderId"]]


@pytest.mark.parametrize(
    ("preference", "applied"),
    [
        ("wait=11", "wait=10"),
        ("wait=100000000000", "wait=10"),
        ("respond-async, wait=5", "wait=5"),
        ("respond-async; wait=5", "wait=5"),
        ('WAIT = "7"', "wait=7"),
        ("wait=0", "wait=0"),
    ],
)
def test_a_wait_is_bounded_and_may_be_written_in_any_way(
    customer: Person, preference: str, applied: str
) -> None:
    answer = process(customer.api, create(customer)["paymentId"], headers={"Prefer": preference})

    assert answer.status_code in (200, 202)
    assert answer.headers["Preference-Applied"] == applied


@pytest.mark.parametrize(
    "preference",
    ["", "wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "wait=1 hour", "await=5", "wait==5"],
)
def test_a_preference_that_cannot_be_read_is_ignored(customer: Person, preference: str) -> None:
    payment_id = create(customer)["paymentId"]

    answer = process(customer.api, payment_id, headers={"Prefer": preference})

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    opened(payment_id)


def test_no_answer_in_time_is_a_202_all_the_same(customer: Person, sandbox: Sandbox) -> None:
    sandbox.fault("orders.create", "slow", seconds=1.3)
    payment_id = create(customer)["paymentId"]

    answer = process(customer.api, payment_id, headers={"Prefer": "wait=1"})

    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=1")
    assert answer.json()["result"]["razorpayOrderId"] is None
    order_id = opened(payment_id).provider_order_id
    assert orders_of(sandbox, payment_id) == [order_id]


@pytest.mark.parametrize("method", METHODS)
def test_the_next_step_is_the_checkout_page_whatever_the_method(customer: Person, method: str) -> None:
    result = processed(customer, paymentMethod=method)

    assert page_of(result["nextAction"]) == ("checkout", f"/pay/{result['paymentId']}", True)
    assert set(result["nextAction"]) == {"type", "url"}


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}]
)
def test_processing_needs_no_body(customer: Person, headers: dict[str, str]) -> None:
    payment_id = create(customer)["paymentId"]

    answer = process(customer.api, payment_id, headers=headers)
    empty = process(customer.api, payment_id, {})

    assert (answer.status_code, empty.status_code) == (202, 200)


def test_processing_again_changes_nothing(customer: Person, sandbox: Sandbox) -> None:
    first = processed(customer)
    at_rest(first["paymentId"])
    before = snapshot(first["paymentId"])

    again = process(customer.api, first["paymentId"])

    assert (again.status_code, again.json()["result"]) == (200, first)
    assert snapshot(first["paymentId"]) == before
    assert orders_of(sandbox, first["paymentId"]) == [first["razorpayOrderId"]]


def test_processing_ten_times_at_once_opens_one_order(customer: Person, sandbox: Sandbox) -> None:
    payment_id = create(customer)["paymentId"]

    answers = at_once(customer.api, 10, lambda api, _: process(api, payment_id))

    payment = at_rest(payment_id)
    # Half of the threads may wait as long as their clients want.
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["result"]["nextAction"]["url"] for answer in answers}) == 1
    assert orders_of(sandbox, payment_id) == [payment.provider_order_id]
    assert [entry.why for entry in payment.history] == [
        "the payment was recorded",
        "processing was asked for",
        f"the provider order {payment.provider_order_id} was opened",
    ]


def test_a_payment_of_the_first_door_can_be_processed_too(customer: Person, sandbox: Sandbox) -> None:
    data = customer.api.create_order(customer.school_id).json()["data"]

    answer = process(customer.api, data["payment"]["id"])

    result = answer.json()["result"]
    assert (answer.status_code, result["razorpayOrderId"]) == (200, data["order"]["id"])
    assert page_of(result["nextAction"]) == ("checkout", f"/pay/{result['paymentId']}", True)
    assert orders_of(sandbox, result["paymentId"]) == [data["order"]["id"]]


def _refunded(customer: Person, sandbox: Sandbox) -> str:
    payment_id = paid(customer, sandbox)
    assert refund(customer.api, payment_id).status_code == 201
    return payment_id


def _cancelled(customer: Person, sandbox: Sandbox) -> str:
    payment_id = create(customer)["paymentId"]
    assert cancel(customer.api, payment_id).status_code == 200
    return str(payment_id)


def _order_refused(customer: Person, sandbox: Sandbox) -> str:
    payment_id = create(customer, amount=TOO_MUCH)["paymentId"]
    assert process(customer.api, payment_id).status_code == 200
    return str(payment_id)


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (paid, "PAID", {}),
        (_refunded, "REFUNDED", {}),
        (_cancelled, "CANCELLED", {}),
        (_order_refused, "FAILED", {"failureReason": "Amount exceeds maximum amount allowed."}),
    ],
)
@pytest.mark.parametrize("body", [None, {"vpa": "success@razorpay"}], ids=["page", "upi"])
def test_a_finished_payment_is_not_processed(
    customer: Person, sandbox: Sandbox, finish: Any, status: str, reason: dict[str, str], body: Any
) -> None:
    payment_id = finish(customer, sandbox)
    at_rest(payment_id)
    before, orders = snapshot(payment_id), orders_of(sandbox, payment_id)

    answer = process(customer.api, payment_id, body)

    assert refused(answer, 409, "PAYMENT_NOT_PROCESSABLE") == {"status": status, **reason}
    assert answer.json()["error"] == f"This payment is {status} and cannot be processed."
    assert snapshot(payment_id) == before
    assert orders_of(sandbox, payment_id) == orders
    assert seen(customer.api, payment_id)["nextAction"] is None


def test_someone_elses_payment_is_not_processed(customer: Person, stranger: Person, sandbox: Sandbox) -> None:
    payment_id = create(customer)["paymentId"]
    before = snapshot(payment_id)

    answer = process(stranger.api, payment_id)
    anonymous = process(Api(stranger.api.base_url), payment_id)

    assert refused(answer, 404, "PAYMENT_NOT_FOUND") == {}
    refused(anonymous, 401, "UNAUTHORIZED")
    assert snapshot(payment_id) == before
    assert orders_of(sandbox, payment_id) == []


@pytest.mark.parametrize("name", ["status", "amount", "cardNumber", "$set", "VPA"])
def test_an_unknown_field_is_refused(customer: Person, sandbox: Sandbox, name: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer))
    payment_id = answer.json()["result"]["paymentId"]
    before = snapshot(payment_id)

    refusal = process(customer.api, payment_id, {name: "x"})

    assert refused(refusal, 400, "VALIDATION_ERROR") == {name: "Unknown field."}
    assert snapshot(payment_id) == before
