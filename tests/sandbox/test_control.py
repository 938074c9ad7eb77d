"""The other controls: clock, log, endpoints, reset, index."""

import time

import pytest


def test_a_frozen_clock_stands_still_moves_when_told_and_runs_on_from_there(sandbox_server):
    frozen = sandbox_server.control("POST", "/clock", {"frozen": True})
    advanced = sandbox_server.control("POST", "/clock", {"advance_seconds": 3600.5})
    order = sandbox_server.order()
    running = sandbox_server.control("POST", "/clock", {"frozen": False})

    assert frozen["frozen"] is True
    assert advanced["now"] == pytest.approx(frozen["now"] + 3600.5, abs=1e-5)
    assert order["created_at"] == int(advanced["now"])
    assert running["frozen"] is False
    assert running["now"] - advanced["now"] < 60
    assert running["now"] - time.time() > 3000


@pytest.mark.parametrize(
    "body", [{"advance_seconds": -1}, {"advance_seconds": "1"}, {"frozen": 1}, {"rewind": 5}]
)
def test_a_clock_change_that_makes_no_sense_is_refused(sandbox_server, body):
    answer = sandbox_server.call("POST", "/sandbox/clock", body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, next(iter(body)))


def test_every_api_call_is_logged_with_its_status_and_idempotency_key(sandbox_server):
    payment_id = sandbox_server.paid()
    sandbox_server.refund(payment_id, key="refund-key-1", amount=500)
    sandbox_server.call("GET", "/v1/orders?count=1", auth=("x", "y"))

    log = sandbox_server.control("GET", "/requests")["items"]
    refunds = sandbox_server.control("GET", "/requests?path=/refund")["items"]

    assert [(one["method"], one["path"], one["status"]) for one in log] == [
        ("GET", "/v1/orders", 401),
        ("POST", f"/v1/payments/{payment_id}/refund", 200),
        ("POST", "/v1/orders", 200),
    ]  # fmt: skip
    assert [one["idempotency_key"] for one in refunds] == ["refund-key-1"]
    assert log[0]["query"] == "count=1"
    assert log[0]["at"] == pytest.approx(time.time(), abs=60)


def test_a_call_without_an_answer_is_logged_with_its_fault_and_no_status(sandbox_server):
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.list", "fault": "drop"})

    with pytest.raises(OSError, match="Connection aborted"):
        sandbox_server.call("GET", "/v1/orders")

    (logged,) = sandbox_server.control("GET", "/requests")["items"]
    assert (logged["status"], logged["fault"]) == (None, "drop")


def test_reset_empties_everything_but_the_endpoints(sandbox_server, sandbox_receiver):
    sandbox_server.refund(sandbox_server.paid(), amount=100)
    sandbox_receiver.wait_for(5)
    sandbox_server.control("POST", "/clock", {"frozen": True, "advance_seconds": 9999})
    sandbox_server.control("POST", "/refunds", {"mode": "pending"})
    sandbox_server.control("POST", "/faults", {"endpoint": "*", "fault": "500", "count": 9})
    sandbox_server.control("POST", "/deliveries", {"paused": True})

    assert sandbox_server.control("POST", "/reset") == {"reset": True}

    lists = [sandbox_server.call("GET", f"/v1/{one}").json() for one in ("orders", "payments", "refunds")]
    assert [found["count"] for found in lists] == [0, 0, 0]
    assert sandbox_server.deliveries() == []
    assert sandbox_server.control("GET", "/refunds") == {"mode": "processed"}
    assert sandbox_server.control("GET", "/deliveries")["paused"] is False
    assert sandbox_server.control("GET", "/clock")["frozen"] is False
    assert sandbox_server.control("GET", "/clock")["now"] == pytest.approx(time.time(), abs=60)
    assert [one["url"] for one in sandbox_server.control("GET", "/endpoints")["items"]] == [
        sandbox_receiver.url
    ]


def test_an_attempt_under_way_during_a_reset_leaves_later_deliveries_alone(
    sandbox_server, sandbox_receiver, sandbox_until
):
    sandbox_receiver.gate.clear()
    sandbox_receiver.status = 500
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    old = sandbox_receiver.wait_for(1)[0]
    sandbox_server.control("POST", "/reset")

    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    new = sandbox_receiver.wait_for(2)[1]
    sandbox_receiver.status = 200
    sandbox_receiver.gate.set()

    (delivery,) = sandbox_until(lambda: sandbox_server.deliveries(state="delivered"))
    assert new.event_id != old.event_id
    assert (delivery["event_id"], delivery["attempt_count"]) == (new.event_id, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "http://127.0.0.1:9", "events": ["payment.exploded"]}, "events"),
        ({"url": "http://127.0.0.1:9", "events": []}, "events"),
        ({"url": "http://127.0.0.1:9", "secret": 5}, "secret"),
        ({"url": "http://127.0.0.1:9", "name": "x"}, "name"),
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(sandbox_server, body, field):
    answer = sandbox_server.call("POST", "/sandbox/endpoints", body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert sandbox_server.control("GET", "/endpoints")["items"] == []


def test_controls_work_without_keys_with_the_keys_and_with_wrong_ones(sandbox_server):
    answers = [
        sandbox_server.call("GET", "/sandbox/health", auth=auth)
        for auth in (None, ("rzp_test_sandbox", "sandbox_key_secret"), ("someone", "else"))
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == {"status": "ok", "key_id": "rzp_test_sandbox"}


def test_the_index_lists_every_control(sandbox_server):
    index = sandbox_server.control("GET", "/")

    listed = {f"{one['method']} {one['path']}" for one in index["controls"]}
    assert {
        "POST /sandbox/orders/<order_id>/pay", "POST /sandbox/payments/<payment_id>/authorize-late",
        "GET /sandbox/webhooks", "GET /sandbox/webhooks/<event_id>",
        "POST /sandbox/webhooks/<event_id>/redeliver",
        "POST /sandbox/endpoints", "GET /sandbox/endpoints", "DELETE /sandbox/endpoints/<endpoint_id>",
        "POST /sandbox/faults", "GET /sandbox/faults", "DELETE /sandbox/faults", "POST /sandbox/deliveries",
        "GET /sandbox/deliveries", "POST /sandbox/refunds", "POST /sandbox/refunds/<refund_id>/process",
        "POST /sandbox/refunds/<refund_id>/fail", "POST /sandbox/clock", "GET /sandbox/clock",
        "POST /sandbox/upi-collect", "GET /sandbox/upi-collect",
        "POST /sandbox/reset", "GET /sandbox/requests", "GET /sandbox/health",
    } <= listed  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/sandbox/nothing", 404), ("DELETE", "/sandbox/clock", 405)]
)
def test_an_unknown_control_is_a_json_error_that_leads_to_the_index(sandbox_server, method, path, status):
    answer = sandbox_server.call(method, path)

    assert answer.status_code == status
    assert answer.json()["error"]["description"].endswith("GET /sandbox/ lists the controls.")


def test_a_control_body_that_is_not_an_object_is_refused(sandbox_server):
    answers = [sandbox_server.call("POST", "/sandbox/clock", data=data) for data in (b"{", b"[1]")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [answer.json()["error"]["description"] for answer in answers] == [
        "the body is not valid JSON", "the body must be a JSON object",
    ]  # fmt: skip
