"""Row 22 (and 4): a process is killed at each point between "recorded" and "acknowledged": with the work just
claimed, before and after every call to the provider, with the claim given back, before the message is
acknowledged, and in a request between the write and the enqueueing. Whatever was begun is finished, once.
"""

from pathlib import Path

import pytest

from gateway.domain import kill_points, work
from tests.support import killing
from tests.support.own import OwnStack
from tests.support.rounds import repeated
from tests.support.waiting import wait_until
from tests.support.ways import WAYS_OF_CALLS, WAYS_OF_RECORDED, WAYS_OF_WEB, WAYS_OF_WORK, Way

POINTS_OF_WORK = [(kind, step) for kind in work.KINDS for step in kill_points.STEPS_OF_WORK]
POINTS_OF_CALLS = [(call, step) for call in kill_points.PROVIDER_CALLS for step in kill_points.STEPS_OF_CALL]


def killed(own: OwnStack, directory: Path, point: str, way: Way) -> None:
    """Let a process die at the point, and see that what it was at comes to its end all the same."""
    person = own.person()
    steps = way(own, person)
    next(steps)
    armed = killing.arm(directory, point)
    next(steps)
    wait_until(lambda: not armed.exists(), f"a process dying at {point}", deadline_seconds=40)
    killing.claims_run_out(own, person)
    killing.calls_are_over(own, person)
    assert list(steps) == []


@repeated()
@pytest.mark.parametrize(("kind", "step"), POINTS_OF_WORK)
def test_work_is_finished_once_when_its_worker_is_killed_at(
    kind: str, step: str, own: OwnStack, kill_points_directory: Path
) -> None:
    killed(own, kill_points_directory, f"{kind}.{step}", WAYS_OF_WORK[kind])


@repeated()
@pytest.mark.parametrize(("call", "step"), POINTS_OF_CALLS)
def test_a_call_has_its_effect_once_when_its_process_is_killed(
    call: str, step: str, own: OwnStack, kill_points_directory: Path
) -> None:
    killed(own, kill_points_directory, f"{call}.{step}", WAYS_OF_CALLS[call])


@repeated()
@pytest.mark.parametrize("point", WAYS_OF_WEB)
def test_an_order_is_opened_once_when_the_web_process_is_killed_at(
    point: str, own: OwnStack, kill_points_directory: Path
) -> None:
    killed(own, kill_points_directory, point, WAYS_OF_WEB[point])


@repeated()
@pytest.mark.parametrize("point", kill_points.RECORDED)
def test_what_was_recorded_is_done_when_the_web_process_is_killed_before_it_enqueues_at(
    point: str, own: OwnStack, kill_points_directory: Path
) -> None:
    killed(own, kill_points_directory, point, WAYS_OF_RECORDED[point])


def test_there_is_a_way_to_every_point() -> None:
    assert set(WAYS_OF_WORK) == set(work.KINDS)
    assert set(WAYS_OF_CALLS) == set(kill_points.PROVIDER_CALLS)
    assert set(WAYS_OF_RECORDED) == set(kill_points.RECORDED)
