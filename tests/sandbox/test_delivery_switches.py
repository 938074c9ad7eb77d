"""The switches of deliveries: pause, duplicate, shuffle, delay, corrupt."""

import hashlib
import hmac
import json

import pytest

SECRET = b"sandbox_webhook_secret"
ALL_OFF = {"paused": False, "duplicate": False, "shuffle": False, "delay_seconds": 0, "corrupt": False}


def test_the_switches_are_off_and_keep_their_place_when_others_are_turned(sandbox_server):
    assert sandbox_server.control("GET", "/deliveries") == ALL_OFF
    sandbox_server.control("POST", "/deliveries", {"paused": True})

    assert sandbox_server.control("POST", "/deliveries", {"delay_seconds": 2.5}) == {
        **ALL_OFF, "paused": True, "delay_seconds": 2.5,
    }  # fmt: skip


def test_paused_deliveries_wait_and_then_arrive_in_order(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/deliveries", {"paused": True})
    sandbox_server.paid()
    waiting = sandbox_server.deliveries()

    sandbox_server.control("POST", "/deliveries", {"paused": False})

    assert [(one["state"], one["attempt_count"]) for one in waiting] == [("pending", 0)] * 3
    sandbox_receiver.wait_for(3)
    assert sandbox_receiver.events() == ["payment.authorized", "payment.captured", "order.paid"]


def test_duplicated_deliveries_arrive_twice_with_the_same_id(sandbox_server, sandbox_receiver, sandbox_until):
    sandbox_server.control("POST", "/deliveries", {"duplicate": True})

    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")

    first, second = sandbox_receiver.wait_for(2)
    assert first == second
    sandbox_until(lambda: len(sandbox_server.deliveries(state="delivered")) == 2)
    assert len(sandbox_receiver.received) == 2


def test_delayed_deliveries_follow_the_clock(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    sandbox_server.control("POST", "/deliveries", {"delay_seconds": 60})
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    sandbox_server.control("POST", "/clock", {"advance_seconds": 59})
    (waiting,) = sandbox_server.deliveries()

    sandbox_server.control("POST", "/clock", {"advance_seconds": 1})

    assert (waiting["state"], waiting["attempt_count"]) == ("pending", 0)
    sandbox_receiver.wait_for(1)


def test_shuffled_deliveries_all_arrive_and_not_in_order(sandbox_server, sandbox_receiver):
    sandbox_server.control("POST", "/deliveries", {"shuffle": True, "paused": True})
    for _ in range(8):
        sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    made = [one["event_id"] for one in reversed(sandbox_server.deliveries())]

    sandbox_server.control("POST", "/deliveries", {"paused": False})

    arrived = [one.event_id for one in sandbox_receiver.wait_for(8)]
    assert sorted(arrived) == sorted(made)
    assert arrived != made


def test_a_corrupted_delivery_has_another_amount_than_was_signed_and_is_right_on_retry(
    sandbox_server, sandbox_receiver, sandbox_until
):
    sandbox_receiver.status = 400
    sandbox_server.control("POST", "/clock", {"frozen": True})
    sandbox_server.control("POST", "/deliveries", {"corrupt": True})
    sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")
    sandbox_until(lambda: sandbox_server.deliveries()[0]["attempt_count"] == 1)
    sandbox_server.control("POST", "/deliveries", {"corrupt": False})

    sandbox_server.control("POST", "/clock", {"advance_seconds": 1})

    bad, good = sandbox_receiver.wait_for(2)
    assert [one.entity["amount"] for one in (bad, good)] == [150_001, 150_000]
    assert bad.headers["x-razorpay-signature"] == good.headers["x-razorpay-signature"]
    assert hmac.new(SECRET, good.body, hashlib.sha256).hexdigest() == good.headers["x-razorpay-signature"]
    assert json.loads(bad.body)["event"] == "payment.authorized"


@pytest.mark.parametrize(
    "body", [{"paused": "yes"}, {"delay_seconds": -1}, {"delay_seconds": "1"}, {"loud": True}]
)
def test_a_switch_that_does_not_exist_or_fit_is_refused(sandbox_server, body):
    answer = sandbox_server.call("POST", "/sandbox/deliveries", body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, next(iter(body)))
    assert sandbox_server.control("GET", "/deliveries") == ALL_OFF
