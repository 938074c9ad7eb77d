"""Row 5: Redis is killed, flushed, out of memory, or hangs while orders, verifications, refunds and webhooks
arrive. Each is answered with a 2xx that is kept, or with an honest 503 and the time to come again; and when
Redis is back, all work comes to its end, once.
"""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
from redis import Redis

from tests.support.beside import Beside, proxied
from tests.support.client import Api
from tests.support.customers import Customers, dishonest
from tests.support.own import OwnStack
from tests.support.proxy import Proxy
from tests.support.proxy_modes import Refuse, Stall
from tests.support.rounds import rounds
from tests.support.scenario import Scenario
from tests.support.steps import at_once, calls_to
from tests.support.waiting import wait_until

PEOPLE = 3
BROKEN_SECONDS = 3.0
BROKEN_SECONDS_MAX = 40.0


def down(own: OwnStack, is_over: Callable[[], bool]) -> None:
    """Kill Redis whenever it is back."""

    def killed() -> bool:
        own.signal("redis", signal.SIGKILL)
        return is_over()

    wait_until(killed, "the end", deadline_seconds=BROKEN_SECONDS_MAX)


def flushed(own: OwnStack, is_over: Callable[[], bool]) -> None:
    """Lose everything that is in Redis, again and again."""
    with Redis.from_url(own.stack.redis_url) as redis:
        wait_until(lambda: redis.flushall() and is_over(), "the end", deadline_seconds=BROKEN_SECONDS_MAX)


def out_of_memory(own: OwnStack, is_over: Callable[[], bool]) -> None:
    """Let Redis refuse everything that needs memory."""
    with Redis.from_url(own.stack.redis_url) as redis:
        redis.config_set("maxmemory", 1)
        try:
            wait_until(is_over, "the end", deadline_seconds=BROKEN_SECONDS_MAX)
        finally:
            redis.config_set("maxmemory", 0)


def hanging(own: OwnStack, is_over: Callable[[], bool]) -> None:
    """Let Redis take connections and say nothing."""
    with own.held("redis"):
        wait_until(is_over, "the end", deadline_seconds=BROKEN_SECONDS_MAX)


FAULTS: dict[str, Callable[[OwnStack, Callable[[], bool]], None]] = {
    "down": down,
    "flushed": flushed,
    "out of memory": out_of_memory,
    "hanging": hanging,
}


def test_nothing_acknowledged_is_lost_whatever_becomes_of_redis(own: OwnStack, scenario: Scenario) -> None:
    customers = Customers(own, own.stack.api_url)
    processes = [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]]
    scenario.rounds = rounds(1, one_in=10)

    for what, fault in list(FAULTS.items()) * scenario.rounds:
        people = [own.person() for _ in range(PEOPLE)]
        theirs = {"user_id": {"$in": [person.user_id for person in people]}}
        with customers.busy(people) as told:
            taken = partial(own.database.payments.count_documents, theirs)
            wait_until(lambda taken=taken: taken() > PEOPLE, "visits")
            # Payments are taken meanwhile.
            enough, earliest = taken() + PEOPLE, monotonic() + BROKEN_SECONDS
            fault(own, lambda taken=taken, enough=enough, at=earliest: monotonic() > at and taken() >= enough)
            wait_until(own.is_ready, "Redis being back", deadline_seconds=40)

        answers = told.result()
        assert (what, dishonest(answers)) == (what, [])
        # Nothing had to be started again.
        running = [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]]
        assert (what, running) == (what, processes)
        slowest = max(answer.seconds for answer in answers)
        scenario.figure(f"{what}: {len(answers)} answers, the slowest after {slowest:.1f} s")


@pytest.fixture
def cut_off(own_stack: OwnStack, tmp_path: Path) -> Iterator[tuple[str, Proxy]]:
    """A web process whose connections to Redis go through a proxy: its address, and the proxy."""
    beside = Beside(own_stack.stack, tmp_path)
    with (
        proxied(own_stack.stack.environ["REDIS_URL"]) as (proxy, redis_url),
        beside.web(REDIS_URL=redis_url) as api_url,
    ):
        yield api_url, proxy


def test_an_answer_is_true_when_redis_goes_away_while_it_is_made(
    cut_off: tuple[str, Proxy], own: OwnStack
) -> None:
    api_url, redis = cut_off
    person = own.person()
    api = Api(api_url, person.api.token)
    assert "RateLimit-Remaining" in api.create_order(person.school_id).headers
    before = len(calls_to(own.sandbox, "POST", "/v1/orders"))
    own.sandbox.fault("orders.create", "slow", seconds=1)

    # The limit has been counted; what is left of it is asked for when the answer is ready.
    answer = own.meanwhile(api.create_order, person.school_id)
    wait_until(lambda: len(calls_to(own.sandbox, "POST", "/v1/orders")) > before, "the call for the order")
    with redis.broken(Refuse()):
        created = answer.result(20)

    assert created.status_code == 201
    assert "RateLimit-Remaining" not in created.headers
    api.http.close()


def test_requests_that_lose_redis_together_are_all_answered(
    cut_off: tuple[str, Proxy], own: OwnStack
) -> None:
    api_url, redis = cut_off
    api = Api(api_url, own.person().api.token)

    with redis.broken(Stall()):
        answers = at_once(api, 12, lambda own_api, _: own_api.get("/api/user/me"))

    assert [answer.status_code for answer in answers] == [200] * 12
    api.http.close()
