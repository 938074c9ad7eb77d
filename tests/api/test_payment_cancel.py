"""Giving a payment up by the second door: only an unpaid one, and after asking the provider."""

from tests.support.client import Person, Sandbox, snapshot, stored
from tests.support.second_door import UNKNOWN, cancel, create, opened, orders_of, paid, process, processed
from tests.support.shapes import refused
from tests.support.steps import at_once, at_rest, calls_to, changes_to, has_status
from tests.support.waiting import wait_until


def test_a_payment_that_was_never_processed_is_cancelled(customer: Person, sandbox: Sandbox) -> None:
    created = create(customer)

    answer = cancel(customer.api, created["paymentId"])
    again = cancel(customer.api, created["paymentId"])

    payment = stored(created["paymentId"])
    (receipt,) = payment.receipts
    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "message", "result", "receipt"}
    assert answer.json()["message"] == "Payment cancelled"
    assert (answer.json()["result"]["status"], answer.json()["result"]["nextAction"]) == ("CANCELLED", None)
    assert answer.json()["receipt"]["receiptNumber"] == receipt.number
    assert receipt.number.startswith("CAN_")
    assert (again.status_code, again.json()) == (200, answer.json())
    assert changes_to(payment, "CANCELLED") == 1
    assert sandbox.orders_with_receipt(created["receipt"]) == []


def test_a_processed_payment_is_cancelled_after_asking_the_provider(
    customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)

    answer = cancel(customer.api, result["paymentId"])

    assert answer.json()["result"]["status"] == "CANCELLED"
    assert len(calls_to(sandbox, "GET", f"/orders/{result['razorpayOrderId']}/payments")) == 1


def test_a_paid_payment_is_not_cancelled(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)

    answer = cancel(customer.api, payment_id)

    assert refused(answer, 409, "PAYMENT_NOT_CANCELLABLE") == {"status": "PAID"}
    assert at_rest(payment_id).status == "PAID"
    assert [receipt.kind for receipt in stored(payment_id).receipts] == ["PAYMENT_RECEIPT"]


def test_money_that_we_have_not_heard_of_prevents_a_cancellation(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    result = processed(customer)
    sandbox.pay(result["razorpayOrderId"])

    answer = cancel(customer.api, result["paymentId"])

    assert refused(answer, 409, "PAYMENT_NOT_CANCELLABLE") == {"status": "PAID"}
    has_status(result["paymentId"], "PAID")


def test_processing_and_cancelling_at_once_end_in_one_of_the_two(customer: Person, sandbox: Sandbox) -> None:
    created_id = create(customer)["paymentId"]
    calls = [process, cancel] * 5

    answers = at_once(customer.api, 10, lambda api, number: calls[number](api, created_id))

    payment = at_rest(created_id)
    codes = {answer.json().get("code") for answer in answers if answer.status_code == 409}
    order_ids = [order["id"] for order in sandbox.orders_with_receipt(payment.order_receipt)]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert codes <= {"PAYMENT_NOT_PROCESSABLE", "PAYMENT_NOT_CANCELLABLE"}
    assert payment.status in ("CREATED", "CANCELLED")
    assert changes_to(payment, "CANCELLED") == len(payment.receipts) == (payment.status == "CANCELLED")
    assert order_ids == [payment.provider_order_id][: len(order_ids)]
    assert payment.needs_review is False
    assert cancel(customer.api, created_id).json()["result"]["status"] == "CANCELLED"
    refused(process(customer.api, created_id), 409, "PAYMENT_NOT_PROCESSABLE")


def test_a_payment_whose_order_is_just_being_opened_is_not_cancelled(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "slow", seconds=1)
    payment_id = create(customer)["paymentId"]
    process(customer.api, payment_id, headers={})
    wait_until(lambda: stored(payment_id).order_requested_at, "the call under way")

    answer = cancel(customer.api, payment_id)

    payment = opened(payment_id)
    assert refused(answer, 409, "PAYMENT_NOT_CANCELLABLE") == {"status": "CREATED"}
    assert (payment.status, payment.receipts) == ("CREATED", [])
    assert orders_of(sandbox, payment_id) == [payment.provider_order_id]
    assert cancel(customer.api, payment_id).status_code == 200


def test_what_is_somebody_elses_is_not_cancelled(customer: Person, stranger: Person) -> None:
    payment_id = create(customer)["paymentId"]
    before = snapshot(payment_id)

    answers = [cancel(stranger.api, each) for each in (payment_id, UNKNOWN)]

    assert [refused(answer, 404, "PAYMENT_NOT_FOUND") for answer in answers] == [{}] * 2
    assert snapshot(payment_id) == before
