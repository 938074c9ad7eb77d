"""What customers pay with: successes, failures with their reasons, and nonsense."""

import pytest

ERROR_CARDS = [
    ("payment_timed_out", "BAD_REQUEST_ERROR", ["4100280000090000", "5305620000060000"]),
    ("insufficient_fund", "BAD_REQUEST_ERROR", ["4100280000080001", "5305620000050001"]),
    ("payment_cancelled", "BAD_REQUEST_ERROR", ["4100280000070002", "5305620000040002"]),
    ("card_declined", "BAD_REQUEST_ERROR", ["4100280000060003", "4100280000050004", "4100280000040005"]),
    ("card_declined", "BAD_REQUEST_ERROR", ["5305620000030003", "5305620000020004", "5305620000010005"]),
    ("card_disabled_for_online_payments", "BAD_REQUEST_ERROR", ["4100280000030006", "5305620000000006"]),
    ("card_number_invalid", "BAD_REQUEST_ERROR", ["4100280000010008", "5305620000080008"]),
    ("gateway_technical_error", "GATEWAY_ERROR", ["4100280000020007", "5305620000090007"]),
    ("authentication_failed", "GATEWAY_ERROR", ["4100280000000009", "5305620000070009"]),
]


@pytest.mark.parametrize(("reason", "code", "numbers"), ERROR_CARDS)
def test_every_documented_error_card_fails_with_its_reason(sandbox_server, reason, code, numbers):
    order = sandbox_server.order()

    answers = [sandbox_server.try_pay(order["id"], method="card", number=number) for number in numbers]

    assert [answer.status_code for answer in answers] == [400] * len(numbers)
    assert [answer.json()["error"]["reason"] for answer in answers] == [reason] * len(numbers)
    assert [answer.json()["error"]["code"] for answer in answers] == [code] * len(numbers)


def test_a_failure_is_shown_at_the_checkout_on_the_payment_and_in_the_webhook_alike(
    sandbox_server, sandbox_receiver
):
    order = sandbox_server.order()

    error = sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay").json()["error"]

    payment_id = error["metadata"]["payment_id"]
    payment = sandbox_server.payment(payment_id)
    assert error == {
        "code": "BAD_REQUEST_ERROR",
        "description": "Payment was unsuccessful due to a temporary issue. "
        "Any amount deducted will be refunded within 5-7 working days.",
        "source": "gateway", "step": "payment_response", "reason": "payment_failed",
        "metadata": {"order_id": order["id"], "payment_id": payment_id},
    }  # fmt: skip
    assert payment["status"] == "failed"
    assert [payment[f"error_{name}"] for name in ("code", "description", "source", "step", "reason")] == [
        error[name] for name in ("code", "description", "source", "step", "reason")
    ]
    assert payment["acquirer_data"] == {"rrn": None, "upi_transaction_id": None}
    assert sandbox_receiver.wait_for(1)[0].entity == {**payment, "reward": None}


@pytest.mark.parametrize(
    ("number", "network", "is_international"),
    [
        ("4100 2800 0000 1007", "Visa", False),
        ("5500 6700 0000 1002", "MasterCard", False),
        ("6527 6589 0000 1005", "RuPay", False),
        ("3608 280009 1007", "Diners Club", False),
        ("3402 560004 01007", "American Express", False),
        ("4111 1111 1111 1111", "Visa", False),
        ("5555 5555 5555 4444", "MasterCard", True),
        ("4012 8888 8888 1881", "Visa", True),
        ("6011-1111-1111-1117", "RuPay", False),
    ],
)
def test_success_cards_and_any_other_card_number_are_taken(sandbox_server, number, network, is_international):
    payment_id = sandbox_server.paid(method="card", number=number, expiry="12/30", cvv="123", name="Asha")

    payment = sandbox_server.call("GET", f"/v1/payments/{payment_id}?expand[]=card").json()

    assert (payment["status"], payment["international"]) == ("captured", is_international)
    assert (payment["card"]["network"], payment["card"]["last4"]) == (network, number[-4:])


@pytest.mark.parametrize(
    ("body", "shown", "acquirer_fields"),
    [
        ({"method": "upi", "vpa": "asha@okbank"}, {"vpa": "asha@okbank"}, ["rrn", "upi_transaction_id"]),
        ({"method": "netbanking", "bank": "HDFC"}, {"bank": "HDFC"}, ["bank_transaction_id"]),
        ({"method": "wallet", "wallet": "freecharge"}, {"wallet": "freecharge"}, ["transaction_id"]),
    ],
)
def test_the_other_methods_succeed_and_show_what_was_used(sandbox_server, body, shown, acquirer_fields):
    payment = sandbox_server.payment(
        sandbox_server.paid(**body, email="asha@example.com", contact="+919812345678")
    )

    assert (payment["status"], payment["method"]) == ("captured", body["method"])
    assert {name: payment[name] for name in ("vpa", "bank", "wallet") if payment[name]} == shown
    assert (payment["email"], payment["contact"]) == ("asha@example.com", "+919812345678")
    assert list(payment["acquirer_data"]) == acquirer_fields


@pytest.mark.parametrize(
    "body",
    [
        {"method": "netbanking", "bank": "HDFC"},
        {"method": "wallet", "wallet": "freecharge"},
        {"method": "upi", "vpa": "success@razorpay"},
        {"method": "card", "number": "4111111111111111"},
    ],
)
def test_any_method_fails_when_the_outcome_says_so(sandbox_server, body):
    answer = sandbox_server.try_pay(sandbox_server.order()["id"], **body, outcome="failure")

    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "payment_failed")


def test_a_upi_address_that_never_answers_fails_at_once_where_nobody_waits_for_it(sandbox_server):
    order = sandbox_server.order()

    error = sandbox_server.try_pay(order["id"], method="upi", vpa="pending@razorpay").json()["error"]

    assert error["reason"] == "payment_collect_request_expired"
    assert sandbox_server.payment(error["metadata"]["payment_id"])["status"] == "failed"


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (201, "insufficient_funds"),
        (204, "incorrect_pin"),
        (302, "payment_cancelled"),
        (402, "payment_declined"),
    ],
)
def test_reserved_upi_amounts_fail_with_their_reason(sandbox_server, amount, reason):
    answer = sandbox_server.try_pay(sandbox_server.order(amount)["id"])

    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "cash"}, "method"),
        ({"method": ""}, "method"),
        ({"method": "upi"}, "vpa"),
        ({"method": "upi", "vpa": "not a vpa"}, "vpa"),
        ({"method": "card"}, "number"),
        ({"method": "card", "number": "4111111111111112"}, "number"),
        ({"method": "card", "number": "abc"}, "number"),
        ({"method": "card", "number": "4111111111111111", "expiry": "13/30"}, "expiry"),
        ({"method": "card", "number": "4111111111111111", "expiry": "01/20"}, "expiry"),
        ({"method": "card", "number": "4111111111111111", "cvv": "12"}, "cvv"),
        ({"method": "netbanking"}, "bank"),
        ({"method": "wallet"}, "wallet"),
        ({"method": "upi", "vpa": "success@razorpay", "colour": "red"}, "colour"),
        ({"method": "upi", "vpa": "success@razorpay", "capture": "yes"}, "capture"),
        ({"method": "upi", "vpa": "success@razorpay", "outcome": "maybe"}, "outcome"),
    ],
)
def test_a_payment_that_makes_no_sense_names_the_field_and_is_no_attempt(sandbox_server, body, field):
    order = sandbox_server.order()

    answer = sandbox_server.try_pay(order["id"], **body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order
