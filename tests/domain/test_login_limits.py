"""Guessing passwords: what is counted, for how long one waits, and what is forgotten."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import login_limits, logins, users
from gateway.domain.context import Context, Limits
from gateway.domain.errors import InvalidCredentials, TooBusy, TooManyAttempts
from gateway.domain.login_limits import Try, begin, client_of, delay_seconds
from gateway.domain.passwords import Passwords
from tests.support.domain import NOW, Clock, a_context
from tests.support.guessing import counter, failures, fresh_email
from tests.support.racing import together

pytestmark = pytest.mark.usefixtures("stack")

PASSWORDS = Passwords(memory_kib=64, passes=1)
LIMITS = Limits(login_failures_free_per_account=2, login_failures_free_per_address=3)
FREE, FREE_OF_CLIENT = 2, 3


def surroundings(clock: Clock | None = None) -> Context:
    """Return a context with small limits."""
    context = a_context(clock=clock)
    return Context(provider=context.provider, cause=context.cause, now=context.now, limits=LIMITS)


def a_client() -> str:
    """Return an address that nobody comes from, which stands for itself."""
    return uuid.uuid4().hex


@pytest.mark.parametrize(
    ("failed", "seconds"),
    [(0, 0), (5, 0), (6, 5), (7, 10), (8, 20), (12, 320), (13, 640), (14, 900), (15, 900), (10_000, 900)],
)
def test_the_delay_doubles_from_the_first_to_the_longest(failed: int, seconds: int) -> None:
    assert delay_seconds(failed, 5, Limits()) == seconds


def fail(context: Context, email: str, client: str | None = None) -> None:
    """Try with a wrong password."""
    begin(context, email, client).was_wrong()


def test_the_delays_are_those_of_the_table_and_tries_within_them_change_nothing() -> None:
    clock, email, waits = Clock(), fresh_email(), []
    context = surroundings(clock)
    for _ in range(FREE):
        fail(context, email)
    for _ in range(4):
        fail(context, email)
        before = counter("account", email)
        with pytest.raises(TooManyAttempts) as refused:
            begin(context, email)
        assert counter("account", email) == before
        waits.append(refused.value.retry_after_seconds)
        clock.advance(refused.value.retry_after_seconds)

    assert waits == [5, 10, 20, 40]
    assert failures("account", email) == FREE + 4


def test_the_time_to_wait_is_never_told_too_short() -> None:
    clock, email = Clock(), fresh_email()
    for _ in range(FREE + 1):
        fail(surroundings(clock), email)
    clock.advance(4.001)

    with pytest.raises(TooManyAttempts) as refused:
        begin(surroundings(clock), email)

    assert refused.value.retry_after_seconds == 1


def test_of_thirty_wrong_tries_at_once_no_more_are_let_through_than_in_a_row() -> None:
    email, client = fresh_email(), a_client()

    results = together(30, lambda _: fail(surroundings(), email, client))

    assert results.count(None) == FREE + 1
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 30 - FREE - 1
    assert failures("account", email) == failures("client", client) == FREE + 1


def test_of_thirty_wrong_tries_at_once_for_as_many_accounts_a_client_gets_its_own_share() -> None:
    client = a_client()

    results = together(30, lambda _: fail(surroundings(), fresh_email(), client))

    assert results.count(None) == FREE_OF_CLIENT + 1
    assert failures("client", client) == FREE_OF_CLIENT + 1


def test_thirty_right_tries_at_once_are_all_let_through() -> None:
    email, client = fresh_email(), a_client()

    results = together(30, lambda _: begin(surroundings(), email, client).was_right())

    assert results == [None] * 30
    stored = counter("account", email)
    assert stored is not None
    assert (stored["failures"], stored["pending"]) == (0, 0)


def test_one_more_try_than_is_free_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_limits, "WAIT_SECONDS_MAX", 0.2)
    email = fresh_email()
    pending = [begin(surroundings(), email) for _ in range(FREE)]

    with pytest.raises(TooBusy):
        begin(surroundings(), email)
    pending[0].was_not_made()

    assert isinstance(begin(surroundings(), email), Try)
    assert failures("account", email) == 0


def test_a_try_whose_process_died_counts_as_a_failure_after_a_while() -> None:
    clock, email = Clock(), fresh_email()
    for _ in range(FREE):
        begin(surroundings(clock), email)
    clock.advance(30)

    begin(surroundings(clock), email)

    assert failures("account", email) == FREE


def test_a_try_whose_process_died_delays_others_no_longer_than_a_wrong_one() -> None:
    clock, email = Clock(), fresh_email()
    for _ in range(FREE):
        fail(surroundings(clock), email)
    begin(surroundings(clock), email)
    clock.advance(31)

    with pytest.raises(TooManyAttempts) as refused:
        begin(surroundings(clock), email)
    clock.advance(refused.value.retry_after_seconds)

    assert isinstance(begin(surroundings(clock), email), Try)


def test_a_login_that_ends_in_an_error_of_ours_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    email = fresh_email()

    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(users, "authenticate", away)
    with pytest.raises(ConnectionError):
        log_in(email, "any")

    stored = counter("account", email)
    assert stored is not None
    assert (stored["failures"], stored["pending"]) == (0, 0)


def test_a_right_password_forgets_the_accounts_failures_but_not_the_clients() -> None:
    email, client = fresh_email(), a_client()
    fail(surroundings(), email, client)
    fail(surroundings(), fresh_email(), client)

    begin(surroundings(), email, client).was_right()

    assert (failures("account", email), failures("client", client)) == (0, 2)


def test_a_right_password_begins_no_delay() -> None:
    email, client = fresh_email(), a_client()
    for _ in range(FREE_OF_CLIENT):
        fail(surroundings(), fresh_email(), client)

    begin(surroundings(), email, client).was_right()
    begin(surroundings(), email, client).was_right()

    assert (failures("account", email), failures("client", client)) == (0, FREE_OF_CLIENT)


def test_a_try_that_was_not_made_is_given_back() -> None:
    email, client = fresh_email(), a_client()
    fail(surroundings(), email, client)

    begin(surroundings(), email, client).was_not_made()

    assert (failures("account", email), failures("client", client)) == (1, 1)


def test_a_delayed_account_costs_the_client_nothing_and_a_delayed_client_the_account() -> None:
    email, client = fresh_email(), a_client()
    for _ in range(FREE + 1):
        fail(surroundings(), email)
    with pytest.raises(TooManyAttempts):
        begin(surroundings(), email, client)
    assert counter("client", client) is None

    other = fresh_email()
    for _ in range(FREE_OF_CLIENT + 1):
        fail(surroundings(), fresh_email(), client)
    with pytest.raises(TooManyAttempts):
        begin(surroundings(), other, client)
    stored = counter("account", other)
    assert stored is not None
    assert (stored["failures"], stored["pending"]) == (0, 0)


def test_failures_are_forgotten_a_day_after_the_last_one() -> None:
    clock, email = Clock(), fresh_email()
    for _ in range(FREE):
        fail(surroundings(clock), email)
        clock.advance(24 * 3600 - 1)
    fail(surroundings(clock), email)
    assert failures("account", email) == FREE + 1

    clock.advance(24 * 3600)
    fail(surroundings(clock), email)

    stored = counter("account", email)
    assert stored is not None
    assert (stored["failures"], "delayed_until" in stored) == (1, False)
    assert stored["forgotten_at"] == clock.now + timedelta(days=1)


def test_an_owner_with_a_new_password_gets_past_what_others_did_at_the_same_address() -> None:
    clock, email, client = Clock(), fresh_email(), a_client()
    for _ in range(FREE_OF_CLIENT + 1):
        fail(surroundings(clock), fresh_email(), client)

    login_limits.let_owner_in(surroundings(clock), email)

    begin(surroundings(clock), email, client).was_right()
    with pytest.raises(TooManyAttempts):
        begin(surroundings(clock), fresh_email(), client)
    clock.advance(2)
    for _ in range(FREE + 1):
        fail(surroundings(clock), email, client)
    with pytest.raises(TooManyAttempts):
        begin(surroundings(clock), email, client)


def test_mongodb_removes_what_is_forgotten() -> None:
    assert {"forgotten_at_1": 0}.items() <= {
        name: index.get("expireAfterSeconds")
        for name, index in login_limits.LoginFailures._get_collection().index_information().items()
    }.items()


def test_an_owner_whose_failures_are_forgotten_is_let_in_at_once() -> None:
    email = fresh_email()
    for _ in range(FREE + 1):
        fail(surroundings(), email)

    login_limits.let_owner_in(surroundings(), email)
    login_limits.let_owner_in(surroundings(), fresh_email())

    assert failures("account", email) == 0
    assert isinstance(begin(surroundings(), email), Try)


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_an_ipv6_network_is_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


def log_in(email: str, password: str, passwords: Any = PASSWORDS) -> Any:
    """Log in from a client of its own."""
    return logins.log_in(surroundings(), passwords, email=email, password=password, client_address=a_client())


def test_a_login_that_finds_no_turn_to_check_the_password_is_not_counted() -> None:
    class Busy:
        def is_right(self, password: str, kept_hash: str | None) -> bool:
            raise TooBusy("busy")

    email = fresh_email()

    with pytest.raises(TooBusy):
        log_in(email, "any", Busy())

    assert failures("account", email) == 0


def test_spellings_of_an_address_count_together_and_a_success_forgets_them() -> None:
    email = fresh_email()
    user = users.register(PASSWORDS, name="A", email=email, password="correct horse", phone_number="1")
    for spelling in (email.upper(), f" {email} "):
        with pytest.raises(InvalidCredentials):
            log_in(spelling, "incorrect horse")
    assert failures("account", email) == 2

    assert log_in(email.title(), "correct horse").id == user.id
    assert failures("account", email) == 0
    assert counter("account", email)["forgotten_at"] == NOW + timedelta(days=1)  # type: ignore[index]
