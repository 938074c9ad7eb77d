"""Row 13: webhooks whose signature is forged, absent, of the wrong length or not ASCII, or made over other
bytes than those that were sent; whose body is too large, packed, or no event. They are refused with 400 or
413, never with 500, in the same words however much of the signature is right; nothing is kept, nothing
moves, and the provider is not asked.

That they are limited, and rightly signed ones are not, is in tests/api/test_rate_limits.py.
"""

import gzip
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    send_webhook,
    snapshot,
)
from tests.support.events import captured_event, raw, times_kept
from tests.support.shapes import refused

WEBHOOK = "/api/v1/payments/webhook"
BOMB_BYTES = 64 * 1024 * 1024

BAD_SIGNATURES: dict[str, Callable[[str], str | None]] = {
    "absent": lambda right: None,
    "empty": lambda right: "",
    "made up": lambda right: "0" * 64,
    "wrong in its last letter": lambda right: right[:-1] + ("1" if right[-1] == "0" else "0"),
    "upper case": lambda right: right.upper(),
    "too short": lambda right: right[:-1],
    "too long": lambda right: right + "0",
    "of another length": lambda right: "ab",
    "very long": lambda right: right * 100,
    "not hexadecimal": lambda right: "z" * 64,
    "not ASCII": lambda right: "é" * 64,
}


@pytest.mark.parametrize("spoil", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_wrong_signature_is_refused_and_nothing_is_kept(
    anonymous: Api, customer: Person, sandbox: Sandbox, spoil: Callable[[str], str | None]
) -> None:
    order_id, payment_id = open_order(customer)
    event = captured_event(order_id)
    body = raw(event)
    before = snapshot(payment_id)
    signature = spoil(sandbox.sign(body))
    headers = {"Content-Type": "application/json", "X-Razorpay-Signature": signature}

    answer = anonymous.post(WEBHOOK, data=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "error": "The webhook's signature is not valid.",
        "code": "INVALID_SIGNATURE",
        "details": {},
    }
    assert times_kept(body) == 0
    assert snapshot(payment_id) == before
    asked = sandbox.control("GET", "/requests", params={"path": event["payload"]["payment"]["entity"]["id"]})
    assert asked.json()["items"] == []


def test_the_signature_covers_the_raw_bytes(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    event = captured_event(open_order(customer)[0])
    sent, signed = json.dumps(event).encode(), json.dumps(event, separators=(",", ":")).encode()

    answer = send_webhook(anonymous, sandbox, sent, signature=sandbox.sign(signed))

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert times_kept(sent) == times_kept(signed) == 0


def test_the_key_secret_does_not_sign_webhooks(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    body = raw(captured_event(open_order(customer)[0]))
    signature = hmac.new(sandbox.key_secret.encode(), body, hashlib.sha256).hexdigest()

    answer = send_webhook(anonymous, sandbox, body, signature=signature)

    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert times_kept(body) == 0


NOT_EVENTS = {
    "text": b"payment.captured",
    "half an object": b'{"event": "payment.captured", ',
    "a list": b"[1, 2]",
    "no event name": b'{"entity": "event", "payload": {}}',
    "an event name of another type": b'{"event": {"$gt": ""}}',
    "not UTF-8": b'{"event": "\xff\xfe"}',
    "nothing": b"",
    "deep nesting": b"[" * 20_000,
}


@pytest.mark.parametrize("body", NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_a_signed_body_that_is_no_event_is_refused(anonymous: Api, sandbox: Sandbox, body: bytes) -> None:
    answer = send_webhook(anonymous, sandbox, body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert times_kept(body) == 0


def test_a_compressed_body_is_not_unpacked(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    plain = raw(captured_event(open_order(customer)[0]))
    packed = gzip.compress(plain)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    for_plain = anonymous.post(
        WEBHOOK, data=packed, headers=headers | {"X-Razorpay-Signature": sandbox.sign(plain)}
    )
    for_packed = anonymous.post(
        WEBHOOK, data=packed, headers=headers | {"X-Razorpay-Signature": sandbox.sign(packed)}
    )

    assert (for_plain.status_code, for_packed.status_code) == (400, 400)
    assert times_kept(plain) == times_kept(packed) == 0


def test_a_small_body_that_unpacks_to_a_huge_one_is_not_unpacked(anonymous: Api, sandbox: Sandbox) -> None:
    bomb = gzip.compress(b"0" * BOMB_BYTES)
    headers = {"Content-Encoding": "gzip", "X-Razorpay-Signature": sandbox.sign(bomb)}

    answer = anonymous.post(WEBHOOK, data=bomb, headers=headers | {"Content-Type": "application/json"})

    assert len(bomb) < BOMB_BYTES / 500
    assert refused(answer, 400, "VALIDATION_ERROR")
    assert answer.elapsed.total_seconds() < 1
    assert times_kept(bomb) == 0


def test_a_body_over_the_limit_is_refused(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    body = raw(captured_event(open_order(customer)[0]) | {"padding": "x" * 1024 * 1024})

    answer = send_webhook(anonymous, sandbox, body)

    assert answer.status_code == 413
    assert times_kept(body) == 0


def test_a_body_over_the_limit_is_refused_although_nobody_said_its_length(
    anonymous: Api, sandbox: Sandbox
) -> None:
    body = raw({"event": "payment.captured", "padding": "x" * 1024 * 1024})

    def in_pieces() -> Iterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    headers = {"Content-Type": "application/json", "X-Razorpay-Signature": sandbox.sign(body)}
    answer = anonymous.post(WEBHOOK, data=in_pieces(), headers=headers)

    assert answer.status_code in (411, 413)
    assert times_kept(body) == 0
