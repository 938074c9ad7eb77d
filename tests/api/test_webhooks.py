"""The webhook endpoint: what is kept, that each event is kept once, and what becomes of it."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.models import Payment, Receipt, WebhookEvent
from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    send_webhook,
    snapshot,
    stored,
)
from tests.support.events import captured_event, fresh_id, raw, times_kept
from tests.support.steps import at_once, at_rest, changes_to, finished_event, has_status
from tests.support.waiting import wait_until


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


def test_one_event_id_counts_once(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    event_id = fresh_id("evt")
    send_webhook(anonymous, sandbox, captured_event(order_id), event_id=event_id)
    has_status(payment_id, "PAID")
    before = snapshot(payment_id)

    second = captured_event(order_id)
    answer = send_webhook(anonymous, sandbox, raw(second), event_id=event_id)

    assert answer.json() == {"status": "ok"}
    (kept,) = WebhookEvent.objects(event_id=event_id)
    assert kept.repeats == 1
    assert kept.last_repeat_at > kept.received_at
    assert times_kept(raw(second)) == 0
    assert snapshot(payment_id) == before


def test_an_old_body_under_a_new_event_id_has_no_effect(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    body, event_id = raw(captured_event(order_id)), fresh_id("evt")
    send_webhook(anonymous, sandbox, body, event_id=event_id)
    has_status(payment_id, "PAID")
    before = snapshot(payment_id)

    answer = send_webhook(anonymous, sandbox, body, event_id=fresh_id("evt"))

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    (kept,) = WebhookEvent.objects(body_sha256=hashlib.sha256(body).hexdigest())
    assert (kept.event_id, kept.repeats) == (event_id, 1)
    assert snapshot(payment_id) == before


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


def test_an_event_about_somebody_elses_order_is_kept_and_ends_foreign(
    anonymous: Api, sandbox: Sandbox
) -> None:
    event_id = fresh_id("evt")

    answer = send_webhook(anonymous, sandbox, captured_event(fresh_id("order")), event_id=event_id)

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
    event_id = fresh_id("evt")

    send_webhook(anonymous, sandbox, captured_event(order_id), event_id=event_id)
    wait_until(
        lambda: WebhookEvent.objects(event_id=event_id, work__last_error__exists=True).first(), "a first try"
    )
    Payment.objects(id=payment_id).update_one(set__provider_order_id=order_id)

    assert finished_event(event_id).outcome == "applied"
    assert has_status(payment_id, "PAID").attempts == 1


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
