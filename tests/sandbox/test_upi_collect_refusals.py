"""UPI collect from server to server: requests that are refused, and calls that go wrong."""

import pytest
import razorpay
import requests

from tests.sandbox.collecting import PATH, collect, payments_of, upi

TIMEOUT = 10
AMOUNT_DIFFERS = (
    "Your payment amount is different from your order amount. "
    "To pay successfully, please try using right amount."
)
ALREADY_PAID = (
    "Your payment has been declined as the order is already paid. "
    "Please initiate the payment with a new order."
)


@pytest.mark.parametrize(
    ("changes", "field", "description"),
    [
        ({"amount": 150_001}, "amount", AMOUNT_DIFFERS),
        ({"amount": "1500"}, "amount", "The amount must be an integer."),
        ({"currency": "USD"}, "currency", "Your payment currency is different from your order currency."),
        ({"order_id": "order_AAAAAAAAAAAAAA"}, None, "The id provided does not exist"),
        ({"order_id": "order_short"}, None, "short is not a valid id"),
        ({"method": "card"}, "method", "The selected method is invalid."),
        ({"email": "asha"}, "email", "The email must be a valid email address."),
        ({"contact": 9812345678}, "contact", "expected string but provided 9812345678"),
        ({"notes": {"a": "x" * 257}}, "notes", "Notes validation failed."),
        ({"colour": "red"}, "colour", "colour is/are not required and should not be sent"),
        ({"upi": "collect"}, "upi", "The upi must be an object."),
        (upi("not a vpa"), "vpa", "Invalid VPA. Please enter a valid Virtual Payment Address"),
        (upi(flow="intent"), "flow", "The selected flow is invalid. The sandbox only takes collect."),
        (upi(expiry_time=0), "expiry_time", "The expiry_time must be between 1 and 5760."),
        (upi(expiry_time=5761), "expiry_time", "The expiry_time must be between 1 and 5760."),
        (upi(expiry_time="5"), "expiry_time", "The expiry_time must be an integer."),
        (upi(colour="red"), "colour", "colour is/are not required and should not be sent"),
        *(({name: None}, name, f"The {name} field is required.")
          for name in ("amount", "currency", "order_id", "email", "contact", "method", "upi")),
        ({"upi": {"flow": "collect"}}, "vpa", "The vpa field is required."),
        ({"upi": {"vpa": "success@razorpay"}}, "flow", "The flow field is required."),
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused_and_is_no_attempt(
    sandbox_server, sandbox_receiver, changes, field, description
):
    order = sandbox_server.order()

    answer = sandbox_server.call("POST", PATH, collect(order, **changes))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BAD_REQUEST_ERROR")
    assert (error.get("field"), error["description"]) == (field, description)
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order
    assert sandbox_server.call("GET", "/v1/payments").json()["count"] == 0
    assert sandbox_server.deliveries() == []


def test_a_malformed_address_is_refused_in_the_documented_envelope(sandbox_server):
    answer = sandbox_server.call("POST", PATH, collect(sandbox_server.order(), **upi("nobody")))

    assert answer.json() == {
        "error": {
            "code": "BAD_REQUEST_ERROR",
            "description": "Invalid VPA. Please enter a valid Virtual Payment Address",
            "source": "customer",
            "step": "payment_initiation",
            "reason": "invalid_vpa",
            "metadata": {},
            "field": "vpa",
        }
    }


def test_upi_moves_no_other_currency_than_rupees(sandbox_server):
    order = sandbox_server.call("POST", "/v1/orders", {"amount": 5000, "currency": "USD"}).json()

    answer = sandbox_server.call("POST", PATH, collect(order))

    assert (answer.status_code, answer.json()["error"]["description"]) == (400, "Currency is not supported")
    assert payments_of(sandbox_server, order) == []


@pytest.mark.parametrize(
    ("capture", "description"),
    [
        (True, ALREADY_PAID),
        (False, "Payment already done for this order."),
    ],
)  # fmt: skip
def test_an_order_that_has_its_money_takes_no_request(sandbox_server, capture, description):
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"], method="wallet", wallet="freecharge", capture=capture)

    answer = sandbox_server.call("POST", PATH, collect(order))

    assert (answer.status_code, answer.json()["error"]["description"]) == (400, description)
    assert answer.json()["error"]["metadata"] == {"order_id": order["id"]}
    assert [payment["id"] for payment in payments_of(sandbox_server, order)] == [payment_id]
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["attempts"] == 1


def test_a_merchant_without_upi_collect_is_refused(sandbox_server, sandbox_client):
    order = sandbox_server.order()
    sandbox_server.control("POST", "/upi-collect", {"mode": "refused"})

    with pytest.raises(
        razorpay.errors.BadRequestError, match=r"^UPI Collect is not enabled for the merchant$"
    ):
        sandbox_client.payment.createUpi(collect(order), timeout=TIMEOUT)

    assert payments_of(sandbox_server, order) == []
    sandbox_server.control("POST", "/upi-collect", {"mode": "allowed"})
    assert list(sandbox_client.payment.createUpi(collect(order), timeout=TIMEOUT)) == ["razorpay_payment_id"]


def test_the_refusal_of_upi_collect_is_a_setting_too(sandbox_start):
    sandbox = sandbox_start(SANDBOX_UPI_COLLECT="refused")

    answer = sandbox.call("POST", PATH, collect(sandbox.order()))

    assert sandbox.control("GET", "/upi-collect") == {"mode": "refused"}
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST_ERROR")
    assert answer.json()["error"]["description"] == "UPI Collect is not enabled for the merchant"


@pytest.mark.parametrize(("fault", "made"), [("timeout_before", 0), ("timeout_after", 1), ("drop", 0)])
def test_a_lost_answer_leaves_the_payment_or_nothing_to_be_found_by_the_order(sandbox_server, fault, made):
    order = sandbox_server.order()
    sandbox_server.control(
        "POST", "/faults", {"endpoint": "payments.create_upi", "fault": fault, "seconds": 0}
    )

    with pytest.raises(requests.ConnectionError):
        sandbox_server.call("POST", PATH, collect(order, notes={"intent": "pi_1"}))

    found = payments_of(sandbox_server, order)
    assert [payment["notes"] for payment in found] == [{"intent": "pi_1"}] * made


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [("500", 500, 0), ("html_502", 502, 0), ("429", 429, 0), ("429_retry_after", 429, 0), ("slow", 200, 1)],
)
def test_every_other_fault_strikes_it_too(sandbox_server, fault, status, made):
    order = sandbox_server.order()
    sandbox_server.control(
        "POST", "/faults", {"endpoint": "payments.create_upi", "fault": fault, "seconds": 0.1}
    )

    answer = sandbox_server.call("POST", PATH, collect(order))

    assert answer.status_code == status
    assert len(payments_of(sandbox_server, order)) == made


def test_it_needs_the_keys(sandbox_server):
    order = sandbox_server.order()

    answer = sandbox_server.call("POST", PATH, collect(order), auth=("rzp_test_sandbox", "wrong"))

    assert answer.status_code == 401
    assert payments_of(sandbox_server, order) == []
