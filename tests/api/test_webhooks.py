"""The webhook endpoint: who is believed, what is kept, and that each event is kept once."""

import gzip
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.models import Payment, Receipt, WebhookEvent
from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    payment_event,
    send_webhook,
    snapshot,
    stored,
)
from tests.support.steps import at_once, at_rest, changes_to, finished_event, has_status
from tests.support.waiting import wait_until

WEBHOOK = "/api/v1/payments/webhook"


def _fresh_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:14]}"


def _captured(order_id: str) -> dict[str, Any]:
    """The documented example, about this order; its entity has no created_at."""
    return payment_event(
        "payment.captured",
        {
            "id": _fresh_id("pay"),
            "order_id": order_id,
            "amount": 50000,
            "currency": "INR",
            "status": "captured",
            "method": "card",
        },
    )


def _body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def _kept(body: bytes) -> int:
    return WebhookEvent.objects(body_sha256=hashlib.sha256(body).hexdigest()).count()


def test_the_documented_example_pays_a_known_order(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer, 500)
    event = _captured(order_id)

    answer = send_webhook(anonymous, sandbox, event)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    payment = has_status(payment_id, "PAID")
    assert payment.provider_payment_id == event["payload"]["payment"]["entity"]["id"]
    assert (payment.payment_method, payment.captured_minor, payment.attempts) == ("card", 50000, 1)
    assert payment.paid_at is not None
    assert Receipt.objects(payment_id=payment_id).count() == 1


def test_one_event_id_counts_once(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    event_id = _fresh_id("evt")
    send_webhook(anonymous, sandbox, _captured(order_id), event_id=event_id)
    has_status(payment_id, "PAID")
    before = snapshot(payment_id)

    second = _captured(order_id)
    answer = send_webhook(anonymous, sandbox, _body(second), event_id=event_id)

    assert answer.json() == {"status": "ok"}
    assert WebhookEvent.objects(event_id=event_id).count() == 1
    assert _kept(_body(second)) == 0
    assert snapshot(payment_id) == before


def test_an_old_body_under_a_new_event_id_has_no_effect(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    body = _body(_captured(order_id))
    send_webhook(anonymous, sandbox, body, event_id=_fresh_id("evt"))
    has_status(payment_id, "PAID")
    before = snapshot(payment_id)

    answer = send_webhook(anonymous, sandbox, body, event_id=_fresh_id("evt"))

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert _kept(body) == 1
    assert snapshot(payment_id) == before


def test_twenty_deliveries_at_once_are_kept_once(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    body = _body(_captured(order_id))
    event_id = _fresh_id("evt")

    answers = at_once(anonymous, 20, lambda api, _: send_webhook(api, sandbox, body, event_id=event_id))

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 20
    assert WebhookEvent.objects(event_id=event_id).count() == 1
    payment = has_status(payment_id, "PAID")
    assert changes_to(payment, "PAID") == 1
    assert len(payment.receipts) == 1


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
    body = _body(_captured(order_id))
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
    assert _kept(body) == 0
    assert snapshot(payment_id) == before


def test_the_signature_covers_the_raw_bytes(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    event = _captured(open_order(customer)[0])
    sent, signed = json.dumps(event).encode(), json.dumps(event, separators=(",", ":")).encode()

    answer = send_webhook(anonymous, sandbox, sent, signature=sandbox.sign(signed))

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert _kept(sent) == _kept(signed) == 0


def test_the_key_secret_does_not_sign_webhooks(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    body = _body(_captured(open_order(customer)[0]))
    signature = hmac.new(sandbox.key_secret.encode(), body, hashlib.sha256).hexdigest()

    answer = send_webhook(anonymous, sandbox, body, signature=signature)

    assert answer.json()["code"] == "INVALID_SIGNATURE"
    assert _kept(body) == 0


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
    assert _kept(body) == 0


def test_a_compressed_body_is_not_unpacked(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    plain = _body(_captured(open_order(customer)[0]))
    packed = gzip.compress(plain)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    for_plain = anonymous.post(
        WEBHOOK, data=packed, headers=headers | {"X-Razorpay-Signature": sandbox.sign(plain)}
    )
    for_packed = anonymous.post(
        WEBHOOK, data=packed, headers=headers | {"X-Razorpay-Signature": sandbox.sign(packed)}
    )

    assert (for_plain.status_code, for_packed.status_code) == (400, 400)
    assert _kept(plain) == _kept(packed) == 0


def test_a_body_over_the_limit_is_refused(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    body = _body(_captured(open_order(customer)[0]) | {"padding": "x" * 65536})

    answer = send_webhook(anonymous, sandbox, body)

    assert answer.status_code == 413
    assert _kept(body) == 0


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("payment.downtime.started", {"payment.downtime": {"entity": {"id": "down_1"}}}),
        ("settlement.processed", {}),
        ("order.notification.delivered", {"order": {"entity": {"id": "order_1"}}}),
    ],
)
def test_an_event_that_is_about_no_payment_is_kept_and_ignored_with_a_reason(
    anonymous: Api, sandbox: Sandbox, name: str, payload: dict[str, Any]
) -> None:
    event_id = _fresh_id("evt")

    answer = send_webhook(
        anonymous, sandbox, {"event": name, "payload": payload, "id": event_id}, event_id=event_id
    )

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    event = finished_event(event_id)
    assert (event.outcome, event.work) == ("ignored", None)
    assert event.why == f"{name} says nothing about a payment or a refund"


def test_an_event_about_somebody_elses_order_is_kept_and_ends_foreign(
    anonymous: Api, sandbox: Sandbox
) -> None:
    event_id = _fresh_id("evt")

    answer = send_webhook(anonymous, sandbox, _captured(_fresh_id("order")), event_id=event_id)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    waiting = wait_until(lambda: WebhookEvent.objects(event_id=event_id, work__attempts=1).first(), "a try")
    assert waiting.outcome is None
    WebhookEvent.objects(event_id=event_id).update_one(
        set__work__attempts=7, set__work__claimed_until=None, set__work__due_at=datetime.now(UTC)
    )
    event = finished_event(event_id)
    assert (event.outcome, event.why) == ("foreign", "no payment here has this order")
    assert (event.work, event.payment_id) == (None, None)


def test_an_event_that_overtakes_our_own_write_is_matched_later(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    Payment.objects(id=payment_id).update_one(unset__provider_order_id=True)
    event_id = _fresh_id("evt")

    send_webhook(anonymous, sandbox, _captured(order_id), event_id=event_id)
    wait_until(
        lambda: WebhookEvent.objects(event_id=event_id, work__last_error__exists=True).first(), "a first try"
    )
    Payment.objects(id=payment_id).update_one(set__provider_order_id=order_id)

    assert finished_event(event_id).outcome == "applied"
    assert has_status(payment_id, "PAID").attempts == 1


def test_both_secrets_are_accepted_while_they_are_being_rotated(
    anonymous: Api, customer: Person, sandbox: Sandbox, start_web: Callable[..., str]
) -> None:
    old_secret, new_secret = sandbox.webhook_secret, "the secret that comes after"
    rotating = Api(start_web(RAZORPAY_WEBHOOK_SECRET=new_secret, RAZORPAY_WEBHOOK_SECRET_PREVIOUS=old_secret))
    bodies = [_body(_captured(open_order(customer)[0])) for _ in range(3)]
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
    assert [_kept(body) for body in bodies] == [1, 1, 0]


def test_the_worker_does_not_ask_the_provider_about_a_captured_payment(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    event = _captured(order_id)

    send_webhook(anonymous, sandbox, event)

    has_status(payment_id, "PAID")
    assert at_rest(payment_id).work is None
    about = event["payload"]["payment"]["entity"]["id"]
    assert sandbox.control("GET", "/requests", params={"path": about}).json()["items"] == []
    assert stored(payment_id).needs_review is False
