"""Row 24: connections to MongoDB stall for five seconds, are refused, or break in mid-answer, and are few; or
its primary has stepped down, or its disk is full. The provider answers with errors, or slowly, or in pieces,
or not at all. Customers go on paying meanwhile. Every answer comes in time and says what is true: done,
recorded, or "come again". Nothing that was acknowledged is lost, and each payment comes right by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.support.broken import Broken, broken
from tests.support.customers import dishonest
from tests.support.killing import calls_are_over
from tests.support.mongodb_errors import DISK_FULL, NOT_WRITABLE_PRIMARY, STEPPED_DOWN
from tests.support.own import OwnStack
from tests.support.proxy_modes import (
    CloseAfter,
    Delay,
    Drip,
    HalfClose,
    Mode,
    Refuse,
    RefuseWrites,
    Reset,
    Stall,
)
from tests.support.rounds import rounds
from tests.support.scenario import Scenario
from tests.support.waiting import wait_until

PEOPLE = 3
SETTINGS = {
    # Little patience, and fewer connections than customers.
    "MONGODB_TIMEOUT_MS": "2000",
    "MONGODB_POOL_SIZE_MAX": "2",
    # The circuit has a test of its own; here every call is to be made.
    "PROVIDER_CIRCUIT_FAILURES": "1000000",
    "PROVIDER_RATE_LIMITED_SECONDS": "0",
    "WORKER_CONCURRENCY": "2",
}
# What becomes of the connections to MongoDB, and for how many seconds.
OF_MONGODB: dict[str, tuple[Mode, float]] = {
    "stall": (Stall(), 5),
    "are refused": (Refuse(), 2),
    "are reset": (Reset(), 2),
    "end in mid-answer": (CloseAfter(600), 2),
    "lead to a primary that stepped down": (RefuseWrites(NOT_WRITABLE_PRIMARY), 2),
    "lead to a primary that steps down after the write": (RefuseWrites(STEPPED_DOWN, has_effect=True), 2),
    "lead to a full disk": (RefuseWrites(DISK_FULL), 2),
}
# What becomes of those to the provider. The dripping answer takes longer than any call may.
OF_PROVIDER: dict[str, Mode] = {
    "are reset": Reset(),
    "are closed by half": HalfClose(),
    "end in mid-answer": CloseAfter(60),
    "are slow": Delay(0.5),
    "drip": Drip(0.05),
    "stall": Stall(),
    "are refused": Refuse(),
}
# After the last one the service makes no calls for a while.
ANSWERS = ["500", "html_502", "drop", "timeout_before", "timeout_after", "429", "429_retry_after"]


@pytest.fixture(scope="module")
def broken_stack(own_stack: OwnStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """The processes behind proxies."""
    with broken(own_stack, tmp_path_factory.mktemp("broken"), **SETTINGS) as running:
        yield running


def test_nothing_acknowledged_is_lost_whatever_becomes_of_the_connections_to_mongodb(
    broken_stack: Broken, own: OwnStack, scenario: Scenario
) -> None:
    customers = broken_stack.customers
    scenario.rounds = rounds(1, one_in=10)

    for what, (mode, seconds) in list(OF_MONGODB.items()) * scenario.rounds:
        people = [own.person() for _ in range(PEOPLE)]
        theirs = {"user_id": {"$in": [person.user_id for person in people]}}
        wait_until(lambda one=people[0]: customers.works(one), "the start")
        with customers.busy(people) as told:
            wait_until(lambda these=theirs: own.database.payments.count_documents(these) > PEOPLE, "visits")
            with broken_stack.lasting(broken_stack.mongodb, mode, seconds):
                assert not customers.works(people[0])
            wait_until(lambda one=people[0]: customers.works(one), "MongoDB being reached again")

        answers = told.result()
        assert (what, dishonest(answers)) == (what, [])
        refused = [answer for answer in answers if answer.status == 503]
        slowest = max(answer.seconds for answer in answers)
        scenario.figure(
            f"they {what} for {seconds} s: {len(answers)} answers, {len(refused)} of them 503,"
            f" the slowest after {slowest:.1f} s"
        )


def pay_under_each(
    faults: list[str],
    fault: Callable[[str], AbstractContextManager[None]],
    broken_stack: Broken,
    scenario: Scenario,
) -> None:
    """Let a customer order, verify and refund under each fault, and see what each is told."""
    own, customers = broken_stack.own, broken_stack.customers
    person = own.person()
    own.sandbox.deliveries(paused=True)
    wait_until(lambda: customers.works(person), "the start")
    scenario.rounds = rounds(1, one_in=10)
    for name in faults * scenario.rounds:
        prepared = customers.prepared(person)

        with fault(name):
            answers = customers.all_at_once(person, prepared)

        assert (name, dishonest(answers)) == (name, [])
        said = ", ".join(f"{answer.what} {answer.status} after {answer.seconds:.1f} s" for answer in answers)
        scenario.figure(f"{name}: {said}")
    # What was held back has arrived by now.
    calls_are_over(own, person)


def test_every_way_in_which_a_connection_to_the_provider_breaks_ends_well(
    broken_stack: Broken, own: OwnStack, scenario: Scenario
) -> None:
    pay_under_each(
        list(OF_PROVIDER),
        lambda name: broken_stack.provider.broken(OF_PROVIDER[name]),
        broken_stack,
        scenario,
    )


def test_every_error_that_the_provider_answers_with_ends_well(
    broken_stack: Broken, own: OwnStack, scenario: Scenario
) -> None:
    @contextmanager
    def failing(name: str) -> Iterator[None]:
        own.sandbox.fault("*", name, count=1000, seconds=2)
        yield
        own.sandbox.clear_faults()

    pay_under_each(ANSWERS, failing, broken_stack, scenario)
