"""UPI requests: sent to the customer's app once, whatever becomes of the call, and followed to their end
without any browser."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, payment_event, send_webhook, snapshot, stored
from tests.support.keys import a_program
from tests.support.queue import make_due
from tests.support.second_door import (
    PAYMENT,
    asked,
    cancel,
    create,
    new_payment,
    page_of,
    process,
    processed,
    provider_payments,
    seen,
    tried_again,
)
from tests.support.shapes import refused
from tests.support.steps import TIMESTAMP, at_once, at_rest, has_status
from tests.support.waiting import wait_until

SUCCESS, FAILURE, PENDING = "success@razorpay", "failure@razorpay", "pending@razorpay"
LOST = "The UPI request is not known to the provider."


def _sent(sandbox: Sandbox, payment_id: str) -> list[tuple[str, str]]:
    """Return the UPI requests that the provider has got for a payment: to whom, and their status."""
    return [(payment["vpa"], payment["status"]) for payment in provider_payments(sandbox, payment_id)]


def test_a_upi_request_is_sent_once_and_paid_without_a_browser(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    result = asked(customer, SUCCESS)
    (provider_payment,) = provider_payments(sandbox, result["paymentId"])
    sandbox.deliveries(paused=False)

    payment = has_status(result["paymentId"], "PAID")
    paid = seen(customer.api, result["paymentId"])

    action = result["nextAction"]
    assert result["status"] == "ATTEMPTED"
    assert set(action) == {"type", "url", "vpa", "expiresAt"}
    assert page_of(action) == ("approve_upi_request", f"/pay/{payment.id}", True)
    assert action["vpa"] == "s***@razorpay"
    assert TIMESTAMP.fullmatch(action["expiresAt"])
    assert payment.upi_collect.expires_at - payment.upi_collect.asked_at == timedelta(minutes=5)
    assert (paid["methodUsed"], paid["attempts"], paid["nextAction"]) == ("upi", 1, None)
    assert paid["razorpayPaymentId"] == provider_payment["id"]
    assert _sent(sandbox, payment.id) == [(SUCCESS, "captured")]
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]


def test_the_provider_learns_who_pays_and_what_for(customer: Person, sandbox: Sandbox) -> None:
    result = asked(customer, PENDING, description="Class 7, second term", phoneNumber="+919812345678")

    (provider_payment,) = provider_payments(sandbox, result["paymentId"])
    collect = stored(result["paymentId"]).upi_collect
    assert provider_payment["id"] == collect.provider_payment_id
    assert provider_payment["notes"] == {"collectId": collect.id}
    assert (provider_payment["email"], provider_payment["contact"]) == (customer.email, "+919812345678")
    assert provider_payment["description"] == "Class 7, second term"
    assert (provider_payment["amount"], provider_payment["currency"]) == (50_000, "INR")
    assert collect.client_program.startswith("python-requests/")


def test_nobody_is_told_the_whole_address(customer: Person) -> None:
    result = asked(customer, PENDING)

    shown = customer.api.get(f"{PAYMENT}/{result['paymentId']}").text
    status = customer.api.get(f"{PAYMENT}/{result['paymentId']}/status").text

    assert PENDING not in shown + status
    assert "a UPI request to p***@razorpay was asked for" in shown
    assert f", {stored(result['paymentId']).upi_collect.provider_payment_id}, was sent to p***" in shown
    assert '"vpa":"p***@razorpay"' in status


def test_a_declined_request_fails_the_payment_and_another_address_can_pay_it(
    customer: Person, sandbox: Sandbox
) -> None:
    payment_id = asked(customer, FAILURE)["paymentId"]
    reason = has_status(payment_id, "FAILED").failure_reason
    failed = seen(customer.api, payment_id)

    again = process(customer.api, payment_id, {"vpa": SUCCESS})

    payment = has_status(payment_id, "PAID")
    assert (failed["status"], failed["failureReason"]) == ("FAILED", reason)
    assert page_of(failed["nextAction"]) == ("checkout", f"/pay/{payment_id}", True)
    assert (again.status_code, again.json()["result"]["nextAction"]["type"]) == (200, "approve_upi_request")
    assert sorted(_sent(sandbox, payment_id)) == [(FAILURE, "failed"), (SUCCESS, "captured")]
    assert (payment.attempts, payment.failure_reason) == (2, None)


@pytest.mark.parametrize("method", ["card", "credit_card", "debit_card", "netbanking", "wallet"])
def test_an_address_for_another_way_to_pay_is_refused(customer: Person, method: str) -> None:
    payment_id = create(customer, paymentMethod=method)["paymentId"]
    before = snapshot(payment_id)

    answer = process(customer.api, payment_id, {"vpa": SUCCESS})

    details = refused(answer, 400, "VALIDATION_ERROR")
    assert details == {"vpa": f"is for upi payments; this one is {method}"}
    assert snapshot(payment_id) == before


def test_upi_moves_rupees_only(customer: Person) -> None:
    payment_id = create(customer, currency="USD")["paymentId"]
    before = snapshot(payment_id)

    answer = process(customer.api, payment_id, {"vpa": SUCCESS})

    assert refused(answer, 400, "VALIDATION_ERROR") == {"vpa": "UPI moves INR, not USD"}
    assert snapshot(payment_id) == before


def test_a_program_says_who_is_asked(stack: Stack, customer: Person) -> None:
    program = a_program(stack.api_url)
    body = new_payment(customer, email="asha@example.com")
    nobodys = program.api.post(PAYMENT, body).json()["result"]
    ashas = program.api.post(PAYMENT, body | {"phoneNumber": "+919812345678"}).json()["result"]
    before = snapshot(nobodys["paymentId"])

    refusal = process(program.api, nobodys["paymentId"], {"vpa": SUCCESS})
    answer = process(program.api, ashas["paymentId"], {"vpa": SUCCESS})

    sentence = "needs the payer's email and phoneNumber on the payment"
    assert refused(refusal, 400, "VALIDATION_ERROR") == {"vpa": sentence}
    assert snapshot(nobodys["paymentId"]) == before
    assert (answer.status_code, ashas["userEmail"]) == (200, "asha@example.com")
    assert has_status(ashas["paymentId"], "PAID").user_id == f"key:{program.key_id}"


@pytest.mark.parametrize(
    "vpa", ["", "asha", "@bank", "a@bank", "asha@", "asha@1bank", "a b@bank", "asha@bank\n", "asha@@bank", 5]
)
def test_what_is_no_upi_address_is_refused(customer: Person, vpa: Any) -> None:
    payment_id = create(customer)["paymentId"]
    before = snapshot(payment_id)

    answer = process(customer.api, payment_id, {"vpa": vpa})

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == ["vpa"]
    assert snapshot(payment_id) == before


def test_the_same_address_at_once_and_again_is_asked_once(customer: Person, sandbox: Sandbox) -> None:
    payment_id = create(customer)["paymentId"]

    answers = at_once(customer.api, 10, lambda api, _: process(api, payment_id, {"vpa": PENDING}))
    at_rest(payment_id)
    before = snapshot(payment_id)
    later = process(customer.api, payment_id, {"vpa": PENDING})

    # Half of the threads may wait as long as their clients want.
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert (later.status_code, later.json()["result"]["nextAction"]["vpa"]) == (200, "p***@razorpay")
    assert snapshot(payment_id) == before
    assert _sent(sandbox, payment_id) == [(PENDING, "created")]


def test_another_address_waits_until_the_first_one_has_answered(customer: Person, sandbox: Sandbox) -> None:
    payment_id = asked(customer, PENDING)["paymentId"]
    before = snapshot(payment_id)

    answer = process(customer.api, payment_id, {"vpa": SUCCESS})

    assert refused(answer, 409, "PAYMENT_NOT_PROCESSABLE") == {
        "status": "ATTEMPTED",
        "vpa": "p***@razorpay was asked before",
    }
    assert snapshot(payment_id) == before
    assert _sent(sandbox, payment_id) == [(PENDING, "created")]


def test_an_expired_request_makes_room_for_another(customer: Person, sandbox: Sandbox) -> None:
    payment_id = asked(customer, PENDING)["paymentId"]
    (entity,) = provider_payments(sandbox, payment_id)
    expired = entity | {"status": "failed", "error_description": "The UPI request expired"}
    send_webhook(
        customer.api, sandbox, payment_event("payment.failed", expired), event_id=f"evt_{uuid.uuid4().hex}"
    )
    reason = has_status(payment_id, "FAILED").failure_reason

    answer = process(customer.api, payment_id, {"vpa": SUCCESS})

    assert reason == "The UPI request expired"
    assert answer.status_code == 200
    has_status(payment_id, "PAID")
    assert sorted(vpa for vpa, _ in _sent(sandbox, payment_id)) == [PENDING, SUCCESS]


def test_a_request_whose_answer_was_lost_is_found_and_not_sent_twice(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("payments.create_upi", "timeout_after")

    asked(customer, SUCCESS)

    (payment,) = Payment.objects(user_id=customer.user_id)
    payment = has_status(payment.id, "PAID")
    (provider_payment,) = provider_payments(sandbox, payment.id)
    assert payment.upi_collect.provider_payment_id == payment.provider_payment_id == provider_payment["id"]
    assert provider_payment["notes"] == {"collectId": payment.upi_collect.id}


@pytest.mark.parametrize("fault", ["timeout_before", "drop", "500"])
def test_a_request_that_may_have_been_sent_is_looked_for_and_not_sent_again(
    customer: Person, sandbox: Sandbox, fault: str
) -> None:
    sandbox.fault("payments.create_upi", fault)
    payment_id = create(customer)["paymentId"]
    process(customer.api, payment_id, {"vpa": SUCCESS}, headers={})

    payment = tried_again(payment_id)
    meanwhile = seen(customer.api, payment_id)
    sent_meanwhile = _sent(sandbox, payment_id)

    long_ago = payment.upi_collect.asked_at - timedelta(minutes=6)
    Payment.objects(id=payment_id).update_one(set__upi_collect__asked_at=long_ago)
    make_due(payment)
    wait_until(lambda: stored(payment_id).upi_collect.failure_reason, "the end of the search")
    afterwards = seen(customer.api, payment_id)
    assert (sent_meanwhile, _sent(sandbox, payment_id)) == ([], [])
    # Nobody knows whether the customer was asked, so nobody is told to look at the phone.
    assert page_of(meanwhile["nextAction"]) == ("checkout", f"/pay/{payment_id}", True)
    assert "failureReason" not in meanwhile
    assert [entry.why for entry in payment.history if "not known" in entry.why] != []
    assert (afterwards["status"], afterwards["failureReason"]) == ("CREATED", LOST)
    assert page_of(afterwards["nextAction"]) == ("checkout", f"/pay/{payment_id}", True)
    assert process(customer.api, payment_id, {"vpa": SUCCESS}).status_code == 200
    has_status(payment_id, "PAID")
    assert _sent(sandbox, payment_id) == [(SUCCESS, "captured")]


def test_a_request_that_was_certainly_not_taken_is_sent_again(customer: Person, sandbox: Sandbox) -> None:
    sandbox.fault("payments.create_upi", "429", count=2)

    payment_id = asked(customer, SUCCESS)["paymentId"]

    has_status(payment_id, "PAID")
    assert _sent(sandbox, payment_id) == [(SUCCESS, "captured")]


def test_a_refused_request_leaves_the_page(customer: Person, sandbox: Sandbox) -> None:
    sandbox.control("POST", "/upi-collect", {"mode": "refused"})
    reason = "The UPI request was refused: UPI Collect is not enabled for the merchant"

    result = asked(customer, SUCCESS)

    assert (result["status"], result["failureReason"]) == ("CREATED", reason)
    assert page_of(result["nextAction"]) == ("checkout", f"/pay/{result['paymentId']}", True)
    assert _sent(sandbox, result["paymentId"]) == []
    sandbox.pay(result["razorpayOrderId"])
    payment = has_status(result["paymentId"], "PAID")
    assert payment.failure_reason is None


def test_a_payment_with_an_open_request_is_not_cancelled(customer: Person, sandbox: Sandbox) -> None:
    payment_id = asked(customer, PENDING)["paymentId"]

    answer = cancel(customer.api, payment_id)

    assert refused(answer, 409, "PAYMENT_NOT_CANCELLABLE") == {"status": "ATTEMPTED"}
    assert answer.json()["error"] == "This payment is being paid and cannot be cancelled."
    assert (stored(payment_id).status, stored(payment_id).receipts) == ("ATTEMPTED", [])


def test_a_payment_whose_request_is_just_being_sent_is_not_cancelled(
    customer: Person, sandbox: Sandbox
) -> None:
    payment_id = processed(customer)["paymentId"]
    sandbox.fault("payments.create_upi", "slow", seconds=1)
    process(customer.api, payment_id, {"vpa": PENDING}, headers={})
    wait_until(lambda: stored(payment_id).upi_collect.asked_at, "the request under way")

    answer = cancel(customer.api, payment_id)

    refused(answer, 409, "PAYMENT_NOT_CANCELLABLE")
    assert at_rest(payment_id).status == "ATTEMPTED"
    assert _sent(sandbox, payment_id) == [(PENDING, "created")]
