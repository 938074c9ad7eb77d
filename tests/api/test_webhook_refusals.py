"""The webhook endpoint believes only what is rightly signed, and keeps nothing else."""

import gzip
import hashlib
import hmac
import json
from collections.abc import Callable

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

WEBHOOK = "/api/v1/payments/webhook"

BAD_SIGNATURES: dict[str, Callable[[str], str | None]] = {
    "absent": lambda right: None,
    "empty": lambda right: "",
    "made up": lambda right: "0" * 64,
    "upper case": lambda right: right.upper(),
    "too short": lambda right: right[:-1],
    "too long": lambda right: right + "0",
    "not ASCII": lambda right: "é" * 64,
}


@pytest.mark.parametrize("spoil", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_wrong_signature_is_refused_and_nothing_is_kept(
    anonymous: Api, customer: Person, sandbox: Sandbox, spoil: Callable[[str], str | None]
) -> None:
    order_id, payment_id = open_order(customer)
    body = raw(captured_event(order_id))
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


def test_a_body_over_the_limit_is_refused(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    body = raw(captured_event(open_order(customer)[0]) | {"padding": "x" * 1024 * 1024})

    answer = send_webhook(anonymous, sandbox, body)

    assert answer.status_code == 413
    assert times_kept(body) == 0


def test_both_secrets_are_accepted_while_they_are_being_rotated(
    anonymous: Api, customer: Person, sandbox: Sandbox, start_web: Callable[..., str]
) -> None:
    old_secret, new_secret = sandbox.webhook_secret, "the secret that comes after"
    rotating = Api(start_web(RAZORPAY_WEBHOOK_SECRET=new_secret, RAZORPAY_WEBHOOK_SECRET_PREVIOUS=old_secret))
    bodies = [raw(captured_event(open_order(customer)[0])) for _ in range(3)]
    secrets = [old_secret, new_secret, "a third secret"]

    answers = [
        send_webhook(rotating, sandbox, body, signature=hmac.new(secret.encode(), body, "sha256").hexdigest())
        for body, secret in zip(bodies, secrets, strict=True)
    ]
    only_new = send_webhook(
        anonymous,
        sandbox,
        bodies[2],
        signature=hmac.new(new_secret.encode(), bodies[2], "sha256").hexdigest(),
    )

    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert only_new.status_code == 400
    assert [times_kept(body) for body in bodies] == [1, 1, 0]
