"""The controls that the page at /sandbox/ lists with, and the page itself as a program sees it."""

import re

import pytest
import requests

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


def test_orders_come_newest_first_and_by_pages_that_new_orders_do_not_shift(sandbox_server):
    made = [sandbox_server.order(1_000 + number)["id"] for number in range(5)]

    first = sandbox_server.control("GET", "/orders?limit=2")
    sandbox_server.order()
    second = sandbox_server.control("GET", f"/orders?limit=2&before={first['next_before']}")
    last = sandbox_server.control("GET", f"/orders?limit=2&before={second['next_before']}")

    pages = [[order["id"] for order in page["items"]] for page in (first, second, last)]
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert last["next_before"] is None
    assert first["items"][0] == sandbox_server.call("GET", f"/v1/orders/{made[4]}").json()


def test_an_order_is_found_by_every_id_of_its_story_and_by_its_receipt(sandbox_server):
    order = sandbox_server.order(receipt="rcpt-7")
    sandbox_server.order(receipt="rcpt-8")
    payment_id = sandbox_server.pay(order["id"])
    refund_id = sandbox_server.refund(payment_id, amount=100).json()["id"]

    found = [
        [one["id"] for one in sandbox_server.control("GET", f"/orders?find={text}")["items"]]
        for text in (order["id"], payment_id, refund_id, "rcpt-7")
    ]

    assert found == [[order["id"]]] * 4
    assert sandbox_server.control("GET", "/orders?find=nothing") == {
        "entity": "collection", "count": 0, "items": [], "next_before": None,
    }  # fmt: skip


def test_an_order_is_told_with_its_payments_and_their_refunds(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.try_pay(order["id"], vpa="failure@razorpay")
    payment_id = sandbox_server.pay(order["id"])
    refund = sandbox_server.refund(payment_id, amount=100).json()
    sandbox_server.control("POST", f"/payments/{payment_id}/dispute", {})

    told = sandbox_server.control("GET", f"/orders/{order['id']}")

    assert (told["order"]["status"], told["order"]["attempts"]) == ("paid", 2)
    assert [one["payment"]["status"] for one in told["payments"]] == ["captured", "failed"]
    assert [[each["status"] for each in one["disputes"]] for one in told["payments"]] == [["open"], []]
    assert [[each["id"] for each in one["refunds"]] for one in told["payments"]] == [[refund["id"]], []]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=-1", "before=x", "before=" + "9" * 19]
)
def test_a_page_that_cannot_be_is_refused(sandbox_server, query):
    answer = requests.get(f"{sandbox_server.url}/sandbox/orders?{query}", timeout=10)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SANDBOX_CONTROL_ERROR")


def test_an_endpoint_can_be_subscribed_to_other_events(sandbox_server, sandbox_receiver):
    (endpoint,) = sandbox_server.control("GET", "/endpoints")["items"]

    changed = sandbox_server.control(
        "POST", f"/endpoints/{endpoint['id']}/events", {"events": ["order.paid"]}
    )
    sandbox_server.paid()

    assert changed == {**endpoint, "events": ["order.paid"]}
    assert [one.event for one in sandbox_receiver.wait_for(1)] == ["order.paid"]
    assert sandbox_server.control("GET", "/webhooks")["count"] == 1


@pytest.mark.parametrize("events", [[], ["order.unpaid"], "order.paid", None])
def test_a_subscription_that_makes_no_sense_changes_nothing(sandbox_server, sandbox_receiver, events):
    (endpoint,) = sandbox_server.control("GET", "/endpoints")["items"]

    refused = requests.post(
        f"{sandbox_server.url}/sandbox/endpoints/{endpoint['id']}/events", json={"events": events}, timeout=10
    )

    assert refused.status_code == 400
    assert sandbox_server.control("GET", "/endpoints")["items"] == [endpoint]


def test_browsers_get_a_page_and_programs_get_the_table(sandbox_server):
    page = requests.get(f"{sandbox_server.url}/sandbox/", headers=BROWSER, timeout=10)
    tables = [
        requests.get(f"{sandbox_server.url}/sandbox/", headers=headers, timeout=10)
        for headers in ({}, {"Accept": "application/json"}, {"Accept": "application/json, text/html"})
    ]

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert {table.json()["service"] for table in tables} == {"sandbox"}
    loaded = re.findall(r'(?:href|src)="(/[^"]+)"', page.text)
    answers = [requests.get(sandbox_server.url + path, timeout=10) for path in loaded]
    assert [one.status_code for one in answers] == [200, 200]
    assert [one.headers["X-Content-Type-Options"] for one in answers] == ["nosniff", "nosniff"]
