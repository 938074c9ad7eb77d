"""Claims on what must still happen: one holder at a time, none for ever, and nothing lost with the holder."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain import work
from gateway.domain.models import REASON_CHARS_MAX, Work
from gateway.domain.store import change
from tests.support.domain import NOW, Clock, Job, a_context, raw
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

KIND = "test_kind"
TTL_SECONDS = 25


def a_job(due_at: datetime = NOW, **fields: Any) -> Job:
    """Return a stored document with work."""
    return Job(work=Work(kind=KIND, due_at=due_at, **fields)).save()


def in_memory(job: Job, act: Any) -> None:
    """Write what `act` does to the document."""
    change(Job, job.id, lambda fresh: act(fresh) is None)


def test_due_work_is_claimed_for_a_bounded_time() -> None:
    job = a_job()

    claim = work.claim(a_context(), Job, job.id, KIND)

    until = NOW + timedelta(seconds=TTL_SECONDS)
    assert claim is not None
    assert (claim.until, claim.attempts) == (until, 1)
    stored = Job.objects.get(id=job.id).work
    assert (stored.claimed_until, stored.due_at, stored.attempts) == (until, until, 1)


@pytest.mark.parametrize(
    "job",
    [
        {"work": Work(kind=KIND, due_at=NOW + timedelta(milliseconds=1))},
        {"work": Work(kind="another_kind", due_at=NOW)},
        {},
    ],
    ids=["not due yet", "of another kind", "no work"],
)
def test_there_is_nothing_to_claim(job: dict[str, Any]) -> None:
    document = Job(**job).save()
    before = raw(document)

    claim = work.claim(a_context(), Job, document.id, KIND)

    assert claim is None
    assert raw(document) == before


def test_the_work_of_a_document_that_is_gone_is_not_there_to_claim() -> None:
    assert work.claim(a_context(), Job, "no such job", KIND) is None


@pytest.mark.parametrize("threads", [2, 20])
def test_of_many_that_claim_at_once_one_wins(threads: int) -> None:
    job = a_job()

    claims = together(threads, lambda _: work.claim(a_context(), Job, job.id, KIND))

    assert sum(isinstance(claim, work.Claim) for claim in claims) == 1
    assert claims.count(None) == threads - 1
    assert Job.objects.get(id=job.id).work.attempts == 1


def test_taking_work_over_that_somebody_else_has_just_taken_over_is_in_vain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, winners = a_job(claimed_until=NOW, claimed_by="who died"), []

    before_saving(monkeypatch, Job, lambda: winners.append(work.claim(a_context(), Job, job.id, KIND)))
    loser = work.claim(a_context(), Job, job.id, KIND)

    assert loser is None
    assert [winner.attempts for winner in winners] == [1]


def test_a_claim_expires_and_the_work_comes_due_again() -> None:
    clock, job = Clock(), a_job()
    work.claim(a_context(clock=clock), Job, job.id, KIND)

    clock.advance(TTL_SECONDS - 0.001)
    too_early = work.claim(a_context(clock=clock), Job, job.id, KIND)
    clock.advance(0.001)
    second = work.claim(a_context(clock=clock), Job, job.id, KIND)

    assert too_early is None
    assert second is not None
    assert second.attempts == 2


def test_what_its_creator_does_itself_comes_due_when_the_creator_dies() -> None:
    clock = Clock()
    job = Job(work=work.claimed(KIND, NOW, TTL_SECONDS)).save()

    during = work.claim(a_context(clock=clock), Job, job.id, KIND)
    clock.advance(TTL_SECONDS)
    after = work.claim(a_context(clock=clock), Job, job.id, KIND)

    assert during is None
    assert after is not None
    assert after.attempts == 2


def test_released_work_is_gone() -> None:
    job = a_job()
    claim = work.claim(a_context(), Job, job.id, KIND)

    in_memory(job, lambda fresh: work.release(fresh, claim))

    assert Job.objects.get(id=job.id).work is None


@pytest.mark.parametrize("give_up", ["release", "postpone"])
def test_only_the_holder_gives_work_up(give_up: str) -> None:
    clock, job = Clock(), a_job()
    context = a_context(clock=clock)
    expired = work.claim(context, Job, job.id, KIND)
    clock.advance(TTL_SECONDS)
    holder = work.claim(context, Job, job.id, KIND)
    before = raw(job)["work"]
    act = {
        "release": lambda fresh: work.release(fresh, expired),
        "postpone": lambda fresh: work.postpone(fresh, expired, "too late", context),
    }

    in_memory(job, act[give_up])

    assert raw(job)["work"] == before
    assert work.holds(Job.objects.get(id=job.id), holder)


def test_postponed_work_comes_back_after_its_pause_with_the_reason() -> None:
    clock, job = Clock(), a_job()
    context = a_context(clock=clock)
    claim = work.claim(context, Job, job.id, KIND)

    in_memory(job, lambda fresh: work.postpone(fresh, claim, "the provider is away", context))

    stored = Job.objects.get(id=job.id).work
    assert (stored.claimed_until, stored.attempts) == (None, 1)
    assert stored.last_error == "the provider is away"
    assert timedelta(seconds=0.75) <= stored.due_at - NOW <= timedelta(seconds=1.25)
    assert work.claim(context, Job, job.id, KIND) is None
    clock.advance(1.25)
    again = work.claim(context, Job, job.id, KIND)
    assert again is not None
    assert again.attempts == 2


def pause_after_another_try(clock: Clock, job: Job) -> float:
    """Claim the work when it is due, postpone it, and return the pause in seconds."""
    context = a_context(clock=clock)
    clock.now = Job.objects.get(id=job.id).work.due_at
    claim = work.claim(context, Job, job.id, KIND)
    in_memory(job, lambda fresh: work.postpone(fresh, claim, "still away", context))
    return (Job.objects.get(id=job.id).work.due_at - clock.now).total_seconds()


def test_the_pauses_grow_and_stay_bounded() -> None:
    clock, job = Clock(), a_job()

    pauses = [pause_after_another_try(clock, job) for _ in range(14)]

    middles = [min(600, 2**n) for n in range(14)]
    assert all(0.749 * m <= pause <= 1.251 * m for pause, m in zip(pauses, middles, strict=True))
    assert Job.objects.get(id=job.id).work.attempts == 14


def test_a_reason_is_cut_to_what_the_document_holds() -> None:
    job = a_job()
    claim = work.claim(a_context(), Job, job.id, KIND)

    in_memory(job, lambda fresh: work.postpone(fresh, claim, "x" * 10_000, a_context()))

    assert Job.objects.get(id=job.id).work.last_error == "x" * REASON_CHARS_MAX


def test_crashed_work_is_put_off_and_keeps_its_attempts() -> None:
    job = a_job(attempts=2)
    work.claim(a_context(), Job, job.id, KIND)

    work.crashed(a_context(), Job, job.id, KIND, "KeyError")

    stored = Job.objects.get(id=job.id).work
    assert (stored.claimed_until, stored.attempts, stored.last_error) == (None, 3, "KeyError")
    assert timedelta(seconds=3) <= stored.due_at - NOW <= timedelta(seconds=5)


@pytest.mark.parametrize(
    "job",
    [
        {"work": Work(kind=KIND, due_at=NOW)},
        {"work": Work(kind="another_kind", due_at=NOW, claimed_until=NOW, attempts=1)},
        {},
    ],
    ids=["unclaimed", "of another kind", "no work"],
)
def test_a_crash_before_the_claim_or_after_the_end_changes_nothing(job: dict[str, Any]) -> None:
    document = Job(**job).save()
    before = raw(document)

    work.crashed(a_context(), Job, document.id, KIND, "KeyError")

    assert raw(document) == before


def test_the_crash_of_one_that_does_not_hold_the_claim_leaves_it_to_its_holder() -> None:
    job = a_job()
    work.claim(a_context(correlation_id="holder"), Job, job.id, KIND)
    before = raw(job)

    work.crashed(a_context(correlation_id="another"), Job, job.id, KIND, "TooBusy")

    assert raw(job) == before


def test_due_work_is_listed_with_the_longest_overdue_first_up_to_the_limit() -> None:
    Job.drop_collection()
    middle = a_job(NOW - timedelta(seconds=20))
    oldest = a_job(NOW - timedelta(days=2))
    newest = a_job(NOW)
    a_job(NOW + timedelta(milliseconds=1))
    Job().save()

    assert work.due(Job, NOW, 10) == [(oldest.id, KIND), (middle.id, KIND), (newest.id, KIND)]
    assert work.due(Job, NOW, 2) == [(oldest.id, KIND), (middle.id, KIND)]


def test_claimed_work_is_not_due_until_its_claim_has_expired() -> None:
    Job.drop_collection()
    job = a_job(NOW - timedelta(days=2))
    work.claim(a_context(), Job, job.id, KIND)

    assert work.due(Job, NOW + timedelta(seconds=TTL_SECONDS - 1), 10) == []
    assert work.due(Job, NOW + timedelta(seconds=TTL_SECONDS), 10) == [(job.id, KIND)]
