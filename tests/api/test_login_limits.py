"""Guessing a password: it gets slower, tells nothing, and never keeps the owner out."""

import random
import uuid
from collections.abc import Callable

import pytest
import requests

from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person, register
from tests.support.guessing import (
    FREE,
    LOGIN,
    WRONG,
    counter,
    end_delay,
    failures,
    fresh_email,
    guess,
    lock_out,
)
from tests.support.mails import mailed_token
from tests.support.shapes import refused
from tests.support.steps import at_once

FORGOT, RESET = "/api/user/password/forgot", "/api/user/password/reset"
REFRESH, ME = "/api/user/refresh", "/api/user/me"
FREE_OF_CLIENT = 4
PATIENT = {"LOGIN_DELAY_SECONDS_FIRST": "600"}


def _told(answer: requests.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
    if "Retry-After" in headers:
        # A second may have gone by between two answers.
        headers["Retry-After"] = "5" if headers["Retry-After"] in ("4", "5") else headers["Retry-After"]
    return answer.status_code, answer.content, headers


def test_an_unknown_e_mail_is_answered_counted_and_delayed_like_a_known_one(
    anonymous: Api, customer: Person
) -> None:
    unknown = fresh_email()

    told_known = [_told(guess(anonymous, customer.email)) for _ in range(FREE + 2)]
    told_unknown = [_told(guess(anonymous, unknown)) for _ in range(FREE + 2)]

    assert [status for status, _, _ in told_known] == [401] * (FREE + 1) + [429]
    assert told_known == told_unknown
    assert failures("account", customer.email) == failures("account", unknown) == FREE + 1
    assert (counter("account", customer.email) or {}).keys() == (counter("account", unknown) or {}).keys()


def test_within_the_delay_the_right_password_is_refused_like_a_wrong_one_and_nothing_is_counted(
    anonymous: Api, customer: Person
) -> None:
    lock_out(anonymous, customer.email)
    before = counter("account", customer.email)

    wrong, right = guess(anonymous, customer.email), guess(anonymous, customer.email, PASSWORD)

    assert refused(wrong, 429, "TOO_MANY_ATTEMPTS") == {}
    assert refused(right, 429, "TOO_MANY_ATTEMPTS") == {}
    assert wrong.content == right.content
    assert {int(answer.headers["Retry-After"]) for answer in (wrong, right)} <= {1, 2, 3, 4, 5}
    assert counter("account", customer.email) == before


def test_each_failure_after_a_delay_doubles_the_next_one_up_to_the_longest(
    anonymous: Api, customer: Person
) -> None:
    lock_out(anonymous, customer.email)

    longest = []
    for _ in range(9):
        end_delay("account", customer.email)
        refused(guess(anonymous, customer.email), 401, "INVALID_CREDENTIALS")
        longest.append(int(guess(anonymous, customer.email).headers["Retry-After"]))

    for waits, expected in zip(longest, (10, 20, 40, 80, 160, 320, 640, 900, 900), strict=True):
        assert expected - 3 <= waits <= expected


def test_after_the_delay_the_right_password_is_taken_and_the_failures_are_forgotten(
    anonymous: Api, customer: Person
) -> None:
    lock_out(anonymous, customer.email)
    end_delay("account", customer.email)

    answer = guess(anonymous, customer.email, PASSWORD)

    assert answer.status_code == 200
    assert failures("account", customer.email) == 0
    assert [guess(anonymous, customer.email).status_code for _ in range(FREE)] == [401] * FREE


def test_guesses_at_once_get_no_more_tries_than_guesses_in_a_row(start_web: Callable[..., str]) -> None:
    web = start_web(**PATIENT)
    known, unknown = register(web).email, fresh_email()

    for email in (known, unknown):
        statuses = at_once(Api(web), 24, lambda api, _, email=email: guess(api, email).status_code)

        assert statuses.count(401) == FREE + 1
        assert set(statuses) == {401, 429}
        assert failures("account", email) == FREE + 1


def test_sessions_go_on_while_their_account_is_delayed(anonymous: Api, customer: Person) -> None:
    lock_out(anonymous, customer.email)

    assert customer.api.get(ME).status_code == 200
    pair = Api(anonymous.base_url, customer.refresh_token).post(REFRESH)
    assert pair.status_code == 200
    assert Api(anonymous.base_url, pair.json()["token"]).get(ME).status_code == 200


def test_the_owner_gets_in_by_mail_while_somebody_goes_on_guessing(
    stack: Stack, anonymous: Api, customer: Person
) -> None:
    lock_out(anonymous, customer.email)
    assert anonymous.post(FORGOT, {"email": customer.email}).status_code == 202
    token = mailed_token(stack.directory, customer.email)
    refused(guess(anonymous, customer.email), 429, "TOO_MANY_ATTEMPTS")

    answer = anonymous.post(RESET, {"token": token, "newPassword": "a new one, by mail"})

    assert answer.status_code == 200
    assert failures("account", customer.email) == 0
    owner = Api(anonymous.base_url, answer.json()["token"])
    lock_out(anonymous, customer.email)
    assert owner.get(ME).json()["data"]["user"]["email"] == customer.email
    assert Api(anonymous.base_url, answer.json()["refreshToken"]).post(REFRESH).status_code == 200


@pytest.fixture(scope="module")
def small_share(start_web: Callable[..., str]) -> str:
    """A web process behind a proxy, where a client may fail a few times."""
    return start_web(TRUSTED_PROXY_COUNT="1", LOGIN_FAILURES_FREE_PER_ADDRESS=str(FREE_OF_CLIENT), **PATIENT)


def _from(url: str, address: str) -> Api:
    api = Api(url)
    api.http.headers["X-Forwarded-For"] = address
    return api


def _ipv4() -> str:
    return f"198.18.{random.randrange(256)}.{random.randrange(256)}"


def test_a_client_that_fails_at_many_accounts_is_delayed_and_nobody_else_is(small_share: str) -> None:
    address, other = _ipv4(), _ipv4()
    person = register(small_share)
    client = _from(small_share, address)

    statuses = [guess(client, fresh_email()).status_code for _ in range(FREE_OF_CLIENT + 1)]
    then = guess(client, person.email, PASSWORD)

    assert statuses == [401] * (FREE_OF_CLIENT + 1)
    refused(then, 429, "TOO_MANY_ATTEMPTS")
    assert 590 <= int(then.headers["Retry-After"]) <= 600
    assert failures("client", address) == FREE_OF_CLIENT + 1
    assert failures("account", person.email) == 0
    assert guess(_from(small_share, other), person.email, PASSWORD).status_code == 200


def test_a_client_cannot_forget_its_failures_by_logging_in_to_an_account_of_its_own(
    small_share: str,
) -> None:
    address, own = _ipv4(), register(small_share)
    client = _from(small_share, address)
    statuses = []

    for _ in range(FREE_OF_CLIENT + 1):
        statuses.append(guess(client, own.email, PASSWORD).status_code)
        statuses.append(guess(client, fresh_email()).status_code)

    assert statuses == [200, 401] * (FREE_OF_CLIENT + 1)
    assert failures("client", address) == FREE_OF_CLIENT + 1
    refused(guess(client, own.email, PASSWORD), 429, "TOO_MANY_ATTEMPTS")


def test_the_addresses_of_one_ipv6_network_are_one_client(small_share: str) -> None:
    network = f"2001:db8:{random.randrange(16**4):x}:{random.randrange(16**4):x}"

    statuses = [
        guess(_from(small_share, f"{network}::{number:x}"), fresh_email()).status_code
        for number in range(1, FREE_OF_CLIENT + 2)
    ]

    assert statuses == [401] * (FREE_OF_CLIENT + 1)
    refused(guess(_from(small_share, f"{network}:ffff::1"), fresh_email()), 429, "TOO_MANY_ATTEMPTS")
    neighbour = f"{network[:-1]}{'0' if network[-1] != '0' else '1'}::1"
    refused(guess(_from(small_share, neighbour), fresh_email()), 401, "INVALID_CREDENTIALS")


def test_the_time_to_wait_is_the_delays_and_not_the_rate_limits(start_web: Callable[..., str]) -> None:
    api = Api(start_web(RATELIMIT_ENABLED="true", TRUSTED_PROXY_COUNT="1"))
    api.http.headers["X-Forwarded-For"] = _ipv4()
    email = fresh_email()

    answers = [guess(api, email) for _ in range(FREE + 2)]

    refused(answers[-1], 429, "TOO_MANY_ATTEMPTS")
    assert int(answers[-1].headers["Retry-After"]) <= 5
    assert int(answers[-1].headers["RateLimit-Reset"]) > 600
    assert [answer.headers["RateLimit-Remaining"] for answer in answers[-2:]] == ["94", "93"]


def test_what_an_e_mail_does_not_look_like_is_counted_too(anonymous: Api) -> None:
    odd = f"{{'$ne': null}} {uuid.uuid4().hex}"

    assert [guess(anonymous, odd).status_code for _ in range(FREE + 2)] == [401] * (FREE + 1) + [429]


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["a"], 1, None, True])
@pytest.mark.parametrize("field", ["email", "password"])
def test_operators_are_no_values(anonymous: Api, customer: Person, field: str, value: object) -> None:
    body = {"email": customer.email, "password": WRONG} | {field: value}
    before = counter("account", customer.email)

    answer = anonymous.post(LOGIN, body)

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == [field]
    assert counter("account", customer.email) == before


def test_a_counter_holds_neither_the_password_nor_the_e_mail(anonymous: Api) -> None:
    email = fresh_email()

    guess(anonymous, email, "typed into the wrong field")

    stored = counter("account", email)
    assert stored is not None
    assert set(stored) == {"_id", "version", "failures", "pending", "pending_until", "forgotten_at"}
    assert email not in str(stored)
