"""What health and metrics say while Redis or MongoDB is away: soon, and what is still known."""

import time
from collections.abc import Callable

import pytest

from dev import ports
from tests.support.client import Api, Person
from tests.support.shapes import refused

SECONDS_MAX = 3


@pytest.fixture(scope="module")
def without_redis(start_web: Callable[..., str]) -> str:
    """The address of a web process whose Redis is away."""
    return start_web(REDIS_URL=f"redis://127.0.0.1:{ports.free_port()}/0")


@pytest.fixture(scope="module")
def without_mongodb(start_web: Callable[..., str]) -> str:
    """The address of a web process whose MongoDB is away."""
    away = f"mongodb://127.0.0.1:{ports.free_port()}/payments"
    return start_web(MONGODB_URI=away, MONGODB_TIMEOUT_MS="500")


def test_the_service_says_that_redis_is_away(without_redis: str) -> None:
    started = time.perf_counter()

    answer = Api(without_redis).get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["checks"] == {"mongodb": "ok", "redis": "away"}
    assert answer.json()["details"] is not None
    assert time.perf_counter() - started < SECONDS_MAX


def test_a_process_without_redis_is_alive(without_redis: str) -> None:
    assert Api(without_redis).get("/healthz").json() == {"status": "ok"}


def test_without_redis_all_metrics_but_its_own_are_told(without_redis: str, admin: Person) -> None:
    answer = Api(without_redis, admin.api.token).get("/metrics")

    lines = answer.text.splitlines()
    assert answer.status_code == 200
    assert "payment_service_redis_up 0.0" in lines
    assert not any(line.startswith("payment_service_queue_messages") for line in lines)
    assert any(line.startswith("payment_service_work_due{") for line in lines)


def test_without_mongodb_alarms_are_not_known(without_mongodb: str) -> None:
    started = time.perf_counter()

    answer = Api(without_mongodb).get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"mongodb": "away", "redis": "ok"},
        "alarms": [],
        "details": None,
    }
    assert time.perf_counter() - started < SECONDS_MAX


def test_without_mongodb_metrics_are_refused_for_now(without_mongodb: str, admin: Person) -> None:
    started = time.perf_counter()

    answers = [Api(without_mongodb, token).get("/metrics") for token in (admin.api.token, "sk_" + "a" * 43)]

    assert [refused(answer, 503, "SERVICE_UNAVAILABLE") for answer in answers] == [{}, {}]
    assert [answer.headers["Retry-After"] for answer in answers] == ["5", "5"]
    assert time.perf_counter() - started < SECONDS_MAX
