"""The page behind the link of a password mail: it changes the password, once, and logs nobody in."""

import re
from datetime import timedelta
from typing import Any

import pytest
import requests

from gateway.domain.account_models import PasswordReset, User
from gateway.domain.context import utc_now
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, Person
from tests.support.mails import mailed_token, mails_to
from tests.support.pages import Browser
from tests.support.steps import at_once
from tests.support.waiting import wait_until

NEW = "staple battery horse correct"
CHANGE = "Change the password"
ENDED = "This link does not work any more"
ME = "/api/user/me"


@pytest.fixture
def token(stack: Stack, anonymous: Api, customer: Person) -> str:
    """The token of a link that was mailed to the customer."""
    anonymous.post("/api/user/password/forgot", {"email": customer.email})
    return mailed_token(stack.directory, customer.email)


@pytest.fixture
def link(stack: Stack, customer: Person, token: str) -> str:
    """The link itself, as it stands in the mail."""
    (mail,) = mails_to(stack.directory, customer.email)
    (link,) = re.findall(r"http\S+token=\S+", mail.get_content())
    assert link == f"{stack.api_url}/password/reset?token={token}"
    return str(link)


def _stored(person: Person) -> dict[str, Any]:
    return dict(User._get_collection().find_one({"_id": person.user_id}))


def _typed(new: str, repeated: str | None = None) -> dict[str, str]:
    return {"new_password": new, "repeated": new if repeated is None else repeated}


def _login(person: Person, password: str) -> int:
    answer = Api(person.api.base_url).post("/api/user/login", {"email": person.email, "password": password})
    return answer.status_code


def test_the_link_leads_to_a_new_password_and_to_no_session(
    browser: Browser, customer: Person, link: str, token: str
) -> None:
    page = browser.open(link)
    done = browser.press(CHANGE, _typed(NEW))

    assert (page.status, page.heading) == (200, "Choose a new password")
    assert (done.status, done.heading, done.forms) == (200, "Your password is changed", [])
    assert "Everybody who was logged in to your account, on this device too, has been logged out" in done.text
    assert [_login(customer, password) for password in (NEW, PASSWORD)] == [200, 401]
    assert customer.api.get(ME).status_code == 401
    assert browser.http.get(f"{customer.api.base_url}{ME}", timeout=30).status_code == 401
    assert not {"Set-Cookie", "Authorization"} & set(done.answer.headers)
    assert "eyJ" not in done.answer.text
    assert token not in done.url


def test_the_form_can_be_filled_in_by_anybody_and_by_password_managers(
    browser: Browser, link: str, token: str
) -> None:
    page = browser.open(link)

    (form,) = page.forms
    assert (form.method, form.action) == ("post", "/password/reset")
    assert form.fields == {"token": token, "new_password": "", "repeated": ""}
    assert page.labels == {"new_password": "New password", "repeated": "The same again"}
    for name in page.labels:
        assert page.inputs[name]["type"] == "password"
        assert page.inputs[name]["autocomplete"] == "new-password"
        assert "maxlength" not in page.inputs[name]
    assert page.inputs["new_password"]["aria-describedby"] == "hint"
    assert "At least 8 characters." in page.text


@pytest.mark.parametrize(
    ("new", "repeated", "says", "wrong"),
    [
        ("", "", "Please type a new password.", "new_password"),
        ("short", None, "The password must have 8 to 128 characters.", "new_password"),
        ("x" * 129, None, "The password must have 8 to 128 characters.", "new_password"),
        ("password123", None, "The password is one of the most common passwords;", "new_password"),
        (" " * 10, None, "The password must not be blank.", "new_password"),
        (NEW, f"{NEW}r", "The two passwords are not the same.", "repeated"),
        (NEW, "", "The two passwords are not the same.", "repeated"),
    ],
)
def test_what_is_wrong_is_said_and_the_link_is_as_good_as_before(
    browser: Browser, customer: Person, link: str, new: str, repeated: str | None, says: str, wrong: str
) -> None:
    before = _stored(customer)

    browser.open(link)
    page = browser.press(CHANGE, _typed(new, repeated))

    assert (page.status, page.title.split(" – ")[0]) == (400, "Error: Choose a new password")
    assert says in page.text
    assert [name for name, given in page.inputs.items() if "aria-invalid" in given] == [wrong]
    assert "problem" in str(page.inputs[wrong]["aria-describedby"])
    assert (page.forms[0].fields["new_password"], page.forms[0].fields["repeated"]) == ("", "")
    assert _stored(customer) == before
    assert browser.press(CHANGE, _typed(NEW)).heading == "Your password is changed"


def test_ones_own_address_is_no_password(browser: Browser, customer: Person, link: str) -> None:
    browser.open(link)

    assert "must not be your name or e-mail address" in browser.press(CHANGE, _typed(customer.email)).text
    assert _login(customer, PASSWORD) == 200


def test_opening_the_link_uses_nothing_up(browser: Browser, customer: Person, link: str) -> None:
    before = _stored(customer)

    pages = [browser.open(link) for _ in range(3)]
    requests.head(link, timeout=30)

    assert [page.status for page in pages] == [200] * 3
    assert _stored(customer) == before


def test_a_link_works_once(browser: Browser, customer: Person, link: str) -> None:
    browser.open(link)
    form = browser.page.forms[0]
    browser.press(CHANGE, _typed(NEW))
    after = _stored(customer)

    opened = browser.open(link)
    posted = Api(customer.api.base_url).post(form.action, data=form.fields | _typed("another horse battery"))

    assert (opened.status, opened.heading, opened.forms) == (400, ENDED, [])
    assert posted.status_code == 400
    assert ENDED in posted.text
    assert _stored(customer) == after


def test_of_two_who_use_it_at_once_one_wins(customer: Person, token: str) -> None:
    def change(api: Api, number: int) -> int:
        data = {"token": token, **_typed(f"{NEW} {number}")}
        return api.post("/password/reset", data=data).status_code

    statuses = at_once(customer.api, 4, change)

    assert sorted(statuses) == [200, 400, 400, 400]
    assert _login(customer, f"{NEW} {statuses.index(200)}") == 200


def test_an_expired_link_does_not_ask_for_a_password(browser: Browser, customer: Person, link: str) -> None:
    browser.open(link)
    PasswordReset._get_collection().update_many(
        {"email": customer.email},
        {"$set": {"links.$[].expires_at": utc_now() - timedelta(seconds=1)}, "$inc": {"version": 1}},
    )
    before = _stored(customer)

    posted = browser.press(CHANGE, _typed(NEW))
    opened = browser.open(link)

    assert [(page.status, page.heading, page.forms) for page in (posted, opened)] == [(400, ENDED, [])] * 2
    assert _stored(customer) == before


def test_a_token_is_text_and_never_html(browser: Browser, stack: Stack) -> None:
    page = browser.open(f"{stack.api_url}/password/reset?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    assert (page.status, page.heading) == (400, ENDED)
    assert "script" not in page.tags


def test_neither_password_nor_token_is_logged(
    browser: Browser, stack: Stack, link: str, token: str, customer: Person
) -> None:
    browser.open(link)
    browser.press(CHANGE, _typed("short"))
    browser.press(CHANGE, _typed(NEW))
    mark = f"after-{customer.user_id}"
    browser.http.get(f"{stack.api_url}/healthz", headers={"X-Request-ID": mark}, timeout=30)

    logs = stack.directory / "logs"
    wait_until(lambda: mark in (logs / "web.log").read_text(errors="replace"), "the last line of the log")
    written = "".join(path.read_text(errors="replace") for path in logs.iterdir())
    assert "/password/reset" in written
    assert [secret for secret in (token, NEW) if secret in written] == []
