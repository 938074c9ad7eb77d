"""Webhooks as they arrive: headers, bodies, order, spacing, endpoints."""

import hashlib
import hmac
import json

import pytest

SECRET = "sandbox_webhook_secret"


def signed(secret, body):
    """Sign a body as the docs say."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_webhook_carries_exactly_the_documented_headers(sandbox_server, sandbox_receiver):
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")

    received = sandbox_receiver.wait_for(1)[0]

    event_id = received.event_id
    assert len(event_id) == 14
    assert received.headers == {
        "host": f"127.0.0.1:{sandbox_receiver.port}",
        "user-agent": "Razorpay-Webhook/v1",
        "content-type": "application/json",
        "request-id": event_id,
        "x-razorpay-event-id": event_id,
        "x-razorpay-signature": signed(SECRET, received.body),
        "accept-encoding": "gzip",
        "content-length": str(len(received.body)),
    }


def test_the_body_is_compact_json_with_the_documented_envelope(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid(capture=False, method="card", number="4111111111111111")

    body = sandbox_receiver.wait_for(1)[0].body

    envelope = json.loads(body)
    assert body == json.dumps(envelope, separators=(",", ":")).encode()
    assert list(envelope) == ["entity", "account_id", "event", "contains", "payload", "created_at"]
    assert (envelope["entity"], envelope["event"], envelope["contains"]) == (
        "event", "payment.authorized", ["payment"],
    )  # fmt: skip
    payment = envelope["payload"]["payment"]["entity"]
    assert (payment["id"], payment["status"], payment["fee"]) == (payment_id, "authorized", None)
    assert payment["card"]["last4"] == "1111"


def test_a_sale_sends_authorized_then_captured_then_order_paid_a_third_of_a_second_later(
    sandbox_server, sandbox_receiver, sandbox_until
):
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"])

    received = sandbox_receiver.wait_for(3)

    assert [one.event for one in received] == ["payment.authorized", "payment.captured", "order.paid"]
    assert [one.entity["status"] for one in received] == ["authorized", "captured", "captured"]
    assert [one.entity["fee"] for one in received] == [None, 3540, 3540]
    paid_order = json.loads(received[2].body)["payload"]["order"]["entity"]
    expected = sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()
    assert paid_order == {**expected, "description": None, "checkout": None}
    assert len({one.event_id for one in received}) == 3
    sandbox_until(lambda: len(sandbox_server.deliveries(payment_id=payment_id, state="delivered")) == 3)
    paid, captured, _ = sandbox_server.deliveries(payment_id=payment_id)
    assert paid["attempts"][0]["at"] - captured["created_at"] >= 0.35


def test_a_refund_sends_created_then_processed_with_refund_and_payment(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)
    refund = sandbox_server.refund(payment_id, amount=50_000).json()

    received = sandbox_receiver.wait_for(5)[3:]

    assert [one.event for one in received] == ["refund.created", "refund.processed"]
    envelope = json.loads(received[1].body)
    assert envelope["contains"] == ["refund", "payment"]
    assert envelope["payload"]["refund"]["entity"] == refund
    payment = envelope["payload"]["payment"]["entity"]
    assert (payment["amount_refunded"], payment["refund_status"]) == (50_000, "partial")
    assert (payment["base_amount"], payment["amount_transferred"]) == (150_000, 0)


def test_all_endpoints_get_the_same_event_id_each_with_its_own_signature(sandbox_server, sandbox_receivers):
    first, second = sandbox_receivers(), sandbox_receivers()
    sandbox_server.control("POST", "/endpoints", {"url": first.url, "secret": "one"})
    sandbox_server.control("POST", "/endpoints", {"url": second.url, "secret": "two"})

    sandbox_server.try_pay(sandbox_server.order()["id"], method="upi", vpa="failure@razorpay")

    (one,), (two,) = first.wait_for(1), second.wait_for(1)
    assert (one.event_id, one.body) == (two.event_id, two.body)
    assert one.headers["x-razorpay-signature"] == signed("one", one.body)
    assert two.headers["x-razorpay-signature"] == signed("two", two.body)


def test_an_endpoint_gets_only_the_events_it_subscribed_to(sandbox_server, sandbox_receivers, sandbox_until):
    receiver = sandbox_receivers()
    body = {"url": receiver.url, "secret": "s", "events": ["payment.captured", "refund.processed"]}
    sandbox_server.control("POST", "/endpoints", body)

    sandbox_server.refund(sandbox_server.paid(), amount=100)

    receiver.wait_for(2)
    sandbox_until(lambda: [one["state"] for one in sandbox_server.deliveries()] == ["delivered"] * 2)
    assert receiver.events() == ["payment.captured", "refund.processed"]


def test_another_secret_signs_what_comes_after_it(sandbox_server, sandbox_receivers):
    receiver = sandbox_receivers()
    endpoint = sandbox_server.control("POST", "/endpoints", {"url": receiver.url, "secret": "old"})
    sandbox_server.control("POST", "/deliveries", {"paused": True})
    authorized = {"method": "upi", "vpa": "success@razorpay", "capture": False}
    first_id = sandbox_server.paid(**authorized)

    changed = sandbox_server.control("POST", f"/endpoints/{endpoint['id']}/secret", {"secret": "new"})
    assert changed == {**endpoint, "secret": "new"}
    second_id = sandbox_server.paid(**authorized)
    sandbox_server.control("POST", "/deliveries", {"paused": False})

    received = {one.entity["id"]: one for one in receiver.wait_for(2)}
    for payment_id, secret in ((first_id, "old"), (second_id, "new")):
        signature = received[payment_id].headers["x-razorpay-signature"]
        assert signature == signed(secret, received[payment_id].body)


def test_without_a_secret_there_is_no_signature(sandbox_server, sandbox_receivers):
    receiver = sandbox_receivers()
    sandbox_server.control("POST", "/endpoints", {"url": receiver.url})

    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")

    assert "x-razorpay-signature" not in receiver.wait_for(1)[0].headers


def test_a_removed_endpoint_gets_nothing_more(sandbox_server, sandbox_receiver):
    (endpoint,) = sandbox_server.control("GET", "/endpoints")["items"]

    removed = sandbox_server.control("DELETE", f"/endpoints/{endpoint['id']}")
    sandbox_server.paid()

    assert removed["url"] == sandbox_receiver.url
    assert sandbox_server.deliveries() == []
    assert sandbox_receiver.received == []


def test_the_body_is_a_snapshot_of_the_moment_of_the_event(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/deliveries", {"paused": True})
    payment_id = sandbox_server.paid()
    sandbox_server.refund(payment_id)

    sandbox_server.control("POST", "/deliveries", {"paused": False})

    received = sandbox_receiver.wait_for(5)
    assert {one.event: one.entity["status"] for one in received[:2]} == {
        "payment.authorized": "authorized", "payment.captured": "captured",
    }  # fmt: skip
    assert sandbox_server.payment(payment_id)["status"] == "refunded"


def test_a_delivery_can_be_looked_up_with_body_headers_and_answer(
    sandbox_server, sandbox_receiver, sandbox_until
):
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"], capture=False)
    received = sandbox_receiver.wait_for(1)[0]

    (listed,) = sandbox_until(lambda: sandbox_server.deliveries(order_id=order["id"], state="delivered"))
    fetched = sandbox_server.control("GET", f"/webhooks/{received.event_id}")

    assert (listed["event_id"], listed["event"], listed["url"], listed["attempt_count"]) == (
        received.event_id, "payment.authorized", sandbox_receiver.url, 1,
    )  # fmt: skip
    assert (listed["order_id"], listed["payment_id"]) == (order["id"], payment_id)
    (attempt,) = listed["attempts"]
    assert (attempt["status"], attempt["error"], attempt["body"]) == (200, None, ("seen" * 200)[:500])
    assert fetched["body"].encode() == received.body
    assert {
        name.lower(): value for name, value in fetched["headers"].items()
    }.items() <= received.headers.items()
    assert sandbox_server.deliveries(event="order.paid") == []
    assert sandbox_server.deliveries(payment_id="pay_" + "0" * 14) == []


def test_the_delivery_list_is_newest_first_and_limited(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)

    listed = sandbox_server.deliveries(payment_id=payment_id, limit=2)

    assert [one["event"] for one in listed] == ["order.paid", "payment.captured"]


def test_an_event_is_redelivered_by_hand_with_the_same_id_and_body(
    sandbox_server, sandbox_receiver, sandbox_until
):
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    first = sandbox_receiver.wait_for(1)[0]
    sandbox_until(lambda: sandbox_server.deliveries(state="delivered"))

    answer = sandbox_server.control("POST", f"/webhooks/{first.event_id}/redeliver")

    assert answer == {"event_id": first.event_id, "redelivering": 1}
    assert sandbox_receiver.wait_for(2) == [first, first]
    (again,) = sandbox_until(lambda: sandbox_server.deliveries(state="delivered"))
    assert again["attempt_count"] == 2


def test_an_endpoint_registered_too_late_gets_the_event_by_redelivery(
    sandbox_server, sandbox_receiver, sandbox_receivers
):
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    first = sandbox_receiver.wait_for(1)[0]
    late = sandbox_receivers()
    sandbox_server.control("POST", "/endpoints", {"url": late.url, "secret": SECRET})

    sandbox_server.control("POST", f"/webhooks/{first.event_id}/redeliver")

    assert late.wait_for(1)[0].body == first.body


@pytest.mark.parametrize("call", [("GET", ""), ("POST", "/redeliver")])
def test_an_unknown_event_id_is_a_clear_404(sandbox_server, call):
    method, tail = call

    answer = sandbox_server.call(method, f"/sandbox/webhooks/nothing{tail}")

    assert answer.status_code == 404
    assert answer.json()["error"]["description"] == "no webhook event has the id 'nothing'"


def test_a_slow_endpoint_does_not_hold_up_the_others(sandbox_server, sandbox_receivers):
    slow, quick = sandbox_receivers(), sandbox_receivers()
    slow.gate.clear()
    sandbox_server.control("POST", "/endpoints", {"url": slow.url})
    sandbox_server.control("POST", "/endpoints", {"url": quick.url})

    for _ in range(10):
        sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")

    quick.wait_for(10)
    assert len(slow.received) <= 4
    assert sandbox_server.deliveries(state="delivered", limit=100)


def test_one_endpoint_more_than_razorpay_allows_is_refused(sandbox_server):
    body = {"url": "http://127.0.0.1:9/", "secret": "s"}
    for _ in range(30):
        sandbox_server.control("POST", "/endpoints", body)

    answer = sandbox_server.call("POST", "/sandbox/endpoints", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SANDBOX_CONTROL_ERROR")
    assert sandbox_server.control("GET", "/endpoints")["count"] == 30
