"""How many requests an address may make. Each test comes from addresses of its own."""

import json
import random
from collections.abc import Callable

import pytest
import requests

from dev import ports
from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, Api, Person, Sandbox, send_webhook
from tests.support.shapes import refused

LIMIT, WINDOW_SECONDS = 5, 15 * 60
SETTINGS = {
    "RATELIMIT_ENABLED": "true",
    "RATELIMIT_API": f"{LIMIT} per 15 minutes",
    "RATELIMIT_WEBHOOK": "3 per 15 minutes",
    "TRUSTED_PROXY_COUNT": "1",
}
SECONDS_MAX = 2
ME, LOGIN = "/api/user/me", "/api/user/login"
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture(scope="module")
def limited(start_web: Callable[..., str]) -> str:
    return start_web(**SETTINGS)


@pytest.fixture(scope="module")
def also_limited(start_web: Callable[..., str]) -> str:
    return start_web(**SETTINGS)


@pytest.fixture
def address() -> str:
    """An address that nobody else comes from."""
    return f"2001:db8::{random.randrange(16**4):x}:{random.randrange(16**4):x}:{random.randrange(16**4):x}"


def _from(url: str, address: str, token: str | None = None) -> Api:
    """Return a client whose calls come through a proxy that names this address."""
    api = Api(url, token)
    api.http.headers["X-Forwarded-For"] = address
    return api


def _event() -> bytes:
    return json.dumps({"entity": "event", "event": "payment.unknown", "nonce": random.random()}).encode()


def _refused_for_now(answer: requests.Response) -> int:
    """Check that the answer says when to come back, and return in how many seconds."""
    refused(answer, 429, "RATE_LIMITED")
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert answer.headers["Retry-After"] == answer.headers["RateLimit-Reset"]
    assert answer.headers["Retry-After"].isdigit()
    return int(answer.headers["Retry-After"])


def test_the_call_after_the_last_allowed_one_is_refused(limited: str, address: str) -> None:
    api = _from(limited, address)

    allowed = [api.get(ME) for _ in range(LIMIT)]
    after = api.get(ME)

    assert [answer.status_code for answer in allowed] == [401] * LIMIT
    assert [answer.headers["RateLimit-Limit"] for answer in allowed] == [str(LIMIT)] * LIMIT
    assert [answer.headers["RateLimit-Remaining"] for answer in allowed] == ["4", "3", "2", "1", "0"]
    assert all(answer.headers["RateLimit-Reset"].isdigit() for answer in allowed)
    assert all("Retry-After" not in answer.headers for answer in allowed)
    assert after.headers["RateLimit-Limit"] == str(LIMIT)
    # The limiter rounds up, so that whoever waits for so long is not refused again.
    assert WINDOW_SECONDS - 30 < _refused_for_now(after) <= WINDOW_SECONDS + 1


def test_a_refused_call_does_nothing(limited: str, customer: Person, address: str) -> None:
    api = _from(limited, address, customer.api.token)
    spent = [api.get(ME).status_code for _ in range(LIMIT)]

    answer = api.create_order(customer.school_id)

    assert spent == [200] * LIMIT
    _refused_for_now(answer)
    assert Payment.objects(user_id=customer.user_id).count() == 0


def test_the_calls_of_all_endpoints_and_processes_count_together(
    limited: str, also_limited: str, address: str
) -> None:
    first, second = _from(limited, address), _from(also_limited, address)

    remaining = [
        answer.headers["RateLimit-Remaining"]
        for answer in (
            first.get(ME),
            second.post(LOGIN, {}),
            first.get(f"{PAYMENTS}/stats"),
            second.post(f"{PAYMENTS}/orders", {}),
            second.get(f"{PAYMENTS}/receipts/1/download"),
        )
    ]

    assert remaining == ["4", "3", "2", "1", "0"]
    _refused_for_now(first.post(f"{PAYMENTS}/refunds", {}))
    _refused_for_now(second.get(ME))


def test_addresses_are_counted_apart(limited: str, address: str) -> None:
    spent = [_from(limited, address).get(ME).status_code for _ in range(LIMIT + 1)]

    assert spent == [401] * LIMIT + [429]
    assert _from(limited, f"{address}1").get(ME).status_code == 401


def test_only_the_address_that_the_trusted_proxy_saw_counts(limited: str, address: str) -> None:
    answers = [_from(limited, f"198.51.100.{n}, {address}").get(ME).status_code for n in range(LIMIT + 1)]

    assert answers == [401] * LIMIT + [429]


def test_a_forwarded_address_is_ignored_without_a_trusted_proxy(start_web: Callable[..., str]) -> None:
    web = start_web(**SETTINGS | {"TRUSTED_PROXY_COUNT": "0"})

    answers = [_from(web, f"198.51.100.{n}").get(ME).status_code for n in range(LIMIT + 1)]

    assert answers == [401] * LIMIT + [429]


def test_the_webhook_counts_apart_and_only_wrongly_signed_calls(
    limited: str, sandbox: Sandbox, address: str
) -> None:
    api = _from(limited, address)
    spent = [api.get(ME).status_code for _ in range(LIMIT + 1)]

    signed = [send_webhook(api, sandbox, _event()) for _ in range(6)]
    forged = [send_webhook(api, sandbox, _event(), signature="0" * 64) for _ in range(4)]
    signed_after = send_webhook(api, sandbox, _event())

    assert spent[-1] == 429
    assert [answer.status_code for answer in signed] == [200] * 6
    assert [answer.status_code for answer in forged] == [400, 400, 400, 429]
    assert forged[0].headers["RateLimit-Limit"] == "3"
    _refused_for_now(forged[-1])
    assert signed_after.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/docs/start.js"])
def test_health_and_documentation_are_not_limited(limited: str, address: str, path: str) -> None:
    api = _from(limited, address)

    answers = [api.get(path) for _ in range(LIMIT + 2)]

    assert [answer.status_code for answer in answers] == [200] * (LIMIT + 2)
    assert all(name not in answer.headers for answer in answers for name in HEADERS)
    assert api.get(ME).headers["RateLimit-Remaining"] == str(LIMIT - 1)


def test_metrics_are_not_limited(limited: str, admin: Person, address: str) -> None:
    api = _from(limited, address, admin.api.token)

    answers = [api.get("/metrics") for _ in range(LIMIT + 2)]

    assert [answer.status_code for answer in answers] == [200] * (LIMIT + 2)
    assert all(name not in answer.headers for answer in answers for name in HEADERS)
    assert api.get(ME).headers["RateLimit-Remaining"] == str(LIMIT - 1)


def test_without_redis_calls_are_answered_soon_and_counted_in_the_process(
    start_web: Callable[..., str], address: str
) -> None:
    away = f"redis://127.0.0.1:{ports.free_port()}/0"
    api = _from(start_web(**SETTINGS, REDIS_URL=away), address)

    answers = [api.get(ME) for _ in range(LIMIT + 1)]
    slowest = max(answer.elapsed.total_seconds() for answer in answers)

    assert [answer.status_code for answer in answers] == [401] * LIMIT + [429]
    assert slowest < SECONDS_MAX, f"{slowest} s"
    _refused_for_now(answers[-1])


def test_without_redis_an_order_is_taken_soon(start_web: Callable[..., str], customer: Person) -> None:
    web = start_web(**SETTINGS, REDIS_URL=f"redis://127.0.0.1:{ports.free_port()}/0")

    answer = Api(web, customer.api.token).create_order(customer.school_id)

    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() < SECONDS_MAX


def test_without_limits_nothing_is_counted_or_said(anonymous: Api) -> None:
    answers = [anonymous.get(ME) for _ in range(LIMIT + 1)]

    assert [answer.status_code for answer in answers] == [401] * (LIMIT + 1)
    assert all(name not in answer.headers for answer in answers for name in (*HEADERS, "Retry-After"))
