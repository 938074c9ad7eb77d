"""Forgotten passwords: the mail, its link, and what a link is good for."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
import requests

from gateway.domain.account_models import PasswordReset, User
from gateway.domain.context import utc_now
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person, log_in
from tests.support.guessing import fresh_email, guess
from tests.support.mails import mailed_token, mails_to, token_in
from tests.support.shapes import refused
from tests.support.steps import at_once
from tests.support.waiting import wait_until

FORGOT, RESET = "/api/user/password/forgot", "/api/user/password/reset"
REFRESH, ME = "/api/user/refresh", "/api/user/me"
NEW = "staple battery horse correct"
MAILS_MAX = 5


def forgot(api: Api, email: Any) -> requests.Response:
    """Ask for a mail."""
    return api.post(FORGOT, {"email": email})


def reset(api: Api, token: Any, new: Any = NEW) -> requests.Response:
    """Set a new password by a link."""
    return api.post(RESET, {"token": token, "newPassword": new})


def requested(email: str) -> list[PasswordReset]:
    """Return the requests for an address, the oldest first."""
    return list(PasswordReset.objects(email=email).order_by("requested_at", "id"))


def done(email: str, count: int) -> list[str]:
    """Wait until so many requests were worked off, and return what became of them."""

    def outcomes() -> list[str] | None:
        found = [each.outcome for each in requested(email)]
        return found if len(found) == count and all(found) else None

    return wait_until(outcomes, f"{count} requests of {email}")


def stored(person: Person) -> dict[str, Any]:
    """Return the account as it is stored."""
    return dict(User._get_collection().find_one({"_id": person.user_id}))


@pytest.fixture
def token(stack: Stack, anonymous: Api, customer: Person) -> str:
    """The token of a link that was mailed to the customer."""
    forgot(anonymous, customer.email)
    return mailed_token(stack.directory, customer.email)


def test_the_mail_says_all_that_one_needs(stack: Stack, anonymous: Api, customer: Person) -> None:
    asked_at = utc_now()
    forgot(anonymous, customer.email.upper())
    token = mailed_token(stack.directory, customer.email)

    (mail,) = mails_to(stack.directory, customer.email)
    assert mail["From"] == "Example School Payments <accounts@example.com>"
    assert mail["Subject"] == "Example School Payments Pvt. Ltd.: your new password"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert f"{stack.api_url}/password/reset?token={token}" in text.splitlines()
    assert customer.email in text
    assert "Asha" not in text
    (wanted,) = requested(customer.email)
    ends_at = wanted.links[0].expires_at
    assert timedelta(0) <= ends_at - asked_at - timedelta(seconds=3600) < timedelta(seconds=20)
    assert f"works once, until {ends_at.day} {ends_at:%B %Y, %H:%M} UTC" in text
    assert "If you did not ask for it, you need not do anything" in text


def test_only_the_digest_of_the_token_is_stored_and_nothing_of_it_is_logged(
    stack: Stack, customer: Person, token: str
) -> None:
    assert len(token) == 43
    (wanted,) = requested(customer.email)

    # The mail is there a moment before the worker has written that it is.
    row = wait_until(
        lambda: PasswordReset._get_collection().find_one({"_id": wanted.id, "work": {"$exists": False}}),
        "the end of the mailing",
    )
    assert [link["sha256"] for link in row["links"]] == [hashlib.sha256(token.encode()).hexdigest()]
    assert token not in str(row)
    logs = "".join(path.read_text(errors="replace") for path in (stack.directory / "logs").glob("*.log"))
    assert wanted.id in logs
    assert token not in logs


def test_a_link_sets_the_password_ends_every_session_and_opens_a_new_one(
    anonymous: Api, customer: Person, token: str
) -> None:
    answer = reset(anonymous, token)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["message"], body["userName"]) == ("Password changed", "Asha Rao")
    assert body["data"]["token"] == body["token"]
    assert body["data"]["user"]["id"] == customer.user_id
    refused(customer.api.get(ME), 401, "UNAUTHORIZED")
    refused(Api(anonymous.base_url, customer.refresh_token).post(REFRESH), 401, "UNAUTHORIZED")
    assert Api(anonymous.base_url, body["token"]).get(ME).status_code == 200
    assert Api(anonymous.base_url, body["refreshToken"]).post(REFRESH).status_code == 200
    refused(guess(anonymous, customer.email, PASSWORD), 401, "INVALID_CREDENTIALS")
    assert guess(anonymous, customer.email, NEW).status_code == 200


def test_a_link_works_once(anonymous: Api, customer: Person, token: str) -> None:
    first = reset(anonymous, token)
    before = stored(customer)

    second = reset(anonymous, token, "another four words here")

    assert first.status_code == 200
    assert list(refused(second, 400, "INVALID_TOKEN")) == ["token"]
    assert stored(customer) == before
    assert Api(anonymous.base_url, first.json()["token"]).get(ME).status_code == 200


def test_of_ten_who_use_a_link_at_once_one_succeeds(anonymous: Api, customer: Person, token: str) -> None:
    answers = at_once(anonymous, 10, lambda api, number: reset(api, token, f"{NEW} {number}"))

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200] + [400] * 9
    winner = f"{NEW} {statuses.index(200)}"
    assert stored(customer)["session_epoch"] == 1
    assert log_in(anonymous.base_url, customer.email, winner).user_id == customer.user_id


def test_an_expired_link_changes_nothing(anonymous: Api, customer: Person, token: str) -> None:
    (wanted,) = requested(customer.email)
    PasswordReset._get_collection().update_one(
        {"_id": wanted.id}, {"$set": {"links.0.expires_at": utc_now() - timedelta(milliseconds=1)}}
    )
    before = stored(customer)

    refused(reset(anonymous, token), 400, "INVALID_TOKEN")

    assert stored(customer) == before


@pytest.mark.parametrize(
    "tamper",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.swapcase(),
        lambda token: f"{token} ",
        lambda token: token[:-1],
        lambda token: hashlib.sha256(token.encode()).hexdigest(),
        lambda _: "",
        lambda _: "पासवर्ड",
        lambda _: "\x00",
    ],
    ids=["last letter", "case", "blank", "cut", "its digest", "empty", "letters", "control character"],
)
def test_a_tampered_token_changes_nothing(anonymous: Api, customer: Person, token: str, tamper: Any) -> None:
    before = stored(customer)

    refused(reset(anonymous, tamper(token)), 400, "INVALID_TOKEN")

    assert stored(customer) == before
    assert reset(anonymous, token).status_code == 200


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["a"], 1, None, True])
@pytest.mark.parametrize("field", ["token", "newPassword"])
def test_operators_are_no_tokens(
    anonymous: Api, customer: Person, token: str, field: str, value: object
) -> None:
    before = stored(customer)

    answer = anonymous.post(RESET, {"token": token, "newPassword": NEW} | {field: value})

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == [field]
    assert stored(customer) == before


def test_a_password_that_is_easily_guessed_does_not_use_the_link_up(
    anonymous: Api, customer: Person, token: str
) -> None:
    before = stored(customer)

    for new in ("short", "iloveyou", customer.email.upper(), customer.email.partition("@")[0]):
        assert list(refused(reset(anonymous, token, new), 400, "VALIDATION_ERROR")) == ["newPassword"]

    assert stored(customer) == before
    assert reset(anonymous, token).status_code == 200


def test_using_one_of_two_links_ends_the_other(stack: Stack, anonymous: Api, customer: Person) -> None:
    first, second = (_next_token(stack, anonymous, customer, number) for number in (1, 2))
    assert first != second

    assert reset(anonymous, first).status_code == 200

    before = stored(customer)
    refused(reset(anonymous, second, "another four words here"), 400, "INVALID_TOKEN")
    assert stored(customer) == before


def _next_token(stack: Stack, anonymous: Api, customer: Person, number: int) -> str:
    forgot(anonymous, customer.email)
    return mailed_token(stack.directory, customer.email, number)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    stack: Stack, anonymous: Api, customer: Person
) -> None:
    unknown = fresh_email()

    known_answer, unknown_answer = forgot(anonymous, customer.email), forgot(anonymous, unknown)

    assert known_answer.status_code == unknown_answer.status_code == 202
    assert known_answer.content == unknown_answer.content
    own = ("X-Request-ID", "Date")
    headers = [
        {name: value for name, value in answer.headers.items() if name not in own}
        for answer in (known_answer, unknown_answer)
    ]
    assert headers[0] == headers[1]
    assert (done(customer.email, 1), done(unknown, 1)) == (["sent"], ["no_account"])
    assert len(mails_to(stack.directory, customer.email)) == 1
    assert mails_to(stack.directory, unknown) == []
    (wanted,) = requested(unknown)
    assert (list(wanted.links), wanted.user_id) == ([], None)


def test_an_account_gets_a_few_mails_an_hour_and_all_their_links_work(
    stack: Stack, anonymous: Api, customer: Person
) -> None:
    statuses = at_once(anonymous, MAILS_MAX + 4, lambda api, _: forgot(api, customer.email).status_code)

    assert statuses == [202] * (MAILS_MAX + 4)
    assert sorted(done(customer.email, MAILS_MAX + 4)) == ["sent"] * MAILS_MAX + ["too_many"] * 4
    mails = mails_to(stack.directory, customer.email)
    assert len({token_in(mail) for mail in mails}) == MAILS_MAX
    assert reset(anonymous, token_in(mails[0])).status_code == 200


def test_an_hour_later_there_is_a_mail_again(stack: Stack, anonymous: Api, customer: Person) -> None:
    for _ in range(MAILS_MAX + 1):
        forgot(anonymous, customer.email)
    done(customer.email, MAILS_MAX + 1)
    for wanted in requested(customer.email):
        PasswordReset._get_collection().update_one(
            {"_id": wanted.id}, {"$set": {"requested_at": wanted.requested_at - timedelta(hours=1)}}
        )

    forgot(anonymous, customer.email)

    assert done(customer.email, MAILS_MAX + 2)[-1] == "sent"
    assert len(mails_to(stack.directory, customer.email)) == MAILS_MAX + 1


@pytest.mark.parametrize(
    "email", ["", "not-an-email", "a@b", "a b@example.com", "a@example.com\r\nBcc: b@c.d"]
)
def test_what_is_no_address_is_refused_and_nothing_is_recorded(anonymous: Api, email: str) -> None:
    before = PasswordReset.objects(email=email).count()

    assert list(refused(forgot(anonymous, email), 400, "VALIDATION_ERROR")) == ["email"]

    assert PasswordReset.objects(email=email).count() == before == 0


@pytest.mark.parametrize("value", [{"$ne": None}, ["a@example.com"], 1, None, True])
def test_operators_are_no_addresses(anonymous: Api, value: object) -> None:
    assert list(refused(forgot(anonymous, value), 400, "VALIDATION_ERROR")) == ["email"]


def test_the_link_leads_to_the_settings_address_whatever_the_host_header_says(
    stack: Stack, anonymous: Api, customer: Person
) -> None:
    anonymous.post(FORGOT, {"email": customer.email}, headers={"Host": "evil.example"})

    mailed_token(stack.directory, customer.email)

    (mail,) = mails_to(stack.directory, customer.email)
    assert "evil.example" not in mail.as_string()
    assert f"{stack.api_url}/password/reset?token=" in mail.get_content()


def test_a_mail_is_written_for_its_owner_only(stack: Stack, token: str) -> None:
    files = list((stack.directory / "mail").glob("*.eml"))

    assert any(token in file.read_text() for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (stack.directory / "mail").stat().st_mode & 0o777 == 0o700
