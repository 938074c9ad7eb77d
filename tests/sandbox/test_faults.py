"""Faults by endpoint and count: what the client sees, and whether the call had its effect."""

import re
import threading
import time

import pytest
import requests

from sandbox.api.routes import NAMES, ROUTES

GOOD = {"amount": 50_000, "currency": "INR"}


def order_fault(sandbox, fault, **fields):
    """Order a fault for the creation of orders."""
    return sandbox.control("POST", "/faults", {"endpoint": "orders.create", "fault": fault, **fields})


def orders_made(sandbox):
    """Count the orders."""
    return sandbox.call("GET", "/v1/orders").json()["count"]


def test_a_500_carries_razorpays_text_and_has_no_effect(sandbox_server):
    order_fault(sandbox_server, "500")

    answer = sandbox_server.call("POST", "/v1/orders", GOOD)

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "SERVER_ERROR"
    assert answer.json()["error"]["description"] == (
        "The server encountered an error. The incident has been reported to admins."
    )
    assert orders_made(sandbox_server) == 0


def test_a_502_is_html(sandbox_server):
    order_fault(sandbox_server, "html_502")

    answer = sandbox_server.call("POST", "/v1/orders", GOOD)

    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert "<h1>502 Bad Gateway</h1>" in answer.text
    assert orders_made(sandbox_server) == 0


def test_a_429_comes_with_and_without_retry_after(sandbox_server):
    order_fault(sandbox_server, "429")
    order_fault(sandbox_server, "429_retry_after")
    order_fault(sandbox_server, "429_retry_after", seconds=7)

    answers = [sandbox_server.call("POST", "/v1/orders", GOOD) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 429]
    assert [answer.headers.get("Retry-After") for answer in answers] == [None, "2", "7"]
    assert [answer.json()["error"]["description"] for answer in answers] == [
        "Request failed. Please try after sometime.", "Too many requests", "Too many requests",
    ]  # fmt: skip
    assert orders_made(sandbox_server) == 0


def test_a_dropped_connection_gives_no_answer_and_has_no_effect(sandbox_server):
    order_fault(sandbox_server, "drop")

    with pytest.raises(requests.ConnectionError):
        sandbox_server.call("POST", "/v1/orders", GOOD)

    assert orders_made(sandbox_server) == 0


def test_a_slow_call_succeeds_late(sandbox_server):
    order_fault(sandbox_server, "slow", seconds=0.25)
    started = time.monotonic()

    answer = sandbox_server.call("POST", "/v1/orders", GOOD)

    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.25
    assert orders_made(sandbox_server) == 1


@pytest.mark.parametrize(("fault", "made"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_timeout_holds_the_connection_and_closes_it_without_an_answer(sandbox_server, fault, made):
    order_fault(sandbox_server, fault)
    started = time.monotonic()

    with pytest.raises(requests.ConnectionError):
        sandbox_server.call("POST", "/v1/orders", GOOD)

    assert time.monotonic() - started >= 0.3
    assert orders_made(sandbox_server) == made


def test_a_refund_whose_answer_was_lost_is_found_again_by_its_key(sandbox_server):
    payment_id = sandbox_server.paid()
    sandbox_server.control(
        "POST", "/faults", {"endpoint": "payments.refund", "fault": "timeout_after", "seconds": 0}
    )

    with pytest.raises(requests.ConnectionError):
        sandbox_server.refund(payment_id, key="refund-key-1", amount=500)
    again = sandbox_server.refund(payment_id, key="refund-key-1", amount=500)

    assert again.status_code == 200
    assert sandbox_server.call("GET", f"/v1/payments/{payment_id}/refunds").json()["items"] == [again.json()]


def test_a_repeated_key_is_a_409_while_the_first_request_is_still_running(sandbox_server, sandbox_until):
    payment_id = sandbox_server.paid()
    sandbox_server.control("POST", "/faults", {"endpoint": "payments.refund", "fault": "slow", "seconds": 1})
    answers = []
    url = f"{sandbox_server.url}/v1/payments/{payment_id}/refund"
    options = {
        "json": {"amount": 500},
        "auth": ("rzp_test_sandbox", "sandbox_key_secret"),
        "headers": {"X-Refund-Idempotency": "refund-key-1"},
        "timeout": 10,
    }
    first = threading.Thread(target=lambda: answers.append(requests.post(url, **options)))
    first.start()
    sandbox_until(lambda: sandbox_server.control("GET", "/requests?path=refund")["count"] == 1)

    second = requests.post(url, **options)
    first.join()

    assert second.status_code == 409
    assert second.json()["error"]["description"] == (
        "Another request with the same idempotency key is still in progress."
    )
    assert answers[0].status_code == 200
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 500


def test_a_held_call_does_not_hold_up_others(sandbox_server, sandbox_until):
    order_fault(sandbox_server, "timeout_before", seconds=0.6, count=30)

    def create():
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{sandbox_server.url}/v1/orders",
                json=GOOD,
                timeout=10,
                auth=("rzp_test_sandbox", "sandbox_key_secret"),
            )

    held = [threading.Thread(target=create) for _ in range(30)]
    for thread in held:
        thread.start()
    sandbox_until(lambda: sandbox_server.control("GET", "/faults")["count"] == 0)

    other = sandbox_server.call("GET", "/v1/orders")

    assert other.status_code == 200
    assert [thread.is_alive() for thread in held].count(True) > 0
    for thread in held:
        thread.join()


def test_a_fault_strikes_its_endpoint_only_and_as_often_as_ordered(sandbox_server):
    order_fault(sandbox_server, "500", count=2)

    statuses = [sandbox_server.call("POST", "/v1/orders", GOOD).status_code for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert sandbox_server.control("GET", "/faults")["items"] == []


def test_other_endpoints_are_spared(sandbox_server):
    order_fault(sandbox_server, "500")

    assert sandbox_server.call("GET", "/v1/orders").status_code == 200
    assert sandbox_server.control("GET", "/faults")["items"] == [
        {"endpoint": "orders.create", "fault": "500", "count": 1, "seconds": None}
    ]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_call_can_fail(sandbox_server, route):
    sandbox_server.control("POST", "/faults", {"endpoint": route.name, "fault": "500"})
    path = re.sub(r"<\w+>", "any", route.path)

    answer = sandbox_server.call(route.method, path, {} if route.method in ("POST", "PATCH") else None)

    assert answer.status_code == 500
    assert sandbox_server.control("GET", "/faults")["count"] == 0


def test_a_star_means_any_endpoint_and_clearing_forgets_the_rest(sandbox_server):
    sandbox_server.control("POST", "/faults", {"endpoint": "*", "fault": "500", "count": 5})
    struck = sandbox_server.call("GET", "/v1/refunds").status_code

    sandbox_server.control("DELETE", "/faults")

    assert struck == 500
    assert sandbox_server.call("GET", "/v1/refunds").status_code == 200


def test_a_call_without_the_right_keys_uses_up_no_fault(sandbox_server):
    order_fault(sandbox_server, "500")

    answer = sandbox_server.call("POST", "/v1/orders", GOOD, auth=("rzp_test_sandbox", "wrong"))

    assert answer.status_code == 401
    assert sandbox_server.control("GET", "/faults")["count"] == 1


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"endpoint": "orders.destroy", "fault": "500"}, "endpoint", [*NAMES, "*"]),
        (
            {"endpoint": "*", "fault": "explode"},
            "fault",
            ["500", "html_502", "429", "429_retry_after", "drop", "slow", "timeout_before", "timeout_after"],
        ),
        ({"endpoint": "*", "fault": "500", "count": 0}, "count", []),
        ({"endpoint": "*", "fault": "500", "count": 1.5}, "count", []),
        ({"endpoint": "*", "fault": "slow", "seconds": -1}, "seconds", []),
        (
            {"endpoint": "*", "fault": "500", "colour": "red"},
            "colour",
            ["endpoint", "fault", "count", "seconds"],
        ),
    ],
)
def test_an_unknown_fault_is_refused_with_the_allowed_names(sandbox_server, body, field, allowed):
    answer = sandbox_server.call("POST", "/sandbox/faults", body)

    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (400, field)
    assert [name for name in allowed if name not in error["description"]] == []
    assert sandbox_server.control("GET", "/faults")["count"] == 0
