"""Random sequences of requests, provider news, faults, deaths, sweeps and reconciliations, against the real
domain and a real database, held against a tiny model of the money after every step and at the end.

A sequence that breaks the model is made as short as can be, which may take minutes, and is printed with what
repeats it. MODEL_SEED repeats a whole run; without it every run takes other sequences.
"""

import contextlib
import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.domain import work
from gateway.domain.states import (
    ATTEMPTED,
    CANCELLED,
    CREATED,
    FAILED,
    PAID,
    PARTIAL_REFUND,
    REFUNDED,
    STATUSES,
)
from tests.support.money_model.machine import Beginning, Money
from tests.support.money_model.met import MET
from tests.support.money_model.workers import WORKERS
from tests.support.rounds import rounds
from tests.support.scenario import Scenario

# How far the first payment of a part's sequences has come when they begin, and the status in which some of
# its payments end for certain. Those that take longest come first.
PARTS: list[tuple[Beginning, str]] = [
    ("refunded", REFUNDED),
    ("partly refunded", PARTIAL_REFUND),
    ("paid", PAID),
    ("cancelled", CANCELLED),
    *[("asked", FAILED)] * 2,
    *[("failed", FAILED)] * 2,
    *[("open", CREATED)] * 5,
    *[("recorded", CREATED)] * 3,
]
# In CI 2,000 sequences; ROUNDS=1000 makes it 20,000.
SEQUENCES_PER_ROUND = 20
SEQUENCES_PER_PART = -(-rounds(100) * SEQUENCES_PER_ROUND // len(PARTS))
# A long run also takes longer sequences.
STEPS = 8 if rounds(1) == 1 else 14
# On a busy machine; and making a failed sequence short takes up to five minutes.
SECONDS_PER_SEQUENCE_MAX = 1.0
SECONDS_TO_SHORTEN = 400
NICENESS = 19
SEED = int(os.environ.get("MODEL_SEED") or secrets.randbelow(10**9))

SETTINGS = settings(
    max_examples=SEQUENCES_PER_PART,
    stateful_step_count=STEPS,
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    database=None,
    print_blob=True,
    # Every step asks a database, and a busy machine is no fault of it.
    suppress_health_check=(HealthCheck.too_slow,),
)


@pytest.fixture(scope="module", autouse=True)
def left_alone(request: pytest.FixtureRequest, standing: contextlib.ExitStack) -> None:
    """Where tests are shared out, the model comes last in each process: end what nobody needs any more, and
    leave the machine to the tests of other processes, which have deadlines."""
    if hasattr(request.config, "workerinput"):
        standing.close()
        os.nice(NICENESS)


def test_the_model_knows_every_kind_of_work() -> None:
    assert set(WORKERS) == set(work.KINDS)


def test_some_payments_end_in_every_status() -> None:
    # But for ATTEMPTED: in the end every attempt is decided.
    assert {status for _, status in PARTS} == set(STATUSES) - {ATTEMPTED}


@pytest.mark.timeout(SEQUENCES_PER_PART * SECONDS_PER_SEQUENCE_MAX + SECONDS_TO_SHORTEN)
@pytest.mark.parametrize(
    "part", range(len(PARTS)), ids=[f"{n} {begins}" for n, (begins, _) in enumerate(PARTS)]
)
@pytest.mark.usefixtures("database_of_its_own")
def test_whatever_happens_nothing_is_lost_and_nothing_happens_twice(part: int, scenario: Scenario) -> None:
    begins, ends = PARTS[part]
    machine = seed(SEED + part)(type("Money", (Money,), {"begins": begins}))
    MET.clear()

    try:
        run_state_machine_as_test(machine, settings=SETTINGS)
    except BaseException as failure:
        failure.add_note(f"MODEL_SEED={SEED} repeats this run.")
        raise

    # A model that met nothing would say nothing.
    assert MET[f"ended {ends}"]
    scenario.rounds = SEQUENCES_PER_PART
    deaths = [point for point in MET if point.startswith("death at ")]
    scenario.figure(
        f"seed {SEED + part}: {SEQUENCES_PER_PART} sequences of {STEPS} steps, with"
        f" {sum(MET[death] for death in deaths)} deaths at {len(deaths)} points"
    )
