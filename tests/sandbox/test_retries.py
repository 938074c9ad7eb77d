"""Failed webhooks: the measured ladder, the limit of a day, changed secrets."""

import hashlib
import hmac
import json

import pytest

GAPS = [0.23, 6, 13, 20, 43, 82, 162, 324, 643, 1283, 2563, 5127, 10241, 20481, 40964]


@pytest.fixture
def sandbox_failing_endpoint(sandbox_server, sandbox_receivers):
    """Register an endpoint for payment.captured and payment.failed that answers 500, under a frozen clock."""
    receiver = sandbox_receivers()
    receiver.status = 500
    body = {"url": receiver.url, "secret": "first", "events": ["payment.captured", "payment.failed"]}
    endpoint = sandbox_server.control("POST", "/endpoints", body)
    sandbox_server.control("POST", "/clock", {"frozen": True})
    return receiver, endpoint["id"]


def wait_for_attempts(sandbox, until, count):
    """Wait until the only delivery has been tried so often, and give it."""
    return until(lambda: next((one for one in sandbox.deliveries() if one["attempt_count"] == count), None))


def test_a_failing_endpoint_is_tried_sixteen_times_with_the_measured_gaps(
    sandbox_server, sandbox_failing_endpoint, sandbox_until
):
    receiver, _ = sandbox_failing_endpoint
    sandbox_server.paid()

    for tried, gap in enumerate(GAPS, start=1):
        delivery = wait_for_attempts(sandbox_server, sandbox_until, tried)
        assert delivery["state"] == "pending"
        assert delivery["next_attempt_at"] - delivery["attempts"][-1]["at"] == pytest.approx(gap, abs=0.001)
        sandbox_server.control("POST", "/clock", {"advance_seconds": gap})
    last = wait_for_attempts(sandbox_server, sandbox_until, 16)

    assert (last["state"], last["next_attempt_at"]) == ("failed", None)
    assert [attempt["status"] for attempt in last["attempts"]] == [500] * 16
    assert last["attempts"][-1]["at"] - last["created_at"] == pytest.approx(81952.23, abs=0.1)
    assert len({(one.event_id, one.body) for one in receiver.received}) == 1
    assert len(receiver.received) == 16


def test_failed_payments_wait_seven_seconds_for_their_first_retry(
    sandbox_server, sandbox_failing_endpoint, sandbox_until
):
    sandbox_server.try_pay(sandbox_server.order()["id"], method="upi", vpa="failure@razorpay")

    delivery = wait_for_attempts(sandbox_server, sandbox_until, 1)

    assert delivery["next_attempt_at"] - delivery["attempts"][0]["at"] == pytest.approx(7, abs=0.001)


@pytest.mark.parametrize("status", [301, 400, 404, 503])
def test_anything_but_a_2xx_is_tried_again(sandbox_server, sandbox_failing_endpoint, sandbox_until, status):
    receiver, _ = sandbox_failing_endpoint
    receiver.status = status
    sandbox_server.paid()
    wait_for_attempts(sandbox_server, sandbox_until, 1)
    receiver.status = 204

    sandbox_server.control("POST", "/clock", {"advance_seconds": 0.23})

    delivery = wait_for_attempts(sandbox_server, sandbox_until, 2)
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [status, 204]


def test_an_endpoint_that_cannot_be_reached_is_tried_again(sandbox_server, sandbox_receivers, sandbox_until):
    receiver = sandbox_receivers()
    receiver.close()
    sandbox_server.control("POST", "/endpoints", {"url": receiver.url, "events": ["payment.captured"]})
    sandbox_server.control("POST", "/clock", {"frozen": True})

    sandbox_server.paid()

    delivery = wait_for_attempts(sandbox_server, sandbox_until, 1)
    assert delivery["state"] == "pending"
    assert delivery["attempts"][0]["status"] is None
    assert delivery["attempts"][0]["error"].startswith("ConnectionRefusedError")


def test_an_endpoint_that_does_not_answer_within_five_seconds_is_tried_again(
    sandbox_server, sandbox_failing_endpoint, sandbox_until
):
    receiver, _ = sandbox_failing_endpoint
    receiver.gate.clear()
    sandbox_server.paid()

    delivery = wait_for_attempts(sandbox_server, sandbox_until, 1)

    (attempt,) = delivery["attempts"]
    assert (attempt["status"], attempt["error"]) == (None, "no answer within 5 seconds")
    assert 4900 <= attempt["duration_ms"] <= 7000
    assert delivery["state"] == "pending"


def test_an_endpoint_is_disabled_after_a_day_of_failures_with_what_waits_for_it(
    sandbox_server, sandbox_failing_endpoint, sandbox_until
):
    receiver, endpoint_id = sandbox_failing_endpoint
    sandbox_server.paid()
    wait_for_attempts(sandbox_server, sandbox_until, 1)
    sandbox_server.control("POST", "/clock", {"advance_seconds": 86399})
    wait_for_attempts(sandbox_server, sandbox_until, 2)
    still_enabled = sandbox_server.control("GET", "/endpoints")["items"][0]["enabled"]

    sandbox_server.control("POST", "/clock", {"advance_seconds": 1})

    sandbox_until(lambda: not sandbox_server.control("GET", "/endpoints")["items"][0]["enabled"])
    assert still_enabled is True
    sandbox_server.paid()
    assert sandbox_server.deliveries()[0]["state"] == "disabled"
    assert len(receiver.received) == 2
    receiver.status = 200
    enabled = sandbox_server.control("POST", f"/endpoints/{endpoint_id}/enable")
    sandbox_server.control("POST", f"/webhooks/{sandbox_server.deliveries()[0]['event_id']}/redeliver")
    receiver.wait_for(3)
    assert enabled["enabled"] is True


def test_one_success_ends_a_streak_of_failures(sandbox_server, sandbox_failing_endpoint, sandbox_until):
    receiver, _ = sandbox_failing_endpoint
    sandbox_server.paid()
    wait_for_attempts(sandbox_server, sandbox_until, 1)
    failing_since = sandbox_server.control("GET", "/endpoints")["items"][0]["failing_since"]
    receiver.status = 200

    sandbox_server.control("POST", "/clock", {"advance_seconds": 0.23})
    wait_for_attempts(sandbox_server, sandbox_until, 2)

    assert failing_since is not None
    assert sandbox_server.control("GET", "/endpoints")["items"][0]["failing_since"] is None


def test_a_retry_after_a_change_of_secret_keeps_the_old_signature(
    sandbox_start, sandbox_receivers, sandbox_until
):
    receiver = sandbox_receivers()
    receiver.status = 500
    sandbox = sandbox_start(SANDBOX_WEBHOOK_URL=receiver.url, RAZORPAY_WEBHOOK_SECRET="old")
    sandbox.control("POST", "/clock", {"frozen": True})
    sandbox.paid(capture=False, method="upi", vpa="success@razorpay")
    wait_for_attempts(sandbox, sandbox_until, 1)
    sandbox.end()
    sandbox.environment["RAZORPAY_WEBHOOK_SECRET"] = "new"
    receiver.status = 200

    sandbox.start()
    sandbox.control("POST", "/clock", {"advance_seconds": 1})
    sandbox.try_pay(sandbox.order()["id"], method="upi", vpa="failure@razorpay")

    signatures = {}
    for one in receiver.wait_for(3)[1:]:
        signatures[json.loads(one.body)["event"]] = (
            one.headers["x-razorpay-signature"]
            == hmac.new(
                b"old" if one.event == "payment.authorized" else b"new", one.body, hashlib.sha256
            ).hexdigest()
        )
    assert signatures == {"payment.authorized": True, "payment.failed": True}
    assert len(sandbox.control("GET", "/endpoints")["items"]) == 1
