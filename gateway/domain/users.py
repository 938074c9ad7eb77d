"""Accounts: who has one, what role it has, and whether it is open. Who may log in is in `logins`, what a
session is in `sessions`."""

from collections.abc import Callable, Iterator

from mongoengine.errors import NotUniqueError

from gateway.domain.account_models import ADMIN, CUSTOMER, SCHOOL_STAFF, User
from gateway.domain.context import utc_now
from gateway.domain.errors import AccountNotFound, EmailTaken, InvalidCredentials, InvalidInput
from gateway.domain.ids import school_uuid
from gateway.domain.passwords import Passwords
from gateway.domain.sessions import end_all_sessions
from gateway.domain.store import change

# How many accounts one read of `list_accounts` fetches.
ACCOUNTS_PER_READ = 500


def normalise_email(email: str) -> str:
    """Return the form in which addresses are stored and compared: without regard to case."""
    return email.strip().lower()


def register(
    passwords: Passwords, *, name: str, email: str, password: str, phone_number: str, role: str = CUSTOMER
) -> User:
    """Create an account. Writes one document. Raises InvalidInput for a password that is easily guessed,
    and EmailTaken, also when two requests race."""
    passwords.check_rules(password, email=email, name=name)
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
    """Return the account. An unknown e-mail, a wrong password and a disabled account cannot be told apart,
    in time neither. Counts nothing: logging in is `logins.log_in`. Raises InvalidCredentials."""
    user = User.objects(email=normalise_email(email)).first()
    is_right = passwords.is_right(password, user.password_hash if user else None)
    if not is_right or user is None or user.disabled_at is not None:
        raise InvalidCredentials("The e-mail or the password is wrong.")
    return user


def create_admin(passwords: Passwords, *, name: str, email: str, password: str, phone_number: str) -> User:
    """Create an account that sees everything. Writes one document. Raises EmailTaken, also for an account of
    another role, which stays as it is, and InvalidInput for a password that is easily guessed."""
    return register(
        passwords, name=name, email=email, password=password, phone_number=phone_number, role=ADMIN
    )


def disable(email: str) -> User:
    """Close an account: it can neither log in nor use a token or a password mail that it has, and all its
    sessions are over for good. Writes one document; safe to repeat. Raises AccountNotFound."""

    def close(user: User) -> bool:
        if user.disabled_at is not None:
            return False
        user.disabled_at = utc_now()
        end_all_sessions(user)
        return True

    return _change(email, close)


def enable(email: str) -> User:
    """Open a disabled account again. Its old sessions do not come back: it logs in anew. Writes one document;
    safe to repeat. Raises AccountNotFound."""

    def reopen(user: User) -> bool:
        if user.disabled_at is None:
            return False
        user.disabled_at = None
        return True

    return _change(email, reopen)


def grant_school(email: str, school_id: str) -> User:
    """Let an account see the payments of a school; a customer becomes school staff. Takes effect at once, in
    sessions that exist too. Writes one document; safe to repeat. Raises AccountNotFound, and InvalidInput
    for an administrator, who sees all schools anyway, or for a school id that is no UUID."""
    school_id = school_uuid(school_id)

    def grant(user: User) -> bool:
        if user.role == ADMIN:
            raise InvalidInput("An administrator sees all schools.", email="belongs to an administrator")
        if school_id in user.school_ids:
            return False
        user.school_ids = [*user.school_ids, school_id]
        user.role = SCHOOL_STAFF
        return True

    return _change(email, grant)


def revoke_school(email: str, school_id: str) -> User:
    """Take a school away from an account, at once. Who has no school left is a customer again, because staff
    of no school would have a role that means nothing; their own payments stay theirs. Writes one document;
    safe to repeat. Raises AccountNotFound, and InvalidInput for a school id that is no UUID."""
    school_id = school_uuid(school_id)

    def revoke(user: User) -> bool:
        if school_id not in user.school_ids:
            return False
        user.school_ids = [kept for kept in user.school_ids if kept != school_id]
        if user.role == SCHOOL_STAFF and not user.school_ids:
            user.role = CUSTOMER
        return True

    return _change(email, revoke)


def list_accounts() -> Iterator[User]:
    """Yield every account in the order of their addresses, ACCOUNTS_PER_READ at a time, so that the memory
    needed does not grow with their number."""
    yield from User.objects.order_by("email").batch_size(ACCOUNTS_PER_READ).no_cache()


def _change(email: str, decide: Callable[[User], bool]) -> User:
    user = User.objects(email=normalise_email(email)).only("id").first()
    try:
        if user is None:
            raise User.DoesNotExist
        return change(User, user.id, decide).document
    except User.DoesNotExist as error:
        raise AccountNotFound(
            "There is no account with this e-mail address.", email="is not registered"
        ) from error


def name_of(user_id: str) -> str | None:
    """Return the name of the account with this id, or None; a program's id names no account."""
    user = User.objects(id=user_id).only("name").first()
    return user.name if user else None
