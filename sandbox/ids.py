"""Razorpay's ids: a prefix and 14 letters or digits, and what tells a malformed id from an unknown one."""

import re
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 14
_SHAPE = re.compile(rf"[A-Za-z0-9]{{{_LENGTH}}}")


def new(prefix: str) -> str:
    """Make an id such as order_… or pay_…; prefix: the word before the underscore."""
    return f"{prefix}_{new_bare()}"


def new_bare() -> str:
    """Make the 14 characters alone, as used for webhook event ids."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def is_well_formed(prefix: str, text: str) -> bool:
    """Tell whether a text could be an id of this kind."""
    head, separator, tail = text.partition("_")
    return head == prefix and bool(separator) and _SHAPE.fullmatch(tail) is not None


def without_prefix(prefix: str, text: str) -> str:
    """Give the part that Razorpay prints in "… is not a valid id"."""
    return text.removeprefix(f"{prefix}_")
