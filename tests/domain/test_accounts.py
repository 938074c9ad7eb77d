"""What an operator does to accounts: each change once, safe to repeat, and for good."""

import uuid
from typing import Any

import pytest

from gateway.domain import users
from gateway.domain.account_models import User
from gateway.domain.errors import AccountNotFound, EmailTaken, InvalidInput
from gateway.domain.passwords import Passwords
from tests.support.domain import raw
from tests.support.guessing import fresh_email
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

PASSWORDS = Passwords(memory_kib=64, passes=1)
PASSWORD = "correct horse battery"


def an_account(role: str = "customer", **fields: Any) -> User:
    """Return a stored account."""
    user = users.register(
        PASSWORDS, name="Asha", email=fresh_email(), password=PASSWORD, phone_number="1", role=role
    )
    for name, value in fields.items():
        User.objects(id=user.id).update_one(**{f"set__{name}": value})
    return User.objects.get(id=user.id)


def a_school() -> str:
    """Return the id of a school that nobody has."""
    return str(uuid.uuid4())


def test_an_administrator_is_created_once() -> None:
    email = fresh_email()

    created = users.create_admin(
        PASSWORDS, name="Root", email=email.upper(), password=PASSWORD, phone_number="1"
    )

    stored = User.objects.get(email=email)
    assert (stored.id, stored.role) == (created.id, "admin")
    assert users.authenticate(PASSWORDS, email=email, password=PASSWORD).id == created.id


def test_a_customer_does_not_become_an_administrator_by_it() -> None:
    user = an_account()
    before = raw(user)

    with pytest.raises(EmailTaken):
        users.create_admin(PASSWORDS, name="Root", email=user.email, password="other words", phone_number="1")

    assert raw(user) == before


def test_an_administrators_password_is_held_to_the_rules() -> None:
    email = fresh_email()

    with pytest.raises(InvalidInput) as refused:
        users.create_admin(PASSWORDS, name="Root", email=email, password="Password1", phone_number="1")

    assert list(refused.value.details) == ["password"]
    assert User.objects(email=email).count() == 0


def test_a_longer_minimum_is_kept_too() -> None:
    strict = Passwords(memory_kib=64, passes=1, chars_min=20)

    with pytest.raises(InvalidInput) as refused:
        strict.check_rules("nineteen characters", email="a@b.c", name="A")

    assert refused.value.details == {"password": "must have 20 to 128 characters"}
    strict.check_rules("twenty characters it", email="a@b.c", name="A")


def test_a_grant_makes_a_customer_staff_and_a_second_one_changes_nothing() -> None:
    user, school = an_account(), a_school()

    users.grant_school(user.email.upper(), school.upper())
    once = raw(user)
    again = users.grant_school(user.email, school)

    assert (once["role"], once["school_ids"], once["version"]) == ("school_staff", [school], 2)
    assert (again.role, again.school_ids) == ("school_staff", [school])
    assert raw(user) == once


def test_of_ten_grants_at_once_none_is_lost() -> None:
    user, schools = an_account(), [a_school() for _ in range(10)]

    together(10, lambda number: users.grant_school(user.email, schools[number]))

    assert sorted(User.objects.get(id=user.id).school_ids) == sorted(schools)


def test_who_has_no_school_left_is_a_customer_again() -> None:
    first, last = a_school(), a_school()
    user = an_account("school_staff", school_ids=[first, last])

    users.revoke_school(user.email, first)
    between = User.objects.get(id=user.id)
    users.revoke_school(user.email, last)
    after = raw(user)
    users.revoke_school(user.email, last)

    assert (between.role, between.school_ids) == ("school_staff", [last])
    assert (after["role"], after.get("school_ids", [])) == ("customer", [])
    assert raw(user) == after


def test_an_administrator_stays_one() -> None:
    admin = an_account("admin")
    before = raw(admin)

    with pytest.raises(InvalidInput):
        users.grant_school(admin.email, a_school())
    users.revoke_school(admin.email, a_school())

    assert raw(admin) == before


@pytest.mark.parametrize("school_id", ["", "1", "not-a-uuid", "{$ne: null}"])
def test_a_school_is_named_by_a_uuid(school_id: str) -> None:
    user = an_account()
    before = raw(user)

    for change in (users.grant_school, users.revoke_school):
        with pytest.raises(InvalidInput):
            change(user.email, school_id)

    assert raw(user) == before


def test_disabling_closes_the_account_and_ends_its_sessions_once() -> None:
    user = an_account(kept_session_id="session of before")

    disabled = users.disable(user.email)
    once = raw(user)
    users.disable(user.email)

    assert disabled.disabled_at is not None
    assert (once["session_epoch"], "kept_session_id" in once) == (1, False)
    assert raw(user) == once


def test_enabling_opens_it_and_does_not_bring_sessions_back() -> None:
    user = an_account()
    users.disable(user.email)

    users.enable(user.email)
    once = raw(user)
    users.enable(user.email)

    assert ("disabled_at" in once, once["session_epoch"]) == (False, 1)
    assert raw(user) == once


def test_a_change_that_somebody_else_overtakes_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    user, school = an_account(), a_school()
    before_saving(monkeypatch, User, lambda: users.disable(user.email))

    users.grant_school(user.email, school)

    stored = User.objects.get(id=user.id)
    assert stored.disabled_at is not None
    assert stored.school_ids == [school]


def test_an_account_of_the_first_release_has_no_version_and_is_changed_once() -> None:
    user = an_account()
    User._get_collection().update_one({"_id": user.id}, {"$unset": {"version": ""}})

    together(5, lambda _: users.grant_school(user.email, a_school()))

    stored = User.objects.get(id=user.id)
    assert (stored.version, len(stored.school_ids)) == (6, 5)


@pytest.mark.parametrize(
    "change",
    [
        users.disable,
        users.enable,
        lambda email: users.grant_school(email, a_school()),
        lambda email: users.revoke_school(email, a_school()),
    ],
)
def test_an_unknown_address_is_said_to_be_one(change: Any) -> None:
    email = fresh_email()

    with pytest.raises(AccountNotFound) as unknown:
        change(email)

    assert unknown.value.details == {"email": "is not registered"}
    assert User.objects(email=email).count() == 0


def test_accounts_are_listed_by_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "ACCOUNTS_PER_READ", 2)
    mine = sorted(an_account().email for _ in range(5))

    listed = [user.email for user in users.list_accounts()]

    assert listed == sorted(listed)
    assert [email for email in listed if email in mine] == mine
    assert len(listed) == User.objects.count()
