"""Logging in and proving once more who one is, within the limits on guessing."""

from gateway.domain import login_limits, users
from gateway.domain.account_models import User
from gateway.domain.context import Context
from gateway.domain.errors import InvalidCredentials
from gateway.domain.login_limits import Try
from gateway.domain.passwords import Passwords


def log_in(context: Context, passwords: Passwords, *, email: str, password: str, client_address: str) -> User:
    """Return the account. Writes the counters of wrong passwords, the same for every e-mail address, whether
    or not it has an account. Raises InvalidCredentials, TooManyAttempts and TooBusy."""
    attempt = login_limits.begin(context, users.normalise_email(email), client_address)
    return _checked(attempt, passwords, email, password)


def confirm(context: Context, passwords: Passwords, user: User, password: str) -> User:
    """Return the account again, as it was when the password of somebody who is logged in was found right.
    A wrong one counts like one at login. Raises InvalidCredentials, TooManyAttempts and TooBusy."""
    try:
        return _checked(login_limits.begin(context, user.email), passwords, user.email, password)
    except InvalidCredentials as error:
        raise InvalidCredentials("The present password is wrong.", currentPassword="is wrong") from error


def _checked(attempt: Try, passwords: Passwords, email: str, password: str) -> User:
    try:
        user = users.authenticate(passwords, email=email, password=password)
    except InvalidCredentials:
        attempt.was_wrong()
        raise
    except Exception:
        # The password was not looked at: too many are being, or the database is away.
        attempt.was_not_made()
        raise
    attempt.was_right()
    return user
