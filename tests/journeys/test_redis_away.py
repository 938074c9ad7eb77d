"""Redis refused, hanging, flushed or killed: it costs time, and never work."""

import signal
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from redis import Redis

from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    paid_order,
    payment_event,
    send_webhook,
    stored,
)
from tests.support.own import OwnStack, changes_to
from tests.support.steps import at_rest, finished_event
from tests.support.waiting import wait_until

# Razorpay takes a webhook that is not answered within five seconds for undelivered.
WEBHOOK_SECONDS_MAX = 5


@pytest.fixture(scope="module")
def cut_off(start_web: Callable[..., str]) -> str:
    """The address of a web process that no Redis answers."""
    return start_web(REDIS_URL="redis://127.0.0.1:1/0", WAIT_FOR_WORK_SECONDS="0", RATELIMIT_ENABLED="true")


@pytest.fixture
def cut_off_api(cut_off: str, customer: Person) -> Iterator[Api]:
    """The customer's client of that web process."""
    api = Api(cut_off, customer.api.token)
    yield api
    api.http.close()


def test_readiness_names_redis_and_health_goes_on(cut_off: str) -> None:
    anyone = Api(cut_off)

    ready = anyone.get("/readyz")

    assert ready.status_code == 503
    assert ready.json()["status"] == "not ready"
    assert ready.json()["checks"] == {"mongodb": "ok", "redis": "away"}
    assert anyone.get("/healthz").status_code == 200


def test_without_redis_orders_are_created_and_payments_verified(
    cut_off_api: Api, customer: Person, sandbox: Sandbox
) -> None:
    person = Person(cut_off_api, customer.email, customer.user_id, customer.refresh_token)

    order_id, payment_id = open_order(person)
    verified = cut_off_api.verify(sandbox.pay(order_id))

    assert verified.status_code == 200
    assert verified.json()["data"]["payment"]["status"] == "PAID"
    assert at_rest(payment_id).captured_minor == 50_000
    assert cut_off_api.download(verified.json()["data"]["receipt"]).content.startswith(b"%PDF-")


def test_without_redis_a_refund_is_answered_honestly_and_made_by_the_sweep(
    cut_off_api: Api, customer: Person, sandbox: Sandbox
) -> None:
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    # So that the sweep cannot be faster than the answer.
    sandbox.fault("payments.refund", "slow", seconds=1.2)

    answer = cut_off_api.refund(paid.payment_id, 200)

    assert answer.status_code == 202
    assert answer.json()["data"]["refund"]["status"] == "pending"
    assert int(answer.headers["Retry-After"]) > 0
    wait_until(lambda: stored(paid.payment_id).refunded_minor == 20_000, "the refund")
    assert [refund["amount"] for refund in sandbox.refunds_of(paid.provider_payment_id)] == [20_000]


def test_without_redis_a_webhook_is_kept_acknowledged_and_applied_by_the_sweep(
    cut_off_api: Api, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    entity = {"id": f"pay_{payment_id[:8]}", "order_id": order_id, "amount": 50_000, "currency": "INR"}
    event = payment_event("payment.captured", {**entity, "status": "captured", "method": "card"})

    answer = send_webhook(cut_off_api, sandbox, event, event_id=payment_id)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.elapsed.total_seconds() < WEBHOOK_SECONDS_MAX
    assert finished_event(payment_id).outcome == "applied"
    assert at_rest(payment_id).status == "PAID"


def test_all_messages_lost_and_all_work_is_found_again(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    paid = paid_order(person, sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    order_id, payment_id = open_order(person)

    with own.held("worker"):
        refund = person.api.refund(paid.payment_id, 200)
        checkout = sandbox.pay(order_id, capture=False)
        verified = person.api.verify(checkout)
        with Redis.from_url(own.stack.redis_url) as redis:
            redis.flushall()

    assert (refund.status_code, verified.status_code) == (202, 202)
    refunded = own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    captured = own.settled(payment_id, "PAID", receipts=1)
    assert (changes_to(refunded, "PARTIAL_REFUND"), changes_to(captured, "PAID")) == (1, 1)
    assert [each["amount"] for each in sandbox.refunds_of(paid.provider_payment_id)] == [20_000]


def test_a_logged_out_token_stays_logged_out_when_redis_forgets_everything(own: OwnStack) -> None:
    person = own.person()
    person.api.post("/api/user/logout")

    with Redis.from_url(own.stack.redis_url) as redis:
        redis.flushall()

    assert person.api.get("/api/user/me").status_code == 401


def test_a_redis_that_hangs_holds_no_webhook_up_and_one_that_is_killed_loses_no_work(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    sandbox.deliveries(paused=True)
    paid = paid_order(person, sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    heard_order, heard = open_order(person)
    entity = {"id": f"pay_{heard[:8]}", "order_id": heard_order, "amount": 50_000, "currency": "INR"}
    event = payment_event("payment.captured", {**entity, "status": "captured", "method": "card"})

    with own.held("redis"):
        began = monotonic()
        webhook = send_webhook(person.api, sandbox, event, event_id=heard)
        webhook_seconds = monotonic() - began
        refund = person.api.refund(paid.payment_id, 200)
        refund_seconds = monotonic() - began - webhook_seconds
        created = person.api.create_order(person.school_id, 100)
        own.signal("redis", signal.SIGKILL)

    assert (webhook.status_code, refund.status_code, created.status_code) == (200, 202, 201)
    assert webhook_seconds < WEBHOOK_SECONDS_MAX
    assert refund_seconds < 10
    own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    own.settled(heard, "PAID", receipts=1)
    assert [each["amount"] for each in sandbox.refunds_of(paid.provider_payment_id)] == [20_000]
