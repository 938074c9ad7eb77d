"""Periodic jobs: one run at a time and one in each interval, whoever asks and whatever clocks say."""

from datetime import datetime, timedelta

import pytest

from gateway.domain import periodic
from gateway.domain.ids import new_id
from gateway.domain.periodic import PeriodicJob, Run
from tests.support.domain import NOW, raw
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

EVERY = 100.0
LEASE = 30.0
SKEW = timedelta(minutes=10)


@pytest.fixture
def name() -> str:
    """The name of a job that nobody else does."""
    return new_id()


def later(seconds: float) -> datetime:
    """Return the time so many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def begin(name: str, now: datetime = NOW, every: float = EVERY, lease: float = LEASE) -> Run | None:
    """Ask for a run."""
    return periodic.begin(name, now, every_seconds=every, lease_seconds=lease)


def a_finished_run(name: str, now: datetime = NOW, seconds: float = 1) -> None:
    """Do the job once."""
    run = begin(name, now)
    assert run
    periodic.finished(run, now + timedelta(seconds=seconds))


def stored(name: str) -> PeriodicJob:
    """Return what is written about the job."""
    return PeriodicJob.objects.get(id=name)


def test_a_job_that_was_never_done_begins_at_once(name: str) -> None:
    run = begin(name)

    assert run == Run(name, later(LEASE))
    assert raw(stored(name)) == {"_id": name, "version": 2, "begun_at": NOW, "lease_until": later(LEASE)}
    assert periodic.last_finished_at(name) is None


def test_nobody_begins_while_a_run_is_under_way(name: str) -> None:
    begin(name)
    before = raw(stored(name))

    assert begin(name, later(LEASE - 1)) is None
    assert raw(stored(name)) == before


def test_a_finished_run_gives_its_lease_back(name: str) -> None:
    a_finished_run(name, seconds=4)

    assert periodic.last_finished_at(name) == later(4)
    assert stored(name).lease_until is None


@pytest.mark.parametrize(
    ("after_seconds", "begins"), [(1, False), (74, False), (75, True), (100, True), (5000, True)]
)
def test_a_job_is_done_once_in_an_interval_give_or_take_a_quarter(
    name: str, after_seconds: float, begins: bool
) -> None:
    a_finished_run(name)

    assert (begin(name, later(after_seconds)) is not None) is begins


@pytest.mark.parametrize(("before_seconds", "begins"), [(61, False), (60, True)])
def test_a_daily_job_is_a_minute_early_at_most(name: str, before_seconds: float, begins: bool) -> None:
    a_finished_run(name)
    day = 24 * 3600.0

    assert (begin(name, later(day - before_seconds), every=day) is not None) is begins


def test_a_run_that_died_is_followed_by_another_when_its_lease_is_over(name: str) -> None:
    begin(name)

    followed = begin(name, later(LEASE))

    assert followed == Run(name, later(2 * LEASE))
    assert periodic.last_finished_at(name) is None


def test_a_run_that_outlasts_its_lease_leaves_the_next_ones_alone(name: str) -> None:
    slow = begin(name)
    assert slow
    next_one = begin(name, later(LEASE))
    assert next_one

    periodic.finished(slow, later(LEASE + 1))

    assert stored(name).lease_until == next_one.lease_until
    assert stored(name).finished_at == later(LEASE + 1)


def test_finishing_twice_says_the_same(name: str) -> None:
    run = begin(name)
    assert run

    periodic.finished(run, later(1))
    periodic.finished(run, later(1))

    assert stored(name).finished_at == later(1)
    assert begin(name, later(2)) is None


def test_of_many_who_ask_at_once_one_begins(name: str) -> None:
    runs = together(8, lambda _: begin(name))

    assert sorted(run is None for run in runs) == [False] + [True] * 7
    assert PeriodicJob.objects(id=name).count() == 1


def test_of_two_who_ask_at_once_the_second_sees_that_the_first_has_begun(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_finished_run(name)
    runs = []

    before_saving(monkeypatch, PeriodicJob, lambda: runs.append(begin(name, later(EVERY))))

    assert begin(name, later(EVERY)) is None
    assert [run is not None for run in runs] == [True]


def test_a_lease_from_a_clock_that_is_ahead_is_not_believed(name: str) -> None:
    begin(name, NOW + SKEW)

    assert begin(name) == Run(name, later(LEASE))


def test_a_finished_run_from_a_clock_that_is_ahead_does_not_stop_the_job(name: str) -> None:
    a_finished_run(name, NOW + SKEW)

    assert begin(name) is not None


def test_a_rare_job_is_not_done_twice_because_clocks_differ(name: str) -> None:
    day = 24 * 3600.0
    a_finished_run(name, NOW + SKEW)

    assert begin(name, every=day) is None
    assert begin(name, later(day), every=day) is None
    assert begin(name, NOW + SKEW + timedelta(days=1), every=day) is not None


def test_a_clock_that_is_behind_delays_nothing(name: str) -> None:
    a_finished_run(name, NOW - SKEW)

    assert begin(name) is not None
