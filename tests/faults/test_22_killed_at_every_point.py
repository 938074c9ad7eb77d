"""Row 22 (and 4): a process is killed at each point between "recorded" and "acknowledged": with the work just
claimed, before and after every call to the provider, with the claim given back, before the message is
acknowledged, and in a request between the write and the enqueueing. Whatever was begun is finished, once.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.domain import kill_points, work
from tests.support import killing
from tests.support.own import OwnStack
from tests.support.rounds import repeated
from tests.support.scenario import Scenario
from tests.support.waiting import wait_until
from tests.support.ways import WAYS_OF_CALLS, WAYS_OF_RECORDED, WAYS_OF_WEB, WAYS_OF_WORK, Way

# At these, one after the other, the processes die that are at one piece of work. `done` is apart, because the
# message of a process that was killed comes back, is done with at once, and would be taken for it.
DEATHS_OF_WORK = (("claimed", "written"), ("done",))
# After the first death, the one is not called again, and the other by a request that nobody can hold up.
ONE_DEATH_EACH = {"collect_by_upi", "fetch_payment"}
DEATHS_OF_CALLS = [
    (call, steps)
    for call in kill_points.PROVIDER_CALLS
    for steps in ((("before",), ("after",)) if call in ONE_DEATH_EACH else (("before", "after"),))
]


def killed(own: OwnStack, directory: Path, scenario: Scenario, points: Sequence[str], way: Way) -> None:
    """Let a process die at each of the points in turn, and see that what they were at comes to its end all
    the same."""
    scenario.rounds = len(points)
    person = own.person()
    steps = way(own, person)
    next(steps)
    for number, point in enumerate(points):
        armed = killing.arm(directory, point)
        if number == 0:
            next(steps)
        else:
            killing.claims_run_out(own, person)
            killing.calls_are_over(own, person)
        wait_until(lambda armed=armed: not armed.exists(), f"a process dying at {point}", deadline_seconds=40)
    killing.claims_run_out(own, person)
    killing.calls_are_over(own, person)
    assert list(steps) == []


@repeated()
@pytest.mark.parametrize("steps", DEATHS_OF_WORK, ids=" and ".join)
@pytest.mark.parametrize("kind", work.KINDS)
def test_work_is_finished_once_when_its_workers_are_killed_at(
    kind: str, steps: Sequence[str], own: OwnStack, kill_points_directory: Path, scenario: Scenario
) -> None:
    points = [f"{kind}.{step}" for step in steps]
    killed(own, kill_points_directory, scenario, points, WAYS_OF_WORK[kind])


@repeated()
@pytest.mark.parametrize(
    ("call", "steps"),
    DEATHS_OF_CALLS,
    ids=[" ".join((call, *steps)) for call, steps in DEATHS_OF_CALLS],
)
def test_a_call_has_its_effect_once_when_its_processes_are_killed(
    call: str, steps: Sequence[str], own: OwnStack, kill_points_directory: Path, scenario: Scenario
) -> None:
    points = [f"{call}.{step}" for step in steps]
    killed(own, kill_points_directory, scenario, points, WAYS_OF_CALLS[call])


@repeated()
@pytest.mark.parametrize("point", WAYS_OF_WEB)
def test_an_order_is_opened_once_when_the_web_process_is_killed_at(
    point: str, own: OwnStack, kill_points_directory: Path, scenario: Scenario
) -> None:
    killed(own, kill_points_directory, scenario, [point], WAYS_OF_WEB[point])


@repeated()
@pytest.mark.parametrize("point", kill_points.RECORDED)
def test_what_was_recorded_is_done_when_the_web_process_is_killed_before_it_enqueues_at(
    point: str, own: OwnStack, kill_points_directory: Path, scenario: Scenario
) -> None:
    killed(own, kill_points_directory, scenario, [point], WAYS_OF_RECORDED[point])


def test_there_is_a_way_to_every_point() -> None:
    assert sorted(step for steps in DEATHS_OF_WORK for step in steps) == sorted(kill_points.STEPS_OF_WORK)
    of_calls = [(call, step) for call, steps in DEATHS_OF_CALLS for step in steps]
    assert of_calls == [
        (call, step) for call in kill_points.PROVIDER_CALLS for step in kill_points.STEPS_OF_CALL
    ]
    assert set(WAYS_OF_WORK) == set(work.KINDS)
    assert set(WAYS_OF_CALLS) == set(kill_points.PROVIDER_CALLS)
    assert set(WAYS_OF_RECORDED) == set(kill_points.RECORDED)
