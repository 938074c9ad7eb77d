"""Alarms: each says what is wrong, in counts and ages, and nothing while all is well."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import alarms, figures, periodic, work
from gateway.domain.alarms import Alarm
from gateway.domain.context import Context, Limits
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, Receipt, WebhookEvent, Work
from gateway.domain.store import change
from tests.conftest import Stack
from tests.support.database import empty_database
from tests.support.domain import NOW, Clock, a_context, a_paid_payment

LIMITS = Limits(work_attempts_max=3)


@pytest.fixture(autouse=True)
def database(stack: Stack) -> Iterator[None]:
    """A database of the test's own, in which a sweep has just finished."""
    with empty_database(stack.mongodb_uri):
        swept()
        yield


def swept(seconds_ago: float = 0) -> None:
    """Finish a sweep."""
    at = NOW - timedelta(seconds=seconds_ago)
    run = periodic.begin(periodic.SWEEP, at, every_seconds=1, lease_seconds=1)
    assert run
    periodic.finished(run, at)


def current() -> list[Alarm]:
    """Return the alarms at NOW."""
    return alarms.current(NOW, LIMITS)


def due(seconds_ago: float, kind: str = work.CAPTURE_PAYMENT, **fields: Any) -> Payment:
    """Store a payment with work that has been due for so long."""
    planned = Work(kind=kind, due_at=NOW - timedelta(seconds=seconds_ago), **fields)
    return a_paid_payment(work=planned).save(force_insert=True)


def an_event(**fields: Any) -> WebhookEvent:
    """Store a webhook event."""
    return WebhookEvent(body=b"{}", body_sha256=new_id(), received_at=NOW, **fields).save(force_insert=True)


def test_nothing_is_wrong_while_all_is_well() -> None:
    due(0)
    due(-600, attempts=2)
    an_event(outcome="applied")
    an_event(outcome="foreign")

    assert current() == []


def test_a_sweep_that_finished_long_ago_is_stale() -> None:
    periodic.PeriodicJob.drop_collection()
    swept(61)

    assert current() == [
        Alarm("sweep stale", "The last sweep finished 61 s ago. Are beat and worker running?")
    ]


@pytest.mark.parametrize("seconds_ago", [60, 1, -59])
def test_a_sweep_that_finished_a_moment_ago_is_fresh(seconds_ago: float) -> None:
    periodic.PeriodicJob.drop_collection()
    swept(seconds_ago)

    assert current() == []


@pytest.mark.parametrize("seconds_ahead", [61, 600])
def test_a_sweep_by_a_clock_that_is_far_ahead_hides_nothing(seconds_ahead: float) -> None:
    periodic.PeriodicJob.drop_collection()
    swept(-seconds_ahead)

    assert current() == [
        Alarm("sweep stale", "No sweep has finished yet, or the clock of the host that swept last is ahead.")
    ]


def test_a_service_that_never_swept_says_so() -> None:
    periodic.PeriodicJob.drop_collection()

    assert [alarm.name for alarm in current()] == ["sweep stale"]


def test_a_sweep_that_dies_each_time_is_stale() -> None:
    periodic.PeriodicJob.drop_collection()
    swept(100)
    periodic.begin(periodic.SWEEP, NOW, every_seconds=1, lease_seconds=1)

    assert [alarm.name for alarm in current()] == ["sweep stale"]


def test_work_that_is_overdue_is_counted_by_kind_with_the_age_of_the_oldest() -> None:
    due(301)
    due(400)
    due(350, work.ISSUE_REFUND)
    Receipt(
        id=new_id(),
        payment_id=new_id(),
        kind="PAYMENT_RECEIPT",
        number=new_id(),
        contents="{}",
        work=Work(kind=work.RENDER_RECEIPT, due_at=NOW - timedelta(seconds=412)),
    ).save(force_insert=True)
    due(299)

    assert current() == [
        Alarm(
            "work overdue",
            "Due since up to 412 s: capture_payment (2), issue_refund (1), render_receipt (1).",
        )
    ]


def test_a_claim_that_nobody_takes_over_is_overdue_too() -> None:
    due(301, claimed_until=NOW - timedelta(seconds=301), attempts=1)

    assert current() == [Alarm("work overdue", "Due since up to 301 s: capture_payment (1).")]


def test_work_of_a_kind_that_is_not_ours_is_not_named() -> None:
    due(301, "<b>secret</b>")

    assert current() == [Alarm("work overdue", "Due since up to 301 s: unknown (1).")]


def test_many_kinds_are_named_in_part() -> None:
    for kind in work.KINDS[:7]:
        due(301, kind)

    (alarm,) = current()

    assert alarm.detail.count("(1)") == 5
    assert alarm.detail.endswith(", and 2 more kinds.")


def test_no_more_than_a_bounded_number_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "COUNTED_MAX", 2)
    due(310)
    due(320)
    due(330)

    assert current() == [Alarm("work overdue", "Due since up to 330 s: capture_payment (2 or more).")]


def die(claim: work.Claim[Payment], context: Context) -> None:
    """End a try with its process."""


def crash(claim: work.Claim[Payment], context: Context) -> None:
    """End a try by a mistake of ours."""
    work.crashed(context, Payment, claim.document.id, claim.kind, "KeyError")


def fail(claim: work.Claim[Payment], context: Context) -> None:
    """End a try by an error of the provider."""
    change(
        Payment, claim.document.id, lambda found: work.postpone(found, claim, "timed out", context) is None
    )


def look_in_vain(claim: work.Claim[Payment], context: Context) -> None:
    """End a try that worked, and told nothing new."""
    change(Payment, claim.document.id, lambda found: work.finish(found, claim, False, context) is None)


def told_after_each_try(payment: Payment, clock: Clock, *ends: Callable[..., None]) -> list[list[str]]:
    """Try the payment's work, ending the tries so; returns which alarms there are when the next begins."""
    context, told = replace(a_context(clock, correlation_id="a task"), limits=LIMITS), []
    for end in ends:
        claim = work.claim(context, Payment, payment.id, work.CAPTURE_PAYMENT)
        assert claim
        end(claim, context)
        clock.now = Payment.objects.get(id=payment.id).work.due_at
        told.append([alarm.name for alarm in alarms.current(NOW, LIMITS)])
    return told


@pytest.mark.parametrize("end", [crash, fail])
def test_work_that_fails_again_and_again_is_told_from_the_last_try_on(end: Callable[..., None]) -> None:
    payment, clock = due(0), Clock()

    told = told_after_each_try(payment, clock, end, end, end, end)

    assert told == [[], [], ["work failing"], ["work failing"]]
    assert current() == [Alarm("work failing", "Tried 3 times or more without success: capture_payment (1).")]
    assert NOW < Payment.objects.get(id=payment.id).work.failing_since < clock.now


def test_work_that_kills_its_process_is_told_when_the_next_one_takes_it_over() -> None:
    payment, clock = due(0), Clock()

    told = told_after_each_try(payment, clock, die, die, die, die)

    assert told == [[], [], [], ["work failing"]]
    assert Payment.objects.get(id=payment.id).work.failing_since == NOW + timedelta(seconds=75)


def test_looking_in_vain_for_long_is_no_failure() -> None:
    assert told_after_each_try(due(0), Clock(), *[look_in_vain] * 8) == [[]] * 8


def test_work_that_works_again_is_told_no_longer() -> None:
    told = told_after_each_try(due(0), Clock(), fail, fail, fail, look_in_vain)

    assert told == [[], [], ["work failing"], []]


def test_dead_webhook_events_are_counted() -> None:
    an_event(outcome="dead")
    an_event(outcome="dead")
    an_event(outcome="applied")

    assert current() == [
        Alarm("dead webhook events", "Given up after 12 tries, and waiting to be redriven: 2.")
    ]
