"""Replacing a password: by who knows the present one, or by who holds a link from a mail.

Both end every other session, because who replaces a password may be shutting somebody else out.
"""

from gateway.domain import login_limits, logins
from gateway.domain.account_models import PasswordReset, User
from gateway.domain.context import Context
from gateway.domain.errors import InvalidCredentials, InvalidInput, InvalidToken
from gateway.domain.password_rules import normalise
from gateway.domain.passwords import Passwords
from gateway.domain.reset_mails import digest
from gateway.domain.sessions import end_all_sessions
from gateway.domain.store import change

NEW_PASSWORD = "newPassword"


def replace(
    context: Context, passwords: Passwords, user: User, *, session_id: str, current: str, new: str
) -> User:
    """Give the account a new password, and end every session but this one, and every link that was mailed.
    Writes the account once. A wrong present password counts like one at login. Raises InvalidInput,
    InvalidCredentials, TooManyAttempts and TooBusy."""
    passwords.check_rules(new, email=user.email, name=user.name, field=NEW_PASSWORD)
    proven_hash = logins.confirm(context, passwords, user, current).password_hash
    if normalise(new) == normalise(current):
        raise InvalidInput("The request is not valid.", **{NEW_PASSWORD: "must differ from the present one"})
    new_hash = passwords.hash(new)

    def decide(account: User) -> bool:
        if account.password_hash != proven_hash or account.disabled_at is not None:
            # Somebody else was first, and what was proven to be the present password no longer is.
            raise InvalidCredentials("The present password is wrong.")
        account.password_hash = new_hash
        end_all_sessions(account, kept_session_id=session_id)
        return True

    return change(User, user.id, decide).document


def reset(context: Context, passwords: Passwords, *, token: str, new: str) -> User:
    """Give the account that the link was mailed to a new password, end all its sessions, and forget the
    failures at its login, so that its owner is in even while somebody else goes on guessing.

    Writes the account once, which uses the link up: a link belongs to one epoch of the account's sessions,
    and this begins the next. Of two at once, one wins. Raises InvalidToken, and InvalidInput, which leaves
    the link as good as it was.
    """
    user, epoch = _owner(context, token)
    passwords.check_rules(new, email=user.email, name=user.name, field=NEW_PASSWORD)
    new_hash = passwords.hash(new)

    def decide(account: User) -> bool:
        if account.session_epoch != epoch or account.disabled_at is not None:
            raise _invalid()
        account.password_hash = new_hash
        end_all_sessions(account)
        return True

    try:
        changed = change(User, user.id, decide).document
    except User.DoesNotExist as error:
        raise _invalid() from error
    # Dying here leaves the delay, which ends by itself; another link may be asked for meanwhile.
    login_limits.let_owner_in(context, user.email)
    return changed


def check_link(context: Context, token: str) -> None:
    """Refuse a link that cannot be used any more, before somebody thinks of a password for it. Writes
    nothing. Raises InvalidToken."""
    _owner(context, token)


def _owner(context: Context, token: str) -> tuple[User, int]:
    """Return the account that a link was mailed to, and the epoch that the link belongs to."""
    sha256 = digest(token)
    mailed = PasswordReset.objects(links__sha256=sha256).first()
    link = next((link for link in mailed.links if link.sha256 == sha256), None) if mailed else None
    if mailed is None or link is None or link.expires_at <= context.now():
        raise _invalid()
    user = User.objects(id=mailed.user_id).first()
    if user is None or user.disabled_at is not None or user.session_epoch != link.session_epoch:
        raise _invalid()
    return user, link.session_epoch


def _invalid() -> InvalidToken:
    return InvalidToken(
        "This link is not valid, was used already, or has expired. Ask for another mail.",
        token="is not valid any more",
    )
