"""Is the process alive, and can it do its work?"""

import time
from collections.abc import Callable

import pytest

from dev import ports
from tests.support.client import Api

SECONDS_MAX = 3


@pytest.fixture(scope="module")
def web_without_redis(start_web: Callable[..., str]) -> Api:
    return Api(start_web(REDIS_URL=f"redis://127.0.0.1:{ports.free_port()}/0"))


def test_the_process_says_that_it_is_alive(anonymous: Api) -> None:
    answer = anonymous.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_the_service_is_ready_when_mongodb_and_redis_answer(anonymous: Api) -> None:
    answer = anonymous.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"mongodb": "ok", "redis": "ok"}}


def test_the_service_says_that_redis_is_away(web_without_redis: Api) -> None:
    started = time.perf_counter()

    answer = web_without_redis.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"mongodb": "ok", "redis": "away"}}
    assert time.perf_counter() - started < SECONDS_MAX


def test_a_process_without_redis_is_alive(web_without_redis: Api) -> None:
    assert web_without_redis.get("/healthz").json() == {"status": "ok"}
