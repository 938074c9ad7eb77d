"""`flask users`: the first administrator, and what an operator does to accounts."""

import uuid

import pytest

from gateway.domain.account_models import User
from tests.cli.conftest import Flask
from tests.conftest import Stack
from tests.support.client import Api, log_in, register
from tests.support.domain import raw

PASSWORD = "staple battery horse"
SCHOOL_ID = str(uuid.uuid4())


def an_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


def test_an_administrator_is_made_and_can_log_in(stack: Stack, flask: Flask) -> None:
    email = an_email()

    made = flask(
        *("users", "create-admin", email.upper(), "--name", "Asha Admin"),
        *("--phone", "+919000000001", "--password", PASSWORD),
    )

    assert (made.code, made.errors) == (0, "")
    user = User.objects.get(email=email)
    assert made.output == f"id: {user.id}\nemail: {email}\nrole: admin\nstate: open\nschools: -\n"
    assert (user.name, user.phone_number, user.role) == ("Asha Admin", "+919000000001", "admin")
    assert log_in(stack.api_url, email, PASSWORD).user_id == user.id


def test_the_password_is_asked_for_twice_and_not_shown(stack: Stack, flask: Flask) -> None:
    email = an_email()

    differing = flask("users", "create-admin", email, typed=f"{PASSWORD}\nanother\n")
    unanswered = User.objects(email=email).count()
    made = flask("users", "create-admin", email, typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert (differing.code, unanswered) == (1, 0)
    assert made.code == 0, made.errors
    assert PASSWORD not in made.output + made.errors
    assert User.objects.get(email=email).name == "Administrator"
    assert log_in(stack.api_url, email, PASSWORD).email == email


def test_an_address_that_is_taken_is_refused_and_its_account_stays_as_it_is(
    stack: Stack, flask: Flask
) -> None:
    person = register(stack.api_url)
    user = User.objects.get(id=person.user_id)
    before = raw(user)

    ended = flask("users", "create-admin", person.email, "--password", PASSWORD)

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == (
        "Error: An account with this e-mail already exists. email: is already registered.\n"
    )
    assert raw(user) == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("not-an-address", "--phone", "none", "--password", PASSWORD),
            "email: Not a valid email address. phoneNumber: must be a phone number",
        ),
        (("a@example.com", "--password", "short"), "password: must have"),
    ],
)
def test_an_administrator_keeps_to_the_rules_of_registering(
    flask: Flask, words: tuple[str, ...], error: str
) -> None:
    before = User.objects.count()

    ended = flask("users", "create-admin", *words)

    assert (ended.code, ended.output) == (2, "")
    assert error in ended.error
    assert User.objects.count() == before


def test_a_school_is_granted_and_taken_away(stack: Stack, flask: Flask) -> None:
    person = register(stack.api_url)

    granted = flask("users", "grant-school", person.email.upper(), SCHOOL_ID.upper())

    facts = {"id": person.user_id, "email": person.email, "state": "open"}
    assert granted.facts == facts | {"role": "school_staff", "schools": SCHOOL_ID}
    assert list(User.objects.get(id=person.user_id).school_ids) == [SCHOOL_ID]
    staff = person.api.get(f"/api/v1/payments/schools/{SCHOOL_ID}/payments")
    assert (staff.status_code, staff.json()["data"]["payments"]) == (200, [])

    revoked = flask("users", "revoke-school", person.email, SCHOOL_ID)

    assert revoked.facts == facts | {"role": "customer", "schools": "-"}
    assert list(User.objects.get(id=person.user_id).school_ids) == []


def test_an_account_is_disabled_and_enabled(stack: Stack, flask: Flask) -> None:
    person = register(stack.api_url)
    credentials = {"email": person.email, "password": "correct horse battery"}

    disabled = flask("users", "disable", person.email)

    assert disabled.facts["state"] == "disabled"
    assert Api(stack.api_url).post("/api/user/login", credentials).status_code == 401
    listed = {each["email"]: each for each in flask("users", "list", "--json").json}
    assert listed[person.email]["state"] == "disabled"
    assert listed[person.email]["disabledAt"].endswith("Z")

    enabled = flask("users", "enable", person.email)

    assert enabled.facts["state"] == "open"
    assert Api(stack.api_url).post("/api/user/login", credentials).status_code == 200


def test_accounts_are_listed_by_address_and_role(stack: Stack, flask: Flask) -> None:
    person = register(stack.api_url)

    everybody, admins = flask("users", "list", "--json").json, flask("users", "list", "--role", "admin")

    emails = [each["email"] for each in everybody]
    assert emails == sorted(emails)
    assert next(each for each in everybody if each["email"] == person.email) == {
        "id": person.user_id,
        "email": person.email,
        "name": "Asha Rao",
        "phoneNumber": "+919000000001",
        "role": "customer",
        "state": "open",
        "schoolIds": [],
        "createdAt": next(each["createdAt"] for each in everybody if each["email"] == person.email),
        "disabledAt": None,
    }
    header, *rows = admins.output.splitlines()
    assert header.split() == ["EMAIL", "NAME", "ROLE", "STATE", "CREATED", "SCHOOLS"]
    assert {row[header.index("ROLE") :].split()[0] for row in rows} == {"admin"}
    assert "password" not in admins.output
    assert "argon2" not in str(everybody)


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("grant-school", "nobody@example.com", SCHOOL_ID), 1, "There is no account with this e-mail"),
        (("grant-school", "admin@example.com", SCHOOL_ID), 2, "An administrator sees all schools."),
        (("grant-school", "staff@example.com", "school-1"), 2, "'school-1' is not a UUID."),
    ],
)
def test_a_command_that_is_refused_changes_no_account(
    flask: Flask, words: tuple[str, ...], code: int, error: str
) -> None:
    before = list(User._get_collection().find().sort("_id"))

    ended = flask("users", *words)

    assert (ended.code, ended.output) == (code, "")
    assert error in ended.errors
    assert "Traceback" not in ended.errors
    assert list(User._get_collection().find().sort("_id")) == before
