"""Accounts and sessions where requests race."""

import uuid
from datetime import timedelta

import pytest

from gateway.domain import sessions, users
from gateway.domain.account_models import RevokedToken, User
from gateway.domain.context import utc_now
from gateway.domain.errors import EmailTaken, InvalidCredentials
from gateway.domain.ids import new_id
from gateway.domain.passwords import Passwords
from tests.support.racing import together

pytestmark = pytest.mark.usefixtures("stack")

PASSWORDS = Passwords(memory_kib=64, passes=1)
TOMORROW = utc_now() + timedelta(days=1)


def an_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


def register(email: str, password: str = "correct horse") -> User:
    """Create an account."""
    return users.register(
        PASSWORDS, name="Asha", email=email, password=password, phone_number="+919000000001"
    )


def test_of_twenty_who_register_one_address_at_once_one_gets_it() -> None:
    email = an_email()
    spellings = [email, email.upper(), f" {email} ", email.capitalize()]

    results = together(20, lambda number: register(spellings[number % 4]))

    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, EmailTaken) for result in results) == 19
    assert User.objects(email=email).count() == 1


def test_a_taken_address_leaves_the_account_as_it_was() -> None:
    email = an_email()
    before = register(email)

    with pytest.raises(EmailTaken):
        register(email.upper(), "another password")

    assert User.objects.get(email=email).password_hash == before.password_hash
    assert users.authenticate(PASSWORDS, email=email, password="correct horse").id == before.id


def test_a_password_is_kept_as_an_argon2_hash_and_nowhere_else() -> None:
    user = register(an_email(), "a password of mine")

    stored = User._get_collection().find_one({"_id": user.id})
    assert stored["password_hash"].startswith("$argon2id$")
    assert "a password of mine" not in str(stored)


def test_equal_passwords_have_different_hashes() -> None:
    assert register(an_email()).password_hash != register(an_email()).password_hash


def test_a_wrong_password_and_an_unknown_address_are_refused_alike() -> None:
    email = an_email()
    register(email)

    with pytest.raises(InvalidCredentials) as wrong:
        users.authenticate(PASSWORDS, email=email, password="incorrect horse")
    with pytest.raises(InvalidCredentials) as unknown:
        users.authenticate(PASSWORDS, email=an_email(), password="correct horse")

    assert (wrong.value.message, wrong.value.details) == (unknown.value.message, unknown.value.details)


def test_an_address_is_found_however_it_is_spelled() -> None:
    email = an_email()
    user = register(email)

    assert users.authenticate(PASSWORDS, email=f" {email.upper()} ", password="correct horse").id == user.id


def test_a_token_is_revoked_once_and_stays_so() -> None:
    token = new_id()
    before = sessions.revoked_at(token)

    first = sessions.revoke(token, TOMORROW)
    second = sessions.revoke(token, TOMORROW + timedelta(days=1))

    assert (before, first, second) == (None, True, False)
    assert sessions.revoked_at(token) is not None
    assert RevokedToken.objects.get(id=token).expires_at == TOMORROW


def test_of_twenty_who_revoke_one_token_at_once_one_is_told_that_it_did() -> None:
    token = new_id()

    results = together(20, lambda _: sessions.revoke(token, TOMORROW))

    assert sorted(results) == [False] * 19 + [True]
    assert RevokedToken.objects(id=token).count() == 1


def test_one_revoked_id_among_several_is_enough() -> None:
    session = new_id()
    sessions.revoke(session, TOMORROW)

    assert sessions.revoked_at(new_id(), session) is not None
    assert sessions.revoked_at(new_id(), new_id()) is None
