"""Processing a payment while the provider refuses, fails, or says nothing: one order in the end, or none."""

from datetime import timedelta

import pytest

from gateway.domain.models import Payment
from tests.support.client import Person, Sandbox
from tests.support.queue import make_due
from tests.support.second_door import (
    PAYMENT,
    create,
    opened,
    orders_of,
    process,
    processed,
    tried_again,
)
from tests.support.steps import has_status

TOO_MUCH = 500_000.01


def test_an_order_that_the_provider_refuses_fails_the_payment(customer: Person, sandbox: Sandbox) -> None:
    payment_id = create(customer, amount=TOO_MUCH)["paymentId"]

    answer = process(customer.api, payment_id)

    payment, result = has_status(payment_id, "FAILED"), answer.json()["result"]
    assert (answer.status_code, result["status"]) == (200, "FAILED")
    assert result["failureReason"] == "Amount exceeds maximum amount allowed."
    assert (result["razorpayOrderId"], result["nextAction"]) == (None, None)
    assert payment.history[-1].why == "no order was opened: Amount exceeds maximum amount allowed."
    assert orders_of(sandbox, payment_id) == []


@pytest.mark.parametrize("fault", ["500", "html_502", "429", "timeout_after"])
def test_one_bad_answer_still_ends_with_one_order(customer: Person, sandbox: Sandbox, fault: str) -> None:
    sandbox.fault("orders.create", fault)

    result = processed(customer)

    assert orders_of(sandbox, result["paymentId"]) == [result["razorpayOrderId"]]
    assert result["status"] == "CREATED"


@pytest.mark.parametrize("fault", ["timeout_before", "drop"])
def test_a_lost_call_is_only_repeated_when_it_cannot_be_under_way_any_more(
    customer: Person, sandbox: Sandbox, fault: str
) -> None:
    sandbox.fault("orders.create", fault)
    payment_id = create(customer)["paymentId"]
    customer.api.post(f"{PAYMENT}/{payment_id}/process")

    payment = tried_again(payment_id)
    orders_meanwhile = orders_of(sandbox, payment_id)

    long_ago = payment.created_at - timedelta(minutes=1)
    Payment.objects(id=payment_id).update_one(set__order_requested_at=long_ago)
    make_due(payment)
    assert orders_meanwhile == []
    assert (payment.status, payment.failure_reason) == ("CREATED", None)
    order_id = opened(payment_id).provider_order_id
    assert orders_of(sandbox, payment_id) == [order_id]


def test_a_failed_try_on_the_page_leaves_the_page_open(customer: Person, sandbox: Sandbox) -> None:
    first = processed(customer)
    error = sandbox.fail(first["razorpayOrderId"])
    has_status(first["paymentId"], "FAILED")

    answer = process(customer.api, first["paymentId"])

    result = answer.json()["result"]
    assert (answer.status_code, result["status"]) == (200, "FAILED")
    assert result["failureReason"] == error["description"]
    assert result["nextAction"] == first["nextAction"]
    assert orders_of(sandbox, first["paymentId"]) == [first["razorpayOrderId"]]
