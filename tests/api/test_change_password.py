"""Changing a password that one knows: who stays logged in, and what is refused."""

import unicodedata
from typing import Any

import pytest

from gateway.domain.account_models import User
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person, log_in
from tests.support.guessing import FREE, WRONG, end_delay, failures, guess
from tests.support.mails import mailed_token
from tests.support.shapes import refused
from tests.support.steps import at_once

CHANGE, FORGOT, RESET = "/api/user/password", "/api/user/password/forgot", "/api/user/password/reset"
REFRESH, ME, LOGOUT = "/api/user/refresh", "/api/user/me", "/api/user/logout"
NEW = "staple battery horse correct"


def change(api: Api, new: Any = NEW, current: Any = PASSWORD) -> Any:
    """Change the password."""
    return api.post(CHANGE, {"currentPassword": current, "newPassword": new})


def refresh(person: Person) -> Any:
    """Use the person's refresh token."""
    return Api(person.api.base_url, person.refresh_token).post(REFRESH)


def stored(person: Person) -> dict[str, Any]:
    """Return the account as it is stored."""
    return dict(User._get_collection().find_one({"_id": person.user_id}))


def test_a_changed_password_is_the_only_one_that_logs_in(anonymous: Api, customer: Person) -> None:
    answer = change(customer.api)

    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Password changed. Every other session has been logged out.",
    }
    refused(guess(anonymous, customer.email, PASSWORD), 401, "INVALID_CREDENTIALS")
    assert guess(anonymous, customer.email, NEW).status_code == 200


def test_changing_ends_every_other_session_and_keeps_this_one_through_its_refresh(customer: Person) -> None:
    other = log_in(customer.api.base_url, customer.email, PASSWORD)

    assert change(customer.api).status_code == 200

    refused(other.api.get(ME), 401, "UNAUTHORIZED")
    refused(refresh(other), 401, "UNAUTHORIZED")
    assert customer.api.get(ME).status_code == 200
    pair = refresh(customer)
    assert pair.status_code == 200
    assert Api(customer.api.base_url, pair.json()["token"]).get(ME).status_code == 200
    assert Api(customer.api.base_url, pair.json()["refreshToken"]).post(REFRESH).status_code == 200


def test_a_session_that_was_kept_once_is_ended_by_the_next_change_elsewhere(customer: Person) -> None:
    assert change(customer.api).status_code == 200
    other = log_in(customer.api.base_url, customer.email, NEW)

    assert change(other.api, "another four words here", NEW).status_code == 200

    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(refresh(customer), 401, "UNAUTHORIZED")
    assert other.api.get(ME).status_code == 200
    assert refresh(other).status_code == 200


def test_a_kept_session_can_still_be_logged_out(customer: Person) -> None:
    change(customer.api)

    assert customer.api.post(LOGOUT).status_code == 200

    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(refresh(customer), 401, "UNAUTHORIZED")


def test_a_wrong_present_password_is_refused_and_counted_like_one_at_login(
    anonymous: Api, customer: Person
) -> None:
    before = stored(customer)

    answers = [change(customer.api, current=WRONG) for _ in range(FREE + 2)]

    assert [answer.status_code for answer in answers] == [401] * (FREE + 1) + [429]
    refused(answers[0], 401, "INVALID_CREDENTIALS")
    refused(answers[-1], 429, "TOO_MANY_ATTEMPTS")
    assert int(answers[-1].headers["Retry-After"]) <= 5
    assert failures("account", customer.email) == FREE + 1
    refused(guess(anonymous, customer.email, PASSWORD), 429, "TOO_MANY_ATTEMPTS")
    refused(change(customer.api), 429, "TOO_MANY_ATTEMPTS")
    assert stored(customer) == before
    assert customer.api.get(ME).status_code == 200
    end_delay("account", customer.email)
    assert change(customer.api).status_code == 200
    assert failures("account", customer.email) == 0


def test_of_five_changes_at_once_one_is_made(customer: Person) -> None:
    def attempt(api: Api, number: int) -> int:
        return int(change(api, f"{NEW} {number}").status_code)

    statuses = at_once(customer.api, 5, attempt)

    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 503}
    winner = f"{NEW} {statuses.index(200)}"
    assert guess(Api(customer.api.base_url), customer.email, winner).status_code == 200
    assert stored(customer)["session_epoch"] == 1


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (PASSWORD, "must differ from the present one"),
        ("1234567", "must have 8 to 128 characters"),
        ("x" * 129, "must have 8 to 128 characters"),
        (
            "Password1",
            "is one of the most common passwords; take several words that do not belong together",
        ),
        (
            "ASHA RAO",
            "must not be your name or e-mail address; take several words that do not belong together",
        ),
    ],
)
def test_a_password_that_is_the_same_or_easily_guessed_changes_nothing(
    customer: Person, new: str, problem: str
) -> None:
    before = stored(customer)

    details = refused(change(customer.api, new), 400, "VALIDATION_ERROR")

    assert details == {"newPassword": problem}
    assert stored(customer) == before


def test_the_same_password_written_with_other_code_points_is_the_same(customer: Person) -> None:
    composed = "पासवर्ड für José" + unicodedata.normalize("NFC", "é")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert change(customer.api, composed).status_code == 200

    details = refused(change(customer.api, decomposed, composed), 400, "VALIDATION_ERROR")

    assert list(details) == ["newPassword"]


@pytest.mark.parametrize("value", [{"$ne": None}, ["a"], 1, None, True])
@pytest.mark.parametrize("field", ["currentPassword", "newPassword"])
def test_operators_are_no_passwords(customer: Person, field: str, value: object) -> None:
    before = stored(customer)
    body = {"currentPassword": PASSWORD, "newPassword": NEW} | {field: value}

    assert list(refused(customer.api.post(CHANGE, body), 400, "VALIDATION_ERROR")) == [field]

    assert stored(customer) == before


def test_nobody_changes_a_password_without_a_session(anonymous: Api, customer: Person) -> None:
    before = stored(customer)

    refused(change(anonymous), 401, "UNAUTHORIZED")
    refused(change(Api(anonymous.base_url, customer.refresh_token)), 401, "UNAUTHORIZED")

    assert stored(customer) == before


def test_a_link_that_was_mailed_before_ends_with_the_change(
    stack: Stack, anonymous: Api, customer: Person
) -> None:
    anonymous.post(FORGOT, {"email": customer.email})
    token = mailed_token(stack.directory, customer.email)
    assert change(customer.api).status_code == 200
    before = stored(customer)

    answer = anonymous.post(RESET, {"token": token, "newPassword": "somebody else's words"})

    refused(answer, 400, "INVALID_TOKEN")
    assert stored(customer) == before


def test_an_account_of_the_first_release_can_change_its_password(customer: Person) -> None:
    first = {"version": "", "session_epoch": ""}
    User._get_collection().update_one({"_id": customer.user_id}, {"$unset": first})

    assert change(customer.api).status_code == 200

    assert (stored(customer)["version"], stored(customer)["session_epoch"]) == (2, 1)
    assert customer.api.get(ME).status_code == 200
