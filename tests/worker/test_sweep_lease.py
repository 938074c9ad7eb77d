"""Sweeps take turns, and go on over what is broken: one document, one collection, one queue."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from config.queues import Queue
from gateway.domain import work
from gateway.domain.context import utc_now
from tests.conftest import Stack
from tests.support.backlog import BATCH, Backlog

EVERY = 600

# A sweep in which one collection cannot be read.
SWEEP_WITHOUT_EVENTS = """
from pymongo.errors import OperationFailure
from gateway.domain import work
from gateway.domain.models import WebhookEvent

read = work.due


def due(model, *arguments, **options):
    if model is WebhookEvent:
        raise OperationFailure("the collection is damaged")
    return read(model, *arguments, **options)


work.due = due
from worker.sweeps import sweep_due_work

sweep_due_work()
"""
SWEEP_WITHOUT_PAYMENTS = SWEEP_WITHOUT_EVENTS.replace("WebhookEvent", "Payment")


@pytest.fixture
def backlog(stack: Stack) -> Iterator[Backlog]:
    """Nothing due yet, and sweeps that follow one another at once."""
    with Backlog(stack) as backlog:
        yield backlog


@pytest.fixture
def patient(stack: Stack) -> Iterator[Backlog]:
    """Two due payments, and a sweep every ten minutes."""
    with Backlog(stack, SWEEP_INTERVAL_SECONDS=str(EVERY), SWEEP_STALE_SECONDS="3600") as backlog:
        backlog.add(2)
        yield backlog


def test_a_sweep_writes_when_it_finished_and_gives_its_lease_back(backlog: Backlog) -> None:
    before = utc_now()

    backlog.sweep()

    job = backlog.job()
    assert before <= job["begun_at"] <= job["finished_at"] <= utc_now()
    assert "lease_until" not in job


def test_one_sweep_is_enough_for_an_interval_however_many_beats_ask(patient: Backlog) -> None:
    patient.sweep()
    first = patient.job()
    patient.redis.delete(Queue.PAYMENTS)

    assert patient.sweep() == []
    assert patient.job() == first


def test_nobody_sweeps_while_another_does(patient: Backlog) -> None:
    patient.change_job(begun_at=utc_now(), lease_until=utc_now() + timedelta(seconds=60))

    assert patient.sweep() == []
    assert "finished_at" not in patient.job()


@pytest.mark.parametrize(
    "written",
    [
        lambda now: {"begun_at": now - timedelta(seconds=6), "lease_until": now - timedelta(seconds=1)},
        lambda now: {"begun_at": now + timedelta(hours=1), "lease_until": now + timedelta(hours=1)},
        lambda now: {"begun_at": now + timedelta(hours=1), "finished_at": now + timedelta(hours=1)},
    ],
    ids=["a killed sweep", "a lease by a clock that is ahead", "a sweep by a clock that is ahead"],
)
def test_what_another_left_behind_stops_no_sweep(
    patient: Backlog, written: Callable[[datetime], dict[str, datetime]]
) -> None:
    patient.change_job(**written(utc_now()))

    assert patient.sweep() == ["0", "1"]
    assert patient.job()["finished_at"] <= utc_now()


@pytest.mark.parametrize("kind", ["of_a_newer_release", None], ids=["unknown", "missing"])
def test_work_of_a_kind_that_this_release_does_not_know_stands_in_nobodys_way(
    backlog: Backlog, kind: str | None
) -> None:
    backlog.add(BATCH + 2, kind)
    known = backlog.add(2)

    assert backlog.sweep() == known
    assert backlog.job()["finished_at"] <= utc_now()


def test_a_sweep_goes_on_over_a_collection_that_cannot_be_read(backlog: Backlog) -> None:
    known = backlog.add(2)

    queued = backlog.sweep(SWEEP_WITHOUT_EVENTS)

    assert queued == known
    # Whoever asks when a sweep last finished must hear that this one did not.
    assert "finished_at" not in backlog.job()


def test_a_sweep_goes_on_behind_a_collection_that_cannot_be_read(backlog: Backlog) -> None:
    backlog.add(1)
    due = {"kind": work.PROCESS_WEBHOOK_EVENT, "due_at": utc_now()}
    backlog.database.webhook_events.insert_one({"_id": "an event", "body_sha256": "1", "work": due})

    backlog.sweep(SWEEP_WITHOUT_PAYMENTS)

    assert backlog.queued(Queue.WEBHOOKS) == ["an event"]
    assert backlog.queued() == []


def test_a_queue_that_takes_nothing_holds_the_others_up_no_longer(backlog: Backlog) -> None:
    backlog.add(1, work.OPEN_ORDER)
    owed = backlog.add(1, work.ISSUE_RECEIPTS)
    # Something else lies where the queue should be, and Redis refuses every call about it.
    backlog.redis.set(Queue.PAYMENTS, "no list")

    backlog.only_sweep()

    assert backlog.queued(Queue.RECEIPTS) == owed
    assert backlog.job()["finished_at"] <= utc_now()


def test_a_sweep_while_all_queues_are_full_is_a_sweep(backlog: Backlog) -> None:
    backlog.add(2)
    backlog.redis.rpush(Queue.PAYMENTS, *["a message"] * BATCH)

    backlog.only_sweep()

    assert backlog.redis.llen(Queue.PAYMENTS) == BATCH
    assert backlog.job()["finished_at"] <= utc_now()
