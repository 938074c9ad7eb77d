"""UPI collect from server to server: what is answered at once, and what the payer decides later."""

import pytest

from tests.sandbox.collecting import PATH, collect, payments_of, upi

TIMEOUT = 10


def freeze(sandbox):
    """Stop the clock, so that nobody decides before the test says so."""
    sandbox.control("POST", "/clock", {"frozen": True})


def advance(sandbox, seconds):
    """Move the clock."""
    sandbox.control("POST", "/clock", {"advance_seconds": seconds})


def decided(sandbox, payment_id, sandbox_until):
    """Wait until a payment has left the state created, and give it."""
    sandbox_until(lambda: sandbox.payment(payment_id)["status"] != "created")
    return sandbox.payment(payment_id)


def test_the_sdk_creates_a_payment_which_the_payer_then_approves(
    sandbox_server, sandbox_client, sandbox_receiver, sandbox_until
):
    freeze(sandbox_server)
    order = sandbox_client.order.create({"amount": 150_000, "currency": "INR"}, timeout=TIMEOUT)
    request = collect(
        order, notes={"intent": "pi_1"}, description="Term 1", ip="117.217.74.98", referer="https://example.com/",
        user_agent="Mozilla/5.0", customer_id="cust_1", save=True, callback_url="https://example.com/back",
    )  # fmt: skip

    answer = sandbox_client.payment.createUpi(request, timeout=TIMEOUT)
    created = sandbox_client.payment.fetch(answer["razorpay_payment_id"], timeout=TIMEOUT)
    listed = sandbox_client.order.payments(order["id"], timeout=TIMEOUT)["items"]
    attempted = sandbox_client.order.fetch(order["id"], timeout=TIMEOUT)
    advance(sandbox_server, 1)
    received = sandbox_receiver.wait_for(3)

    assert list(answer) == ["razorpay_payment_id"]
    assert created["id"] == answer["razorpay_payment_id"]
    assert (created["status"], created["captured"], created["method"]) == ("created", False, "upi")
    assert (created["amount"], created["currency"]) == (150_000, "INR")
    assert (created["vpa"], created["upi"]) == (
        "success@razorpay",
        {"vpa": "success@razorpay", "flow": "collect"},
    )
    assert (created["notes"], created["description"]) == ({"intent": "pi_1"}, "Term 1")
    assert (created["email"], created["contact"]) == ("asha@example.com", "+919812345678")
    assert created["acquirer_data"] == {"rrn": None, "upi_transaction_id": None}
    assert listed == [created]
    assert (attempted["status"], attempted["attempts"]) == ("attempted", 1)
    assert [one.event for one in received] == ["payment.authorized", "payment.captured", "order.paid"]
    assert {one.entity["id"] for one in received} == {created["id"]}
    assert received[1].entity["notes"] == {"intent": "pi_1"}
    paid = sandbox_client.payment.fetch(created["id"], timeout=TIMEOUT)
    assert (paid["status"], paid["fee"], paid["tax"]) == ("captured", 3540, 540)
    assert sandbox_client.order.fetch(order["id"], timeout=TIMEOUT)["status"] == "paid"


def test_the_payer_decides_after_the_set_delay_and_not_before(sandbox_server, sandbox_until):
    freeze(sandbox_server)
    first = sandbox_server.call("POST", PATH, collect(sandbox_server.order())).json()["razorpay_payment_id"]
    advance(sandbox_server, 0.5)
    second = sandbox_server.call("POST", PATH, collect(sandbox_server.order())).json()["razorpay_payment_id"]

    advance(sandbox_server, 0.5)
    approved = decided(sandbox_server, first, sandbox_until)
    waiting = sandbox_server.payment(second)
    advance(sandbox_server, 0.5)

    assert (approved["status"], waiting["status"]) == ("captured", "created")
    assert decided(sandbox_server, second, sandbox_until)["status"] == "captured"


def test_the_delay_is_a_setting_and_runs_in_real_time(sandbox_start, sandbox_until):
    sandbox = sandbox_start(SANDBOX_UPI_APPROVAL_SECONDS="0.05")

    answer = sandbox.call("POST", PATH, collect(sandbox.order(), **upi("asha@okbank")))

    payment = decided(sandbox, answer.json()["razorpay_payment_id"], sandbox_until)
    assert (payment["status"], payment["vpa"]) == ("captured", "asha@okbank")


def test_a_decision_survives_a_kill(sandbox_start, sandbox_until):
    sandbox = sandbox_start()
    freeze(sandbox)
    payment_id = sandbox.call("POST", PATH, collect(sandbox.order())).json()["razorpay_payment_id"]

    sandbox.end(9)
    sandbox.start()
    advance(sandbox, 1)

    assert decided(sandbox, payment_id, sandbox_until)["status"] == "captured"


def test_manual_capture_leaves_an_approved_payment_authorized(sandbox_server, sandbox_until):
    freeze(sandbox_server)
    order = sandbox_server.order(payment={"capture": "manual"})
    payment_id = sandbox_server.call("POST", PATH, collect(order)).json()["razorpay_payment_id"]

    advance(sandbox_server, 1)

    assert decided(sandbox_server, payment_id, sandbox_until)["status"] == "authorized"
    answer = sandbox_server.call("POST", f"/v1/payments/{payment_id}/capture", {"amount": 150_000})
    assert answer.json()["status"] == "captured"


@pytest.mark.parametrize(
    ("amount", "vpa", "reason"),
    [
        (150_000, "failure@razorpay", "payment_failed"),
        (201, "success@razorpay", "insufficient_funds"),
        (204, "success@razorpay", "incorrect_pin"),
        (302, "asha@okbank", "payment_cancelled"),
        (402, "asha@okbank", "payment_declined"),
    ],
)
def test_a_decline_fails_the_payment_and_leaves_the_order_open(
    sandbox_server, sandbox_receiver, sandbox_until, amount, vpa, reason
):
    freeze(sandbox_server)
    order = sandbox_server.order(amount)
    payment_id = sandbox_server.call("POST", PATH, collect(order, **upi(vpa))).json()["razorpay_payment_id"]

    advance(sandbox_server, 1)

    payment = decided(sandbox_server, payment_id, sandbox_until)
    assert (payment["status"], payment["error_reason"]) == ("failed", reason)
    assert [one.event for one in sandbox_receiver.wait_for(1)] == ["payment.failed"]
    found = sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()
    assert (found["status"], found["attempts"], found["amount_paid"]) == ("attempted", 1, 0)


@pytest.mark.parametrize(("changes", "expiry_seconds"), [({}, 300), ({"expiry_time": 2}, 120)])
def test_a_payer_who_never_answers_lets_the_request_expire(
    sandbox_server, sandbox_receiver, sandbox_until, changes, expiry_seconds
):
    freeze(sandbox_server)
    order = sandbox_server.order()
    request = collect(order, **upi("pending@razorpay", **changes))
    payment_id = sandbox_server.call("POST", PATH, request).json()["razorpay_payment_id"]

    advance(sandbox_server, expiry_seconds - 1)
    still = sandbox_server.payment(payment_id)["status"]
    advance(sandbox_server, 1)

    payment = decided(sandbox_server, payment_id, sandbox_until)
    assert still == "created"
    assert [payment[f"error_{name}"] for name in ("code", "description", "source", "step", "reason")] == [
        "BAD_REQUEST_ERROR",
        "Payment was unsuccessful as you could not pay with the UPI app within time.",
        "customer",
        "payment_authentication",
        "payment_collect_request_expired",
    ]
    assert [one.event for one in sandbox_receiver.wait_for(1)] == ["payment.failed"]


def test_an_answer_that_would_come_after_the_expiry_never_comes(sandbox_start, sandbox_until):
    sandbox = sandbox_start(SANDBOX_UPI_APPROVAL_SECONDS="60")
    freeze(sandbox)
    request = collect(sandbox.order(), **upi(expiry_time=1))
    payment_id = sandbox.call("POST", PATH, request).json()["razorpay_payment_id"]

    advance(sandbox, 60)

    payment = decided(sandbox, payment_id, sandbox_until)
    assert (payment["status"], payment["error_reason"]) == ("failed", "payment_collect_request_expired")


def test_of_two_approved_requests_for_one_order_the_second_is_given_back(sandbox_server, sandbox_until):
    freeze(sandbox_server)
    order = sandbox_server.order()
    first, second = (
        sandbox_server.call("POST", PATH, collect(order)).json()["razorpay_payment_id"] for _ in range(2)
    )

    advance(sandbox_server, 1)

    assert decided(sandbox_server, first, sandbox_until)["status"] == "captured"
    refunded = decided(sandbox_server, second, sandbox_until)
    assert (refunded["status"], refunded["amount_refunded"], refunded["captured"]) == (
        "refunded",
        150_000,
        False,
    )
    found = sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()
    assert (found["status"], found["amount_paid"], found["attempts"]) == ("paid", 150_000, 2)


def test_a_form_body_does_as_well(sandbox_server):
    order = sandbox_server.order()
    form = {
        **{name: value for name, value in collect(order).items() if name != "upi"},
        "upi[flow]": "collect", "upi[vpa]": "success@razorpay", "upi[expiry_time]": "7", "notes[a]": "1",
    }  # fmt: skip

    answer = sandbox_server.call("POST", PATH, data=form)

    assert answer.status_code == 200, answer.text
    assert payments_of(sandbox_server, order)[0]["notes"] == {"a": "1"}
