"""Accounts and login sessions: register, authenticate, revoke. Does not know what a token looks like."""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from gateway.domain.account_models import RevokedToken, User
from gateway.domain.context import utc_now
from gateway.domain.errors import EmailTaken, InvalidCredentials
from gateway.domain.passwords import Passwords

PASSWORD_CHARS_MIN = 8
PASSWORD_CHARS_MAX = 128


def normalise_email(email: str) -> str:
    """Return the form in which addresses are stored and compared: without regard to case."""
    return email.strip().lower()


def register(
    passwords: Passwords, *, name: str, email: str, password: str, phone_number: str, role: str = "customer"
) -> User:
    """Create an account. Writes one document. Raises EmailTaken, also when two requests race."""
    user = User(
        email=normalise_email(email),
        name=name,
        phone_number=phone_number,
        password_hash=passwords.hash(password),
        role=role,
        created_at=utc_now(),
    )
    try:
        user.save(force_insert=True)
    except NotUniqueError as error:
        raise EmailTaken(
            "An account with this e-mail already exists.", email="is already registered"
        ) from error
    return user


def authenticate(passwords: Passwords, *, email: str, password: str) -> User:
    """Return the account. An unknown e-mail and a wrong password cannot be told apart, in time neither.
    Raises InvalidCredentials."""
    user = User.objects(email=normalise_email(email)).first()
    if not passwords.is_right(password, user.password_hash if user else None) or user is None:
        raise InvalidCredentials("The e-mail or the password is wrong.")
    return user


def find(user_id: str) -> User | None:
    """Return the account with this id, or None."""
    return User.objects(id=user_id).first()


def revoke(token_or_session_id: str, expires_at: datetime) -> bool:
    """Refuse a token or a login session from now on. Writes one document; returns False when it had been
    refused before. expires_at: when it would have ended by itself, after which the entry may go."""
    try:
        RevokedToken(id=token_or_session_id, revoked_at=utc_now(), expires_at=expires_at).save(
            force_insert=True
        )
    except NotUniqueError:
        return False
    return True


def revoked_at(*ids: str) -> datetime | None:
    """Return when any of these tokens or sessions was revoked, or None. Reads MongoDB, never a cache."""
    revoked = RevokedToken.objects(id__in=ids).first()
    return revoked.revoked_at if revoked else None
