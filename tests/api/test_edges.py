"""Edges between the service, its clients and its provider that were found by trying to break them."""

import time
from collections.abc import Callable

import requests
from mongoengine import Document

from gateway.domain.account_models import RevokedToken
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.client import (
    PAYMENTS,
    Api,
    Person,
    Sandbox,
    open_order,
    paid_order,
    payment_event,
    send_webhook,
)
from tests.support.events import captured_event, fresh_id
from tests.support.shapes import refused
from tests.support.steps import finished_event, has_status

AWAY = {"MONGODB_URI": "mongodb://127.0.0.1:1/payments?retryWrites=false", "MONGODB_TIMEOUT_MS": "500"}


def test_a_process_that_starts_while_mongodb_is_away_refuses_quickly_and_lives(
    start_web: Callable[..., str],
) -> None:
    api = Api(start_web(**AWAY))
    began = time.monotonic()

    answers = [api.post("/api/user/login", {"email": "a@example.com", "password": "x"}) for _ in range(3)]

    assert time.monotonic() - began < 15
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert answers[0].headers["Retry-After"] == "5"
    assert api.get("/healthz").status_code == 200


def test_an_event_larger_than_a_request_is_taken(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    event = captured_event(order_id)
    event["payload"]["payment"]["entity"]["notes"] = {"long": "x" * 200_000}

    answer = send_webhook(customer.api, sandbox, event)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    has_status(payment_id, "PAID")


def test_notes_that_would_swell_every_event_are_refused(customer: Person) -> None:
    notes = {f"{number}" + "😀" * 250: "😀" * 256 for number in range(9)}

    answer = customer.api.create_order(customer.school_id, notes=notes)

    assert "bytes" in refused(answer, 400, "VALIDATION_ERROR")["notes"]
    assert Payment.objects(user_id=customer.user_id).count() == 0


def test_a_signed_event_of_an_unknown_shape_is_kept_and_acknowledged(
    customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    before = Payment.objects.get(id=payment_id).version
    entity = captured_event(order_id)["payload"]["payment"]["entity"] | {"status": "pending"}
    event_id = fresh_id("event")

    answer = send_webhook(customer.api, sandbox, payment_event("payment.pending", entity), event_id=event_id)

    assert answer.status_code == 200
    kept = finished_event(event_id)
    assert (kept.outcome, "status is 'pending'" in kept.why) == ("ignored", True)
    assert Payment.objects.get(id=payment_id).version == before


def test_a_provider_payment_of_another_order_is_a_contradiction_and_no_crash(
    customer: Person, sandbox: Sandbox
) -> None:
    first, (order_id, payment_id) = paid_order(customer, sandbox), open_order(customer)
    event = captured_event(order_id)
    event["payload"]["payment"]["entity"]["id"] = first.provider_payment_id
    event_id = fresh_id("event")

    answer = send_webhook(customer.api, sandbox, event, event_id=event_id)

    assert answer.status_code == 200
    assert finished_event(event_id).outcome == "ignored"
    payment = Payment.objects.get(id=payment_id)
    assert (payment.status, payment.captured_minor, payment.needs_review) == ("CREATED", 0, True)


def test_a_key_whose_order_failed_because_the_provider_was_away_may_try_again(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "500", count=2)
    away = customer.api.create_order(customer.school_id, key="the-same-key")

    back = customer.api.create_order(customer.school_id, key="the-same-key")
    again = customer.api.create_order(customer.school_id, key="the-same-key")

    refused(away, 502, "ORDER_CREATION_FAILED")
    assert (back.status_code, again.status_code) == (201, 201)
    assert (again.headers["Idempotent-Replayed"], again.text) == ("true", back.text)
    assert [p.status for p in Payment.objects(user_id=customer.user_id).order_by("created_at")] == [
        "FAILED",
        "CREATED",
    ]


def test_a_rest_that_the_provider_does_not_send_back_is_refused_here(
    customer: Person, sandbox: Sandbox
) -> None:
    paid = paid_order(customer, sandbox, 100)
    customer.api.refund(paid.payment_id, 99.5)

    rest = customer.api.refund(paid.payment_id)

    assert refused(rest, 409, "REFUND_FAILED")["refundableAmount"] == 0.5
    assert len(sandbox.refunds_of(paid.provider_payment_id)) == 1


def test_a_connection_survives_a_body_that_was_too_large(customer: Person) -> None:
    session = requests.Session()
    url, headers = customer.api.base_url, {"Authorization": f"Bearer {customer.api.token}"}

    statuses = [
        call.status_code
        for _ in range(10)
        for call in (
            session.post(f"{url}{PAYMENTS}/orders", json={"x": "y" * 150_000}, headers=headers, timeout=10),
            session.get(f"{url}/api/user/me", headers=headers, timeout=10),
        )
    ]

    assert statuses == [413, 200] * 10


def test_the_scheme_of_a_token_has_no_case(customer: Person) -> None:
    answer = Api(customer.api.base_url).get(
        "/api/user/me", headers={"Authorization": f"bearer {customer.api.token}"}
    )

    assert answer.status_code == 200


def test_a_copied_refresh_token_ends_the_session_of_owner_and_thief(stack: Stack, customer: Person) -> None:
    stolen = Api(stack.api_url, customer.refresh_token)
    thief = Api(stack.api_url, stolen.post("/api/user/refresh").json()["token"])
    at_first = thief.get("/api/user/me").status_code
    _long_ago(RevokedToken)

    owner = stolen.post("/api/user/refresh")

    assert (at_first, owner.status_code) == (200, 401)
    assert thief.get("/api/user/me").status_code == 401
    assert customer.api.get("/api/user/me").status_code == 401


def _long_ago(model: type[Document]) -> None:
    """Let everything that was revoked have been revoked a minute earlier."""
    pipeline = [
        {
            "$set": {
                "revoked_at": {"$dateSubtract": {"startDate": "$revoked_at", "unit": "minute", "amount": 1}}
            }
        }
    ]
    model._get_collection().update_many({}, pipeline)


def test_a_refresh_token_sent_twice_at_once_ends_no_session(stack: Stack, customer: Person) -> None:
    refreshing = Api(stack.api_url, customer.refresh_token)

    first, second = refreshing.post("/api/user/refresh"), refreshing.post("/api/user/refresh")

    assert (first.status_code, second.status_code) == (200, 401)
    assert Api(stack.api_url, first.json()["token"]).get("/api/user/me").status_code == 200
