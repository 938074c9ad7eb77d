"""Which passwords an account can have, and that each is compared exactly."""

import unicodedata
from collections.abc import Callable

import pytest
import requests
from argon2 import PasswordHasher

from gateway.domain.account_models import User
from tests.support.client import Api, log_in
from tests.support.guessing import fresh_email, guess
from tests.support.shapes import refused

REGISTER = "/api/user/register"
COMMON = "is one of the most common passwords; take several words that do not belong together"
OWN = "must not be your name or e-mail address; take several words that do not belong together"
LENGTH = "must have 8 to 128 characters"


def register(api: Api, email: str, password: str, name: str = "Asha Rao") -> requests.Response:
    """Register with this password."""
    body = {"name": name, "email": email, "password": password, "phoneNumber": "+919000000001"}
    return api.post(REGISTER, body)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        *((password, COMMON) for password in ("password", "PASSWORD", "Password1", "12345678", "qwertyuiop")),
        *((password, COMMON) for password in ("00000000", "AaAaAaAa", "12341234", "xyz" * 4)),
        *((password, COMMON) for password in ("87654321", "0987654321", "ABCDEFGH", "zyxwvutsrq")),
        *((password, COMMON) for password in ("iloveyou", "password123", "passw0rd", "sunshine", "football")),
        *((password, LENGTH) for password in ("", "1234567", "é" * 7, "x" * 129)),
        ("        ", "must not be blank"),
        ("long enough\x00", "must not hold control characters"),
        ("asha rao", OWN),
        ("ASHA RAO", OWN),
    ],
)
def test_what_is_easily_guessed_is_refused(anonymous: Api, password: str, problem: str) -> None:
    email = fresh_email()

    details = refused(register(anonymous, email, password), 400, "VALIDATION_ERROR")

    assert details == {"password": problem}
    assert User.objects(email=email).count() == 0


@pytest.mark.parametrize("own", [str, str.upper, lambda email: email.partition("@")[0]])
def test_the_own_address_is_no_password(anonymous: Api, own: Callable[[str], str]) -> None:
    email = fresh_email()

    details = refused(register(anonymous, email, own(email)), 400, "VALIDATION_ERROR")

    assert details == {"password": OWN}
    assert User.objects(email=email).count() == 0


@pytest.mark.parametrize(
    "password",
    [
        "abcdefgh zyx",
        "aaaaaaaabbbbbbbbc",
        "12345" * 4,
        "password of mine",
        "x" * 128,
        "é" * 128,
        "correct horse battery",
        "पासवर्ड बहुत लंबा",
        "🐎🔋📎🐎🔋📎🐎🔋",
        " blanks around it ",
        "only-small-letters",
    ],
)
def test_any_long_uncommon_password_is_taken_and_compared_exactly(anonymous: Api, password: str) -> None:
    email = fresh_email()

    assert register(anonymous, email, password).status_code == 201

    assert guess(anonymous, email, password).status_code == 200
    variants = {password.strip(), password.upper(), f" {password}", password[:-1]} - {password}
    for variant in sorted(variants)[:4]:
        refused(guess(anonymous, email, variant), 401, "INVALID_CREDENTIALS")


def test_a_letter_is_the_same_however_a_keyboard_writes_it(anonymous: Api) -> None:
    email, composed = fresh_email(), unicodedata.normalize("NFC", "café über Ångström")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed

    register(anonymous, email, decomposed)

    assert guess(anonymous, email, composed).status_code == 200
    assert guess(anonymous, email, decomposed).status_code == 200


def test_letters_that_look_different_are_different(anonymous: Api) -> None:
    email = fresh_email()

    register(anonymous, email, "ﬁve ﬁne ﬁsh")

    refused(guess(anonymous, email, "five fine fish"), 401, "INVALID_CREDENTIALS")
    assert guess(anonymous, email, "ﬁve ﬁne ﬁsh").status_code == 200


def test_an_account_with_an_old_easy_password_still_logs_in(anonymous: Api) -> None:
    email = fresh_email()
    register(anonymous, email, "correct horse battery")
    _give_hash_of(email, "password")

    assert log_in(anonymous.base_url, email, "password").email == email


def test_a_password_that_was_hashed_as_it_was_typed_still_logs_in(anonymous: Api) -> None:
    email, typed = fresh_email(), unicodedata.normalize("NFD", "café über Ångström")
    register(anonymous, email, "correct horse battery")
    _give_hash_of(email, typed)

    assert guess(anonymous, email, typed).status_code == 200
    refused(guess(anonymous, email, f"{typed}."), 401, "INVALID_CREDENTIALS")


def _give_hash_of(email: str, password: str) -> None:
    """Give an account the hash that the first release made of this password."""
    hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)
    User.objects(email=email).update_one(set__password_hash=hashed)
