"""Password hashes: Argon2id, always at the same cost, and only so many at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from gateway.domain import password_rules
from gateway.domain.errors import TooBusy
from gateway.domain.ids import new_id

# How long a login waits for others before it is asked to come again.
TURN_SECONDS_MAX = 5.0


class Passwords:
    """Hashes and checks passwords. Each hash takes memory_kib KiB, so at most `concurrency` run at once; a
    storm of logins waits for its turn instead of taking the memory and the threads of everything else."""

    def __init__(
        self,
        *,
        memory_kib: int,
        passes: int,
        concurrency: int = 4,
        chars_min: int = password_rules.PASSWORD_CHARS_MIN,
    ) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._turns = BoundedSemaphore(concurrency)
        self._chars_min = chars_min
        # The hash of a password that nobody has, checked when an e-mail is unknown, so that the answer
        # takes as long as for a wrong password.
        self._unknown_hash = self._hasher.hash(new_id())

    def check_rules(self, password: str, *, email: str, name: str, field: str = "password") -> None:
        """Refuse a new password that is easily guessed. field: what the request calls it; email, name: the
        account's own. Raises InvalidInput."""
        password_rules.check(password, chars_min=self._chars_min, field=field, email=email, name=name)

    def hash(self, password: str) -> str:
        """Return the hash to keep. Raises TooBusy."""
        with self._turn():
            return self._hasher.hash(password_rules.normalise(password))

    def is_right(self, password: str, kept_hash: str | None) -> bool:
        """Return whether the password belongs to the hash; always False for an account that does not
        exist, in the same time. Raises TooBusy."""
        # Accounts of the first release have the hash of their password as it was typed.
        spellings = dict.fromkeys([password_rules.normalise(password), password])
        is_right = any(self._verify(spelling, kept_hash or self._unknown_hash) for spelling in spellings)
        return is_right and kept_hash is not None

    def _verify(self, password: str, kept_hash: str) -> bool:
        with self._turn():
            try:
                return self._hasher.verify(kept_hash, password)
            except VerifyMismatchError:
                return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=TURN_SECONDS_MAX):
            raise TooBusy("Too many people are logging in at this moment. Please try again.")
        try:
            yield
        finally:
            self._turns.release()
