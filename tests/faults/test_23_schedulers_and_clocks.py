"""Row 23: two schedulers at once, or none; clocks of hosts that differ by ten minutes, and the provider's
from ours; processes in a time zone with daylight saving; leap days. Sweeps take effect once, a missing
scheduler is told, tokens are good on every host, and nothing is counted by the wrong day.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import jwt
import pytest
from redis import Redis

from gateway.domain import payments, planning, refunds
from gateway.domain.context import Cause, Context, Limits, utc_now
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.beside import Beside
from tests.support.client import Api, Person, Sandbox, open_order, paid_order, stored
from tests.support.domain import a_payment, runtime_of
from tests.support.own import OwnStack, changes_to
from tests.support.own_service import OwnService
from tests.support.queue import make_due
from tests.support.steps import calls_to
from tests.support.tokens import with_claims
from tests.support.waiting import wait_until

SWEEP_INTERVAL_SECONDS = 0.5
TEN_MINUTES = timedelta(minutes=10)
CLOCKS = {"ten minutes ahead": TEN_MINUTES, "ten minutes behind": -TEN_MINUTES}
A_CLOCK = pytest.mark.parametrize("off", CLOCKS.values(), ids=CLOCKS)


def sweeps(own: OwnStack) -> int:
    """Return how often the sweep has written that it begins or has finished."""
    job = own.database.periodic_jobs.find_one({"_id": "sweep_due_work"}) or {}
    return int(job["version"])


def alarms(own: OwnStack) -> list[str]:
    """Return the names of the alarms."""
    return [alarm["name"] for alarm in Api(own.stack.api_url).get("/readyz").json()["alarms"]]


def test_two_more_schedulers_sweep_no_more_often_and_do_nothing_twice(own: OwnStack, tmp_path: Path) -> None:
    person, sandbox = own.person(), own.sandbox
    paid = paid_order(person, sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    beside = Beside(own.stack, tmp_path)

    with beside.process("beat"), beside.process("beat"):
        with own.held("worker"):
            refund = person.api.refund(paid.payment_id, 200)
            with Redis.from_url(own.stack.redis_url) as redis:
                redis.flushall()
        refunded = own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
        before, began = sweeps(own), monotonic()
        wait_until(lambda: sweeps(own) >= before + 8, "four sweeps", deadline_seconds=60)
        seconds = monotonic() - began

    assert refund.status_code == 202
    assert changes_to(refunded, "PARTIAL_REFUND") == 1
    assert len(calls_to(sandbox, "POST", f"{paid.provider_payment_id}/refund")) == 1
    # A scheduler may be early by a quarter of the interval; three that took no turns would be three times as
    # fast.
    assert seconds > 3 * SWEEP_INTERVAL_SECONDS * 0.7


def test_without_a_scheduler_there_is_an_alarm_and_what_is_lost_is_found_when_it_is_back(
    own: OwnStack,
) -> None:
    person, sandbox = own.person(), own.sandbox
    paid = paid_order(person, sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)

    with own.held("beat"):
        with own.held("worker"):
            refund = person.api.refund(paid.payment_id, 200)
            with Redis.from_url(own.stack.redis_url) as redis:
                redis.flushall()
        wait_until(lambda: "sweep stale" in alarms(own), "the alarm", deadline_seconds=40)
        # Payments that nothing is lost of need no scheduler.
        own.settled(paid_order(person, sandbox).payment_id, "PAID", receipts=1)

    assert refund.status_code == 202
    own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    wait_until(lambda: "sweep stale" not in alarms(own), "the end of the alarm", deadline_seconds=40)


def on_a_host(stack: Stack, off: timedelta) -> Context:
    """Return the surroundings of a call on a host whose clock is off by so much."""
    context = runtime_of(stack.environ).context(by="test")
    return Context(
        provider=context.provider,
        cause=Cause(by="worker:on another host", correlation_id="another host"),
        limits=context.limits,
        now=lambda: utc_now() + off,
    )


def later(payment_id: str) -> Payment:
    """Return the payment at rest. What a host has planned whose clock is ahead comes due as much later by the
    clocks of the others, and that time passes here."""

    def resting() -> Payment | None:
        payment = stored(payment_id)
        if payment.work and payment.work.claimed_until is None:
            assert payment.work.due_at - utc_now() <= TEN_MINUTES
            make_due(payment)
        return None if payment.work else payment

    return wait_until(resting, f"payment {payment_id} coming to rest", deadline_seconds=40)


@A_CLOCK
def test_hosts_whose_clocks_differ_capture_and_refund_once(
    off: timedelta, stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    checkout = sandbox.pay(order_id, capture=False)
    there = on_a_host(stack, off)

    def on_both(work: Callable[[Context, str], object], ask: Callable[[], object]) -> None:
        """Let the other host look for the work again and again while it comes up and is done."""
        over = threading.Event()

        def look() -> None:
            while not over.is_set():
                work(there, payment_id)

        with ThreadPoolExecutor(1) as other:
            looking = other.submit(look)
            try:
                ask()
            finally:
                over.set()
            looking.result(30)

    on_both(payments.capture, lambda: customer.api.verify(checkout))
    wait_until(lambda: stored(payment_id).captured_minor, "the capture")
    later(payment_id)
    on_both(refunds.issue, lambda: customer.api.refund(payment_id, 200))
    wait_until(lambda: stored(payment_id).refunded_minor, "the refund")

    payment = later(payment_id)
    assert (payment.status, payment.refunded_minor, payment.needs_review) == ("PARTIAL_REFUND", 20_000, False)
    captures = calls_to(sandbox, "POST", f"{checkout['razorpay_payment_id']}/capture")
    assert [call["status"] for call in captures].count(200) == 1
    refunds_there = sandbox.refunds_of(checkout["razorpay_payment_id"])
    assert [refund["amount"] for refund in refunds_there] == [20_000]


@A_CLOCK
def test_a_token_of_a_host_whose_clock_is_off_is_good_on_the_others(
    off: timedelta, stack: Stack, customer: Person
) -> None:
    claims = jwt.decode(customer.api.token or "", options={"verify_signature": False})
    seconds = int(off.total_seconds())
    moved = {name: claims[name] + seconds for name in ("iat", "nbf", "exp")}
    token = with_claims(customer.api.token or "", stack.environ["JWT_SECRET_KEY"], **moved)

    answer = Api(stack.api_url, token).get("/api/user/me")

    assert answer.status_code == 200


def test_a_provider_whose_clock_is_ahead_dates_nothing_into_the_future(service: OwnService) -> None:
    person = service.person()
    service.time_passes(TEN_MINUTES.total_seconds())

    paid = paid_order(person, service.sandbox)
    person.api.refund(paid.payment_id, 200)

    payment = service.has_status(paid.payment_id, "PARTIAL_REFUND")
    now = datetime.now(UTC)
    assert payment["created_at"] <= payment["paid_at"] <= now
    assert all(entry["at"] <= now for entry in payment["history"])


def test_a_worker_and_a_scheduler_in_a_time_zone_with_daylight_saving_work_by_utc(
    own: OwnStack, tmp_path: Path
) -> None:
    person, sandbox = own.person(), own.sandbox
    beside = Beside(own.stack, tmp_path)
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(person)
    checkout = sandbox.pay(order_id, capture=False)

    with (
        own.held("worker"),
        own.held("beat"),
        beside.process("worker", TZ="America/New_York"),
        beside.process("beat", TZ="America/New_York"),
    ):
        person.api.verify(checkout)
        payment = own.settled(payment_id, "PAID", receipts=1)

    now = datetime.now(UTC)
    assert payment["created_at"] < payment["authorized_at"] < payment["paid_at"] <= now
    assert now - payment["created_at"] < TEN_MINUTES
    assert payment["receipts"][0]["issued_at"] - payment["paid_at"] < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("created", "looked_at"),
    [
        ("2028-02-28T23:50:00+00:00", "2028-02-29T00:05:00+00:00"),
        ("2028-02-29T23:50:00+00:00", "2028-03-01T00:05:00+00:00"),
        # Clocks in New York go forward, and back, between the two.
        ("2026-03-08T06:50:00+00:00", "2026-03-08T07:05:00+00:00"),
        ("2026-11-01T05:50:00+00:00", "2026-11-01T06:05:00+00:00"),
    ],
)
def test_windows_are_as_long_on_leap_days_and_when_clocks_change(created: str, looked_at: str) -> None:
    at = datetime.fromisoformat(created)
    payment = a_payment(created_at=at, updated_at=at, order_wanted_since=at)

    planning.plan_payment(payment, at, Limits())

    assert payment.work.due_at == datetime.fromisoformat(looked_at)
    days = Limits().payment_abandoned_after_days
    assert planning.abandoned_at(payment, Limits()) - at == timedelta(days=days)
