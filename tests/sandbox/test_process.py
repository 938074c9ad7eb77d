"""The process: start, stop, settings, and what survives a restart and a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELD_CALL = """
import sys, urllib.request
credentials = "Basic cnpwX3Rlc3Rfc2FuZGJveDpzYW5kYm94X2tleV9zZWNyZXQ="
request = urllib.request.Request(f"{sys.argv[1]}/v1/orders", headers={"Authorization": credentials})
urllib.request.urlopen(request)
"""


def run(**environment):
    """Start a sandbox that is expected to give up, and give its exit code and stderr."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "RAZORPAY_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds_even_while_calls_are_held(sandbox_start, sandbox_until, number):
    sandbox = sandbox_start(SANDBOX_HANG_SECONDS="60")
    sandbox.control("POST", "/faults", {"endpoint": "orders.list", "fault": "timeout_before"})
    with subprocess.Popen([sys.executable, "-c", HELD_CALL, sandbox.url], stderr=subprocess.DEVNULL):
        sandbox_until(lambda: sandbox.control("GET", "/requests")["count"] == 1)
        started = time.monotonic()

        code = sandbox.end(number)

        assert time.monotonic() - started < 2
    assert code == 0
    assert (sandbox.folder / "stderr.txt").read_text() == ""


def test_it_says_where_it_listens_in_one_line(sandbox_server):
    assert sandbox_server.first_line == f"sandbox: ready on {sandbox_server.url}\n"


def test_a_port_in_use_ends_it_with_one_line_that_names_the_port(sandbox_server, tmp_path):
    port = sandbox_server.url.rpartition(":")[2]

    code, error = run(SANDBOX_PORT=port, SANDBOX_DATABASE=str(tmp_path / "other.sqlite3"))

    assert code == 1
    assert error == f"sandbox: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert not (tmp_path / "other.sqlite3").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX_PORT", "http"),
        ("SANDBOX_PORT", "70000"),
        ("SANDBOX_RECEIPT_MODE", "sometimes"),
        ("SANDBOX_HANG_SECONDS", "long"),
        ("SANDBOX_ORDER_AMOUNT_MAX_MINOR", "-1"),
        ("SANDBOX_WEBHOOK_URL", "localhost:5000"),
        ("SANDBOX_UPI_APPROVAL_SECONDS", "soon"),
        ("SANDBOX_UPI_COLLECT", "perhaps"),
    ],
)
def test_a_bad_setting_ends_it_with_one_line_that_names_it(name, value):
    code, error = run(**{name: value})

    assert code == 1
    assert error.startswith(f"sandbox: {name} must ")
    assert error.count("\n") == 1


def test_a_database_that_cannot_be_opened_ends_it_with_one_line_that_names_it(tmp_path):
    code, error = run(SANDBOX_PORT="0", SANDBOX_DATABASE=str(tmp_path))

    assert code == 1
    assert error == f"sandbox: cannot open the database {tmp_path}: unable to open database file\n"


def test_the_largest_order_is_a_setting(sandbox_start):
    sandbox = sandbox_start(SANDBOX_ORDER_AMOUNT_MAX_MINOR="1000")

    statuses = [
        sandbox.call("POST", "/v1/orders", {"amount": amount, "currency": "INR"}).status_code
        for amount in (1000, 1001)
    ]

    assert statuses == [200, 400]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_everything_answered_survives_a_stop_and_a_kill(sandbox_start, number):
    sandbox = sandbox_start()
    sandbox.control("POST", "/refunds", {"mode": "pending"})
    sandbox.control("POST", "/clock", {"frozen": True, "advance_seconds": 50})
    now = sandbox.control("GET", "/clock")["now"]
    order = sandbox.order(receipt="kept")
    payment_id = sandbox.pay(order["id"])
    refund = sandbox.refund(payment_id, key="refund-key-1", amount=500).json()
    payment = sandbox.payment(payment_id)

    sandbox.end(number)
    sandbox.start()

    assert sandbox.call("GET", f"/v1/orders/{order['id']}").json()["status"] == "paid"
    assert sandbox.payment(payment_id) == payment
    assert sandbox.refund(payment_id, key="refund-key-1", amount=500).json() == refund
    assert sandbox.control("GET", "/clock") == {"now": now, "frozen": True}
    assert sandbox.control("GET", "/refunds") == {"mode": "pending"}


def test_deliveries_that_were_pending_at_a_kill_go_on_after_the_start(
    sandbox_start, sandbox_receivers, sandbox_until
):
    receiver = sandbox_receivers()
    sandbox = sandbox_start(SANDBOX_WEBHOOK_URL=receiver.url)
    sandbox.control("POST", "/deliveries", {"paused": True})
    sandbox.paid()
    sandbox.end(signal.SIGKILL)
    sandbox.start()
    waiting = sandbox.deliveries()

    sandbox.control("POST", "/deliveries", {"paused": False})

    assert [one["state"] for one in waiting] == ["pending"] * 3
    receiver.wait_for(3)
    assert receiver.events() == ["payment.authorized", "payment.captured", "order.paid"]
    sandbox_until(lambda: len(sandbox.deliveries(state="delivered")) == 3)


def test_a_delivery_whose_answer_was_not_written_down_is_made_again(sandbox_start, sandbox_receivers):
    receiver = sandbox_receivers()
    receiver.gate.clear()
    sandbox = sandbox_start(SANDBOX_WEBHOOK_URL=receiver.url)
    sandbox.paid(capture=False, method="upi", vpa="success@razorpay")
    receiver.wait_for(1)

    sandbox.end(signal.SIGKILL)
    receiver.gate.set()
    sandbox.start()

    first, second = receiver.wait_for(2)
    assert first == second


def test_the_endpoint_of_the_settings_is_replaced_when_it_changes(sandbox_start, sandbox_receivers):
    old, new = sandbox_receivers(), sandbox_receivers()
    sandbox = sandbox_start(SANDBOX_WEBHOOK_URL=old.url)
    endpoint = sandbox.control("GET", "/endpoints")["items"][0]
    sandbox.control("POST", "/deliveries", {"paused": True})
    sandbox.paid(capture=False, method="upi", vpa="success@razorpay")
    sandbox.end()
    sandbox.environment["SANDBOX_WEBHOOK_URL"] = new.url

    sandbox.start()
    sandbox.control("POST", "/deliveries", {"paused": False})

    assert sandbox.control("GET", "/endpoints")["items"] == [{**endpoint, "url": new.url}]
    assert new.wait_for(1)[0].event == "payment.authorized"
    assert old.received == []
