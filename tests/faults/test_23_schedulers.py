"""Row 23: two schedulers at once, or none; a worker and a scheduler in a time zone with daylight saving.
Sweeps take effect once, and a missing scheduler is told. Clocks that differ are in test_23_clocks.py.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from redis import Redis

from tests.support.beside import Beside
from tests.support.client import Api, open_order, paid_order
from tests.support.own import OwnStack, changes_to
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

SWEEP_INTERVAL_SECONDS = 1.0
TEN_MINUTES = timedelta(minutes=10)


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
