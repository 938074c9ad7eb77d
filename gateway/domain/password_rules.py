"""Which passwords are good enough: long, not among the most common ones, and not the account's own name.

There are no rules about kinds of characters: they make passwords harder to remember, not to guess (NIST
SP 800-63B, 3.1.1.2).
"""

import re
import unicodedata
from functools import lru_cache

from gateway.domain.errors import InvalidInput

PASSWORD_CHARS_MIN = 8
PASSWORD_CHARS_MAX = 128

PATTERN_CHARS_MAX, PIECE_CHARS_MAX = 16, 4
ROWS = ("01234567890", "12345678901234567890", "abcdefghijklmnopqrstuvwxyz")

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


def normalise(password: str) -> str:
    """Return the form in which passwords are hashed and compared: exact, but for letters that keyboards
    write as one code point or as two, which are one letter here (NFC, as RFC 8265 has it for passwords; NFKC
    would also take letters for each other that look different)."""
    return unicodedata.normalize("NFC", password)


def check(password: str, *, chars_min: int, field: str, email: str, name: str) -> None:
    """Refuse a password that is too short, too long or easily guessed. field: what the request calls it.
    email, name: the account's own. Raises InvalidInput, which says what would be right."""
    problem = _problem(normalise(password), chars_min, email, name)
    if problem:
        raise InvalidInput("The request is not valid.", **{field: problem})


def _problem(password: str, chars_min: int, email: str, name: str) -> str | None:
    if not chars_min <= len(password) <= PASSWORD_CHARS_MAX:
        return f"must have {chars_min} to {PASSWORD_CHARS_MAX} characters"
    if CONTROL_CHARACTER.search(password):
        return "must not hold control characters"
    if not password.strip():
        return "must not be blank"
    folded = password.casefold()
    if folded in _common() or _is_a_pattern(folded):
        return "is one of the most common passwords; take several words that do not belong together"
    email = email.strip()
    if folded in {own.casefold() for own in (email, email.partition("@")[0], normalise(name).strip())}:
        return "must not be your name or e-mail address; take several words that do not belong together"
    return None


def _is_a_pattern(password: str) -> bool:
    """Return whether it is short and like aaaaaaaa, 12341234, abcdefgh or 0987654321. Such passwords are as
    common as those of the list, which leaves them to be found by rule."""
    if len(password) > PATTERN_CHARS_MAX:
        return False
    # A text that repeats a piece is found in itself, shifted by that piece.
    piece_chars = (password + password).find(password, 1)
    is_row = any(password in row or password in row[::-1] for row in ROWS)
    return is_row or piece_chars <= PIECE_CHARS_MAX


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Return the common passwords that are long enough to be tried at all. Loaded when the first one is
    checked, because a worker never needs the list."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common = (password.casefold() for password in FREQUENCY_LISTS["passwords"])
    return frozenset(password for password in common if len(password) >= PASSWORD_CHARS_MIN)
