"""Card numbers, which this service never takes: the provider's page does. A request that holds one is refused
before anything else looks at it, and nothing of it is echoed."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from gateway.domain.errors import InvalidInput

# A card number is written in one piece, also with a letter beside it; in groups as on a card, with the same
# separator between them, or with any between four digits each; or digit by digit. Lists of amounts have
# commas and semicolons, and dates have groups of two digits. Other numbers may stand beside it.
PIECE = re.compile(r"(?<![0-9])[0-9]{13,19}(?![0-9])")
GROUP = re.compile(r"(?<![0-9])[0-9]{3,13}(?![0-9])")
LAYOUTS = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13)})
GROUPS_MAX = max(map(len, LAYOUTS))
SINGLE_DIGITS = re.compile(r"(?<![0-9])[0-9]([^0-9A-Za-z,;])[0-9](?:\1[0-9]){11,17}(?![0-9])")
SEPARATOR = re.compile("[\\s._/:|*+()\u2010-\u2015-]{1,3}")
UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
# Digests and the like: long enough to hold a card number's digits by chance.
HEXADECIMAL = re.compile(r"\b(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{32,}\b")
# Fifteen digits are a phone number too (E.164), but hardly any has them, and every Amex card has.
PHONE_NUMBER = re.compile(r"\+[0-9]{7,14}(?![0-9])")
PHONE_DIGITS_MAX = 14
# How the networks' numbers begin and how long they are, so that times and order numbers are left alone:
# Visa, Amex, Diners, JCB, Mastercard and Mir, Mastercard, Maestro with Discover and UnionPay, RuPay.
NETWORK = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15,18})|3[47][0-9]{13}|3[0689][0-9]{12,17}|35[0-9]{14,17}|2[2-7][0-9]{14,17}"
    r"|5[1-5][0-9]{14}|(?:5[06-8]|6[0-9])[0-9]{11,17}|8[0-9]{15,18}"
)
# No longer number than a card's is written out.
EXPONENT_MAX = 20
# What may be a long number for other reasons: amounts, and secrets that are compared whole.
FREE_FIELDS = frozenset(
    (
        *("amount", "password", "currentPassword", "newPassword", "token"),
        *("razorpaySignature", "razorpay_signature"),
    )
)


def refuse_card_numbers(body: Any) -> None:
    """Raise InvalidInput when a name or a value in the body is a card number, naming the field."""
    if not isinstance(body, dict):
        return
    for name, value in body.items():
        if _is_card_number(name):
            raise _refusal("body")
        is_phone = name == "phoneNumber" and sum(map(str.isdigit, str(value))) <= PHONE_DIGITS_MAX
        if name not in FREE_FIELDS and not is_phone:
            _refuse(name, value)


def _refuse(field: str, value: Any) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            if _is_card_number(name):
                raise _refusal(field)
            _refuse(f"{field}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            _refuse(field, item)
    elif _is_card_number(_written_out(value)):
        raise _refusal(field)


def _written_out(value: Any) -> str:
    is_short = isinstance(value, Decimal) and abs(value.adjusted()) <= EXPONENT_MAX
    return format(value, "f") if is_short else str(value)


def _refusal(field: str) -> InvalidInput:
    return InvalidInput(
        "Card numbers are not taken here; they are only typed in on the checkout page.",
        **{field: "holds a card number"},
    )


def _is_card_number(text: str) -> bool:
    """Return whether the text holds something that a card network could have issued."""
    text = _decoded(text)
    if not text.isascii():
        text = re.sub(r"\d", lambda digit: str(unicodedata.digit(digit[0])), text)
        # Nobody sees these, such as the blank of no width.
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    text = PHONE_NUMBER.sub("", HEXADECIMAL.sub("", UUID.sub("", text)))
    return any(NETWORK.fullmatch(digits) and _is_luhn_valid(digits) for digits in _candidates(text))


def _decoded(text: str) -> str:
    """Return the text without the escapes of web pages and addresses."""
    try:
        return unquote(unescape(text))
    except ValueError:
        # A character's number has thousands of digits, so it is none.
        return text


def _candidates(text: str) -> Iterator[str]:
    yield from PIECE.findall(text)
    yield from (re.sub(r"\D", "", found[0]) for found in SINGLE_DIGITS.finditer(text))
    groups = list(GROUP.finditer(text))
    for first in range(len(groups)):
        yield from _numbers_from(text, groups[first : first + GROUPS_MAX])


def _numbers_from(text: str, groups: list[re.Match[str]]) -> Iterator[str]:
    """Give what the first group makes with those that follow it, where it is laid out as on a card."""
    gaps = [text[one.end() : other.start()] for one, other in pairwise(groups)]
    layout = [len(groups[0][0])]
    for number, (gap, group) in enumerate(zip(gaps, groups[1:], strict=True), 2):
        if not SEPARATOR.fullmatch(gap) or (gap != gaps[0] and layout != [4] * len(layout)):
            return
        layout.append(len(group[0]))
        if tuple(layout) in LAYOUTS:
            yield "".join(each[0] for each in groups[:number])


def _is_luhn_valid(digits: str) -> bool:
    """Return whether the last digit is the check digit that ISO/IEC 7812 asks for."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
