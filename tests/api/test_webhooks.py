"""The webhook endpoint: what is kept, that each event is kept once, and what becomes of it."""

import hashlib
from typing import Any

import pytest

from gateway.domain.models import Receipt, WebhookEvent
from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    send_webhook,
    snapshot,
    stored,
)
from tests.support.events import captured_event, fresh_id, raw
from tests.support.steps import at_once, at_rest, changes_to, finished_event, has_status


def test_the_documented_example_pays_a_known_order(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer, 500)
    event = captured_event(order_id)

    answer = send_webhook(anonymous, sandbox, event)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    payment = has_status(payment_id, "PAID")
    assert payment.provider_payment_id == event["payload"]["payment"]["entity"]["id"]
    assert (payment.payment_method, payment.captured_minor, payment.attempts) == ("card", 50000, 1)
    assert payment.paid_at is not None
    assert Receipt.objects(payment_id=payment_id).count() == 1


def test_an_event_that_is_delivered_again_counts_once(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    body, event_id = raw(captured_event(order_id)), fresh_id("evt")
    send_webhook(anonymous, sandbox, body, event_id=event_id)
    has_status(payment_id, "PAID")
    before = snapshot(payment_id)

    answer = send_webhook(anonymous, sandbox, body, event_id=event_id)

    assert answer.json() == {"status": "ok"}
    (kept,) = WebhookEvent.objects(event_id=event_id)
    assert kept.repeats == 1
    assert kept.last_repeat_at > kept.received_at
    assert snapshot(payment_id) == before


def test_a_genuine_event_is_not_lost_because_its_id_is_known(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    (_, first_id), (order_id, payment_id) = open_order(customer), open_order(customer)
    old = raw(captured_event(stored(first_id).provider_order_id))
    new, event_id = raw(captured_event(order_id)), fresh_id("evt")
    # Somebody replays an old body under the id of an event that is yet to come.
    send_webhook(anonymous, sandbox, old, event_id=event_id)

    answers = [send_webhook(anonymous, sandbox, new, event_id=event_id) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 2
    assert has_status(payment_id, "PAID").captured_minor == 50_000
    assert has_status(first_id, "PAID").captured_minor == 50_000
    (kept,) = WebhookEvent.objects(body_sha256=hashlib.sha256(new).hexdigest())
    assert (kept.event_id, kept.event_id_taken, kept.repeats, kept.outcome) == (None, event_id, 1, "applied")
    assert [event.repeats for event in WebhookEvent.objects(event_id=event_id)] == [0]


def test_many_deliveries_at_once_under_a_known_event_id_are_kept_once(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    body, event_id = raw(captured_event(order_id)), fresh_id("evt")
    send_webhook(anonymous, sandbox, captured_event(fresh_id("order")), event_id=event_id)

    answers = at_once(anonymous, 10, lambda api, _: send_webhook(api, sandbox, body, event_id=event_id))

    assert [answer.status_code for answer in answers] == [200] * 10
    (kept,) = WebhookEvent.objects(body_sha256=hashlib.sha256(body).hexdigest())
    assert (kept.event_id, kept.repeats) == (None, 9)
    assert changes_to(has_status(payment_id, "PAID"), "PAID") == 1


def test_twenty_deliveries_at_once_are_kept_once(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    body = raw(captured_event(order_id))
    event_id = fresh_id("evt")

    answers = at_once(anonymous, 20, lambda api, _: send_webhook(api, sandbox, body, event_id=event_id))

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 20
    assert [event.repeats for event in WebhookEvent.objects(event_id=event_id)] == [19]
    payment = has_status(payment_id, "PAID")
    assert changes_to(payment, "PAID") == 1
    assert len(payment.receipts) == 1


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
    event_id = fresh_id("evt")

    answer = send_webhook(
        anonymous, sandbox, {"event": name, "payload": payload, "id": event_id}, event_id=event_id
    )

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    event = finished_event(event_id)
    assert (event.outcome, event.work) == ("ignored", None)
    assert event.why == f"{name} says nothing about a payment or a refund"


def test_the_worker_does_not_ask_the_provider_about_a_captured_payment(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    event = captured_event(order_id)

    send_webhook(anonymous, sandbox, event)

    has_status(payment_id, "PAID")
    assert at_rest(payment_id).work is None
    about = event["payload"]["payment"]["entity"]["id"]
    assert sandbox.control("GET", "/requests", params={"path": about}).json()["items"] == []
    assert stored(payment_id).needs_review is False
