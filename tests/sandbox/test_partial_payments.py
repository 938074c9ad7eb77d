"""Orders that are paid in parts, and the windows in which payments are captured."""

import pytest


def described(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["description"]


def order_state(sandbox, order_id: str) -> tuple[str, int, int, int]:
    order = sandbox.call("GET", f"/v1/orders/{order_id}").json()
    return order["status"], order["amount_paid"], order["amount_due"], order["attempts"]


def test_an_order_paid_in_parts_is_paid_with_the_last_one(sandbox_server, sandbox_receiver):
    order_id = sandbox_server.order(100_000, partial_payment=True)["id"]

    sandbox_server.pay(order_id, amount=30_000)
    assert order_state(sandbox_server, order_id) == ("attempted", 30_000, 70_000, 1)
    second = sandbox_server.pay(order_id, amount=50_000)
    assert order_state(sandbox_server, order_id) == ("attempted", 80_000, 20_000, 2)
    sandbox_server.pay(order_id)

    assert order_state(sandbox_server, order_id) == ("paid", 100_000, 0, 3)
    assert sandbox_server.payment(second)["amount"] == 50_000
    assert sandbox_receiver.wait_for(7)[-1].event == "order.paid"
    assert sandbox_receiver.events().count("order.paid") == 1
    assert sandbox_receiver.events().count("payment.captured") == 3


def test_the_first_part_has_a_least_amount_and_the_next_ones_have_not(sandbox_server):
    order_id = sandbox_server.order(100_000, partial_payment=True, first_payment_min_amount=40_000)["id"]

    refused = sandbox_server.try_pay(order_id, amount=39_999)

    assert described(refused) == (400, "The amount must be at least INR 400.00")
    assert order_state(sandbox_server, order_id) == ("created", 0, 100_000, 0)
    sandbox_server.pay(order_id, amount=40_000)
    sandbox_server.pay(order_id, amount=100)
    assert order_state(sandbox_server, order_id) == ("attempted", 40_100, 59_900, 2)


@pytest.mark.parametrize(("fields", "amount"), [({}, 50_000), ({"partial_payment": True}, 100_001)])
def test_an_order_takes_no_part_unless_it_says_so_and_never_too_much(sandbox_server, fields, amount):
    order_id = sandbox_server.order(100_000, **fields)["id"]

    answer = sandbox_server.try_pay(order_id, amount=amount)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "amount"
    assert order_state(sandbox_server, order_id) == ("created", 0, 100_000, 0)


def test_a_part_that_became_too_much_cannot_be_captured(sandbox_server):
    order_id = sandbox_server.order(100_000, partial_payment=True)["id"]
    first = sandbox_server.pay(order_id, amount=60_000, capture=False)
    sandbox_server.pay(order_id, amount=60_000, force=True, capture=True)

    answer = sandbox_server.call("POST", f"/v1/payments/{first}/capture", {"amount": 60_000})

    assert described(answer) == (400, "Payment amount is greater than the amount due for order.")
    assert order_state(sandbox_server, order_id) == ("attempted", 60_000, 40_000, 2)


def test_a_part_is_collected_by_upi(sandbox_server, sandbox_until):
    order_id = sandbox_server.order(100_000, partial_payment=True)["id"]
    body = {
        "amount": 30_000, "currency": "INR", "order_id": order_id, "email": "a@b.in", "contact": "9000000000",
        "method": "upi", "upi": {"flow": "collect", "vpa": "success@razorpay"},
    }  # fmt: skip

    assert sandbox_server.call("POST", "/v1/payments/create/upi", body).status_code == 200

    sandbox_until(lambda: order_state(sandbox_server, order_id)[1] == 30_000)


@pytest.mark.parametrize("first", [99, 100_001, "100"])
def test_a_first_part_that_makes_no_sense_is_refused(sandbox_server, first):
    body = {
        "amount": 100_000,
        "currency": "INR",
        "partial_payment": True,
        "first_payment_min_amount": first,
    }

    answer = sandbox_server.call("POST", "/v1/orders", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "first_payment_min_amount"
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 0


def automatic(**options) -> dict:
    return {"payment": {"capture": "automatic", "capture_options": options}}


def failed_then_late(sandbox, minutes: int, **options) -> str:
    order = sandbox.order(**automatic(**options))
    failed = sandbox.try_pay(order["id"], method="upi", vpa="failure@razorpay").json()
    payment_id = failed["error"]["metadata"]["payment_id"]
    sandbox.control("POST", "/clock", {"advance_seconds": 60 * minutes})
    sandbox.control("POST", f"/payments/{payment_id}/authorize-late")
    return payment_id


def test_late_money_is_captured_by_itself_within_the_automatic_window(sandbox_server):
    payment_id = failed_then_late(sandbox_server, 14, automatic_expiry_period=15)

    assert sandbox_server.payment(payment_id)["status"] == "captured"


def test_late_money_waits_for_a_capture_by_hand_after_the_automatic_window(sandbox_server, sandbox_until):
    payment_id = failed_then_late(
        sandbox_server, 16, automatic_expiry_period=15, manual_expiry_period=30, refund_speed="optimum"
    )
    assert sandbox_server.payment(payment_id)["status"] == "authorized"

    sandbox_server.control("POST", "/clock", {"advance_seconds": 30 * 60 + 1})

    sandbox_until(lambda: sandbox_server.payment(payment_id)["status"] == "refunded")
    (refund,) = sandbox_server.call("GET", f"/v1/payments/{payment_id}/refunds").json()["items"]
    assert (refund["amount"], refund["speed_requested"], refund["speed_processed"]) == (
        150_000,
        "optimum",
        "normal",
    )


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"automatic_expiry_period": 11}, "automatic_expiry_period"),
        ({"automatic_expiry_period": 20, "manual_expiry_period": 19}, "manual_expiry_period"),
        ({"manual_expiry_period": 11}, "manual_expiry_period"),
        ({"manual_expiry_period": 7201}, "manual_expiry_period"),
        ({"manual_expiry_period": "30"}, "manual_expiry_period"),
        ({"refund_speed": "instant"}, "refund_speed"),
    ],
)
def test_windows_that_are_not_documented_are_refused(sandbox_server, options, field):
    answer = sandbox_server.call(
        "POST", "/v1/orders", {"amount": 150_000, "currency": "INR", **automatic(**options)}
    )

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 0


def test_a_balance_that_does_not_suffice_refuses_refunds_and_changes_nothing(sandbox_server):
    payment_id = sandbox_server.paid()
    sandbox_server.control("POST", "/refunds", {"mode": "insufficient_balance"})

    answer = sandbox_server.refund(payment_id, key="balance-key-1", amount=50_000)

    assert described(answer) == (
        400,
        "Your account does not have enough balance to carry out the refund operation.",
    )
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 0
    sandbox_server.control("POST", "/refunds", {"mode": "processed"})
    assert sandbox_server.refund(payment_id, key="balance-key-1", amount=50_000).status_code == 200


def test_another_operation_in_progress_refuses_a_capture_once(sandbox_server):
    payment_id = sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    sandbox_server.control(
        "POST", "/faults", {"endpoint": "payments.capture", "fault": "operation_in_progress"}
    )
    path, body = f"/v1/payments/{payment_id}/capture", {"amount": 150_000}

    assert described(sandbox_server.call("POST", path, body)) == (
        400,
        "Request failed because another payment operation is in progress.",
    )
    assert sandbox_server.payment(payment_id)["status"] == "authorized"
    assert sandbox_server.call("POST", path, body).json()["status"] == "captured"


@pytest.mark.parametrize(
    ("number", "is_emi"), [("5241 8100 0000 0000", True), ("4718 6091 0820 4366", False)]
)
def test_the_cards_for_instalments_and_subscriptions_are_taken(sandbox_server, number, is_emi):
    payment_id = sandbox_server.paid(method="card", number=number)

    card = sandbox_server.call("GET", f"/v1/payments/{payment_id}/card").json()

    assert (card["last4"], card["emi"], card["international"]) == (number[-4:], is_emi, False)


def test_an_endpoint_may_ask_for_every_documented_event(sandbox_server):
    body = {"url": "http://127.0.0.1:9/", "events": ["payment.dispute.created", "payment.downtime.started"]}

    assert sandbox_server.control("POST", "/endpoints", body)["events"] == body["events"]
