"""Logs: one JSON object per line, ids in each, and no secret in any."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from config.logging import REDACTED, redact
from tests.architecture.imports import ROOT

CARD = "4111 1111 1111 1111"
API_KEY = "sk_" + "aB3" * 14 + "z"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
MONGODB_URI = "mongodb://someone:hunter2@db.example:27017/payments"

PROGRAM = """
import logging
import structlog
from config import logging as json_logging

json_logging.configure("INFO")
log = structlog.get_logger("payments.test")
structlog.contextvars.bind_contextvars(request_id="request-1", payment_id="payment-1")
log.debug("too.quiet")
log.info("payment.claimed", amount_minor=50000, note="ünïcode\\nline")
log.info("secrets", password="hunter2", nested={"list": [{"access_token": "abc", "plain": "kept"}]})
log.warning("texts", text="Bearer abc.def", card="4111111111111111", why="paid with 4111 1111 1111 1111")
logging.getLogger("library").warning("connecting to %s", "mongodb://someone:hunter2@db.example/payments")
structlog.contextvars.clear_contextvars()
try:
    raise ValueError("signed with eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")
except ValueError:
    log.exception("task.crashed")
json_logging.configure("INFO")
log.info("again")
"""


@cache
def printed() -> str:
    """Return what a process prints that logs all sorts of things."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout


def line(event: str) -> dict[str, Any]:
    """Return the one log line of an event."""
    (found,) = [each for each in map(json.loads, printed().splitlines()) if each["event"].startswith(event)]
    return dict(found)


def test_every_line_is_one_json_object_with_the_time_the_level_and_the_logger() -> None:
    lines = [json.loads(each) for each in printed().splitlines()]

    assert len(lines) == 6
    assert {"timestamp", "level", "logger", "event"} <= set.intersection(*(set(each) for each in lines))
    assert all(each["timestamp"].endswith("Z") for each in lines)


def test_a_line_carries_its_facts_and_the_ids_that_are_bound() -> None:
    found = line("payment.claimed")

    assert (
        found.items()
        >= {
            "request_id": "request-1",
            "payment_id": "payment-1",
            "amount_minor": 50000,
            "note": "ünïcode\nline",
            "level": "info",
        }.items()
    )


def test_lines_of_libraries_have_the_same_form_and_ids() -> None:
    found = line("connecting to")

    assert found["event"] == f"connecting to mongodb://{REDACTED}@db.example/payments"
    assert (found["logger"], found["level"], found["request_id"]) == ("library", "warning", "request-1")


def test_what_was_bound_for_one_request_is_not_there_for_the_next() -> None:
    assert "request_id" not in line("again")


def test_secrets_are_left_out_of_fields_texts_and_tracebacks() -> None:
    assert (
        line("secrets").items()
        >= {
            "password": REDACTED,
            "nested": {"list": [{"access_token": REDACTED, "plain": "kept"}]},
        }.items()
    )
    assert line("texts")["why"] == f"paid with {REDACTED}"
    assert "ValueError" in line("task.crashed")["exception"]
    assert [secret for secret in ("hunter2", "abc", "4111", "eyJ") if secret in printed()] == []


def test_configuring_twice_does_not_log_twice() -> None:
    assert line("again")["event"] == "again"


def test_a_command_logs_to_stderr_also_when_the_app_has_been_set_up_for_stdout() -> None:
    command = 'json_logging.configure("WARNING", stream="stderr"); log.info("no"); log.warning("yes")'

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + command], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert [json.loads(each)["event"] for each in done.stderr.splitlines()] == ["yes"]
    assert len(done.stdout.splitlines()) == len(printed().splitlines())


@pytest.mark.parametrize(
    "name",
    [
        *("password", "newPassword", "PASSWORD", "token", "refresh_token", "refreshToken", "jwt_secret_key"),
        *("razorpay_signature", "signature", "X-Razorpay-Signature", "Authorization", "Cookie", "set-cookie"),
        *("card", "card_number", "number", "cvv", "key_secret", "webhook_secret", "body"),
    ],
)
def test_a_field_with_a_secrets_name_is_redacted_wherever_it_is(name: str) -> None:
    assert redact({name: "hunter2"}) == {name: REDACTED}
    assert redact([{"data": ({name: ["hunter2"]},)}]) == [{"data": [{name: REDACTED}]}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Authorization: Bearer {TOKEN}", f"Authorization: {REDACTED}"),
        ("bearer abc", REDACTED),
        (f"the token {TOKEN} expired", f"the token {REDACTED} expired"),
        (MONGODB_URI, f"mongodb://{REDACTED}@db.example:27017/payments"),
        ("mongodb+srv://a:b@c/d", f"mongodb+srv://{REDACTED}@c/d"),
        ("redis://:hunter2@redis.example:6379/0", f"redis://{REDACTED}@redis.example:6379/0"),
        ("rediss://user:hunter2@redis.example", f"rediss://{REDACTED}@redis.example"),
        ("mongodb://someone:p@ss@db.example/x", f"mongodb://{REDACTED}@db.example/x"),
        (CARD, REDACTED),
        ("4111-1111-1111-1111", REDACTED),
        ("5555555555554444", REDACTED),
        (f"card {CARD} declined", f"card {REDACTED} declined"),
        (f"X-Api-Key: {API_KEY}", f"X-Api-Key: {REDACTED}"),
        (f'{{"key":"{API_KEY}"}}', f'{{"key":"{REDACTED}"}}'),
        (f"/api?key={API_KEY}&page=2", f"/api?key={REDACTED}&page=2"),
        (f"key_{API_KEY}_old", f"key_{REDACTED}_old"),
        (f"cut off: {API_KEY[:20]}", f"cut off: {REDACTED}"),
    ],
)
def test_a_secret_inside_a_text_is_redacted(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        "order_IluGWxBm9U8zJ8",
        "task_sk_done and sk_",
        "risk_assessmentofpayments",
        "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
        "http://127.0.0.1:8000/api/v1/payments",
        "https://example.com/a?b=c:d",
        "2024-01-01T00:00:00.000Z",
        "₹500.00 of +919000000001",
        50_000,
        None,
        True,
        1.5,
    ],
)
def test_what_is_no_secret_stays_as_it_is(value: Any) -> None:
    assert redact(value) == value
    assert redact({"value": [value]}) == {"value": [value]}
