"""The calls of Checkout's window, and what serves it, as any program can make them: without secret keys."""

import re
from threading import Barrier, Thread

import pytest
import requests

from tests.sandbox.conftest import KEY_ID

PATH = "/v1/checkout/public"
ID, OTHER_ID = "0123456789abcdef" * 2, "f" * 32
CARD = {"method": "card", "number": "4100 2800 0000 1007", "expiry": "12/40", "cvv": "123"}
UPI = {"method": "upi", "vpa": "success@razorpay"}
BANK = {"method": "netbanking", "bank": "HDFC"}


def post(sandbox, path, body):
    """Make a call as the window does: without keys."""
    return requests.post(f"{sandbox.url}{PATH}{path}", json=body, timeout=10)


def begin(sandbox, order, instrument, attempt=ID, **more):
    """Begin an attempt."""
    body = {"key": KEY_ID, "order_id": order["id"], "attempt": attempt, "instrument": instrument, **more}
    return post(sandbox, "/attempts", body)


def answer(sandbox, outcome, attempt=ID, **more):
    """Answer an attempt in the bank's place."""
    return post(sandbox, f"/attempts/{attempt}/answer", {"outcome": outcome, **more})


def payments_of(sandbox, order):
    """List an order's payments, newest first."""
    return sandbox.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]


def test_the_order_is_shown_to_whoever_knows_the_public_key(sandbox_server):
    order = sandbox_server.order()

    shown = post(sandbox_server, "/order", {"key": KEY_ID, "order_id": order["id"]})

    assert (shown.status_code, shown.json()) == (
        200,
        {
            "order_id": order["id"], "amount": 150_000, "currency": "INR", "amount_shown": "₹1,500.00",
            "methods": ["upi", "card", "netbanking", "wallet"],
        },
    )  # fmt: skip
    assert shown.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in shown.headers


@pytest.mark.parametrize(("instrument", "step"), [(CARD, "otp"), (BANK, "bank"), (UPI, "app")])
def test_an_attempt_waits_and_the_same_attempt_again_is_no_second_payment(sandbox_server, instrument, step):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    order = sandbox_server.order()

    answers = [begin(sandbox_server, order, instrument) for _ in range(2)]

    assert [one.json() for one in answers] == [{"status": "waiting", "step": step}] * 2
    (payment,) = payments_of(sandbox_server, order)
    assert (payment["status"], payment["method"]) == ("created", instrument["method"])
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["attempts"] == 1


def test_many_clicks_at_once_are_one_payment_and_one_answer(sandbox_server, sandbox_receiver):
    order = sandbox_server.order()
    start, seen = Barrier(8), []

    def click():
        start.wait()
        begin(sandbox_server, order, CARD)
        seen.append(answer(sandbox_server, "success", otp="1234").json())

    threads = [Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (payment,) = payments_of(sandbox_server, order)
    assert [one["result"]["razorpay_payment_id"] for one in seen] == [payment["id"]] * 8
    assert [one.event for one in sandbox_receiver.wait_for(3)] == [
        "payment.authorized", "payment.captured", "order.paid",
    ]  # fmt: skip


def test_the_first_answer_counts(sandbox_server, sandbox_client):
    order = sandbox_server.order()
    begin(sandbox_server, order, BANK)

    first = answer(sandbox_server, "success").json()
    later = [answer(sandbox_server, outcome).json() for outcome in ("failure", "cancelled")]

    assert first["status"] == "succeeded"
    assert sandbox_client.utility.verify_payment_signature(first["result"]) is True
    assert later == [first, first]
    assert [payment["status"] for payment in payments_of(sandbox_server, order)] == ["captured"]


def test_nobody_learns_a_signature_without_the_attempt_s_own_id(sandbox_server):
    order = sandbox_server.order()
    begin(sandbox_server, order, CARD)
    answer(sandbox_server, "success", otp="1234")
    (payment,) = payments_of(sandbox_server, order)

    answers = [
        requests.get(f"{sandbox_server.url}{PATH}/attempts/{guess}", timeout=10)
        for guess in (payment["id"], OTHER_ID)
    ]

    assert [one.status_code for one in answers] == [400, 400]
    assert [one.json()["error"]["description"] for one in answers] == ["The id provided does not exist"] * 2


def test_of_two_attempts_at_once_the_slower_one_s_money_goes_back(sandbox_server):
    order = sandbox_server.order()
    begin(sandbox_server, order, BANK)
    begin(sandbox_server, order, CARD, OTHER_ID)

    paid = answer(sandbox_server, "success").json()
    late = answer(sandbox_server, "success", OTHER_ID, otp="1234").json()

    assert (paid["status"], late["status"]) == ("succeeded", "failed")
    assert late["error"]["description"].startswith(
        "Your payment has been declined as the order is already paid."
    )
    second, first = payments_of(sandbox_server, order)
    assert late["error"]["metadata"] == {"order_id": order["id"], "payment_id": second["id"]}
    assert [first["status"], second["status"], second["captured"]] == ["captured", "refunded", False]


def test_an_attempt_that_nobody_answers_fails_after_ten_minutes(sandbox_server, sandbox_until):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    order = sandbox_server.order()
    begin(sandbox_server, order, BANK)

    sandbox_server.control("POST", "/clock", {"advance_seconds": 599})
    assert payments_of(sandbox_server, order)[0]["status"] == "created"
    sandbox_server.control("POST", "/clock", {"advance_seconds": 1})

    sandbox_until(lambda: payments_of(sandbox_server, order)[0]["error_reason"] == "payment_timed_out")
    assert answer(sandbox_server, "success").json()["status"] == "failed"


def test_an_answered_attempt_is_left_alone_when_its_time_is_over(sandbox_server):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    order = sandbox_server.order()
    begin(sandbox_server, order, BANK)
    answer(sandbox_server, "success")

    sandbox_server.control("POST", "/clock", {"advance_seconds": 600})

    assert [payment["status"] for payment in payments_of(sandbox_server, order)] == ["captured"]


@pytest.mark.parametrize(
    ("otp", "reason"),
    [("1234", None), ("1234567890", None), ("123", "authentication_failed"), ("", "authentication_failed"),
     ("12345678901", "authentication_failed"), ("12a4", "authentication_failed")],
)  # fmt: skip
def test_an_otp_has_four_to_ten_digits(sandbox_server, otp, reason):
    order = sandbox_server.order()
    begin(sandbox_server, order, CARD)

    answer(sandbox_server, "success", otp=otp)

    assert payments_of(sandbox_server, order)[0]["error_reason"] == reason


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key": "rzp_test_other"}, "The api key provided is invalid"),
        ({"order_id": None}, "The order_id field is required."),
        ({"order_id": "order_AAAAAAAAAAAAAA"}, "The id provided does not exist"),
        ({"attempt": "short"}, "The attempt must be 32 hexadecimal digits."),
        ({"attempt": None}, "attempt is required and must be a text"),
        ({"instrument": "upi"}, "instrument must be an object"),
        ({"instrument": {"method": "cash"}}, "method must be one of"),
        ({"notes": {str(number): "x" for number in range(16)}}, "Notes validation failed."),
        ({"email": "x" * 256}, "The email may not be greater than 255 characters."),
    ],
)
def test_an_attempt_that_makes_no_sense_is_refused_and_none_begins(sandbox_server, changes, text):
    order = sandbox_server.order()

    refused = begin(sandbox_server, order, **{"instrument": UPI, **changes})

    assert refused.status_code == 400
    assert text in refused.json()["error"]["description"]
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order


def test_only_cards_pay_in_another_currency_than_the_rupee(sandbox_server):
    order = sandbox_server.order(5_000, currency="USD")

    refused = begin(sandbox_server, order, UPI)
    taken = begin(sandbox_server, order, CARD, OTHER_ID)

    assert refused.json()["error"]["description"] == "Currency is not supported"
    assert taken.json() == {"status": "waiting", "step": "otp"}
    assert len(payments_of(sandbox_server, order)) == 1


def test_the_script_is_given_to_every_page_and_the_window_only_into_frames_or_on_its_own(sandbox_server):
    script, frame, page = (
        requests.get(sandbox_server.url + path, timeout=10)
        for path in ("/v1/checkout.js", PATH, "/v1/checkout/page")
    )

    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Access-Control-Allow-Origin"] == "*"
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    policy += "img-src data: http: https:; base-uri 'none'; "
    assert frame.headers["Content-Security-Policy"] == policy + "form-action 'none'"
    assert (
        page.headers["Content-Security-Policy"] == policy + "form-action http: https:; frame-ancestors 'none'"
    )
    for one in (script, frame, page):
        assert one.headers["X-Content-Type-Options"] == "nosniff"
    loaded = re.findall(r'(?:href|src)="(/[^"]+)"', frame.text)
    assert [requests.get(sandbox_server.url + path, timeout=10).status_code for path in loaded] == [200, 200]


def test_the_window_meets_no_fault_and_is_no_call_of_the_api(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.control("POST", "/faults", {"endpoint": "*", "fault": "500"})

    assert begin(sandbox_server, order, UPI).status_code == 200

    assert [one["path"] for one in sandbox_server.control("GET", "/requests")["items"]] == ["/v1/orders"]
    assert sandbox_server.control("GET", "/faults")["count"] == 1


def test_a_reset_forgets_attempts(sandbox_server):
    order = sandbox_server.order()
    begin(sandbox_server, order, BANK)

    sandbox_server.control("POST", "/reset")

    assert (
        answer(sandbox_server, "success").json()["error"]["description"] == "The id provided does not exist"
    )


def test_an_order_that_takes_parts_is_paid_in_the_part_that_the_merchant_asks_for(sandbox_server):
    order = sandbox_server.order(partial_payment=True)
    asked = {"key": KEY_ID, "order_id": order["id"], "amount": "50000"}

    shown = post(sandbox_server, "/order", asked).json()
    begin(sandbox_server, order, BANK, amount="50000")
    answer(sandbox_server, "success")
    rest = post(sandbox_server, "/order", {**asked, "amount": None}).json()

    assert (shown["amount"], shown["amount_shown"]) == (50_000, "₹500.00")
    assert (rest["amount"], rest["amount_shown"]) == (100_000, "₹1,000.00")
    assert [payment["amount"] for payment in payments_of(sandbox_server, order)] == [50_000]
