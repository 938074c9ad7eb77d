"""Field types that several schemas share: amounts, times, ids, notes and plain text."""

import json
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from gateway.domain.methods import METHODS, parse_method
from gateway.domain.money import CURRENCIES

# Razorpay's documented limits of an order's notes; two pairs are ours (purpose and schoolId).
NOTES_PAIRS_MAX = 15
NOTE_CHARS_MAX = 256
# The provider repeats them in every event, escaped.
NOTES_BYTES_MAX = 16 * 1024
PHONE_NUMBER = validate.Regexp(r"\+?[0-9][0-9 ()-]{5,18}[0-9]\Z", error="must be a phone number")
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class MajorAmount(fields.Field[Decimal | int]):
    """An amount in major units, such as 500.00. Only JSON numbers are taken, and read exactly."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal | int:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("must be a number, such as 500.00")
        return value


class Method(fields.Field[str]):
    """A way to pay, in any spelling: credit_card, "credit card"."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        method = parse_method(value) if isinstance(value, str) else None
        if method is None:
            raise ValidationError(f"must be one of {', '.join(METHODS)}")
        return method


def currency_field(description: str = "An ISO 4217 code.", **kwargs: Any) -> fields.String:
    """Return the field of a currency's code."""

    def known(currency: str) -> None:
        # No OneOf, which would list all 128 of them in the document.
        if currency not in CURRENCIES:
            raise ValidationError("must be an ISO 4217 code, such as INR")

    return fields.String(validate=known, metadata={"description": description}, **kwargs)


class Timestamp(fields.Field[datetime]):
    """A time in UTC with milliseconds, such as 2024-01-01T00:00:00.000Z. Written only."""

    def _serialize(self, value: datetime | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return iso(value) if value else None


def iso(time: datetime) -> str:
    """Return the time as 2024-01-01T00:00:00.000Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


class UnixTime(fields.Field[datetime]):
    """A time in whole seconds since 1970, as the provider writes it. Written only."""

    def _serialize(self, value: datetime | None, attr: Any, obj: Any, **kwargs: Any) -> int | None:
        return int(value.timestamp()) if value else None


class Uuid(fields.Field[str]):
    """A UUID, kept as lower-case text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a UUID, as text")
        try:
            if len(value) != 36:
                raise ValueError
            return str(uuid.UUID(value))
        except ValueError as error:
            raise ValidationError("must be a UUID, such as 5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11") from error


class Notes(fields.Field[dict[str, str]]):
    """Free pairs of text, kept with the payment and shown by the provider. Numbers and booleans are taken
    as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValidationError("must be an object of text values")
        if len(value) > NOTES_PAIRS_MAX - 2:
            raise ValidationError(f"must have no more than {NOTES_PAIRS_MAX - 2} entries")
        errors: dict[str, list[str]] = {}
        notes = {}
        for key, item in value.items():
            problem = _note_problem(key, item)
            if problem:
                errors[key or "(empty name)"] = [problem]
            else:
                notes[key] = _as_text(item)
        if errors:
            raise ValidationError(errors)
        if len(json.dumps(notes)) > NOTES_BYTES_MAX:
            raise ValidationError(f"must have no more than {NOTES_BYTES_MAX} bytes in all, as escaped JSON")
        return notes


def _as_text(item: Any) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)


def _note_problem(key: str, item: Any) -> str | None:
    if not 1 <= len(key) <= NOTE_CHARS_MAX:
        return f"the name must have 1 to {NOTE_CHARS_MAX} characters"
    if key.startswith("$") or "." in key or CONTROL_CHARACTER.search(key):
        return "the name must not start with $, nor hold a dot or a control character"
    if not isinstance(item, str | int | Decimal | bool):
        return "must be text, a number or a boolean"
    if len(_as_text(item)) > NOTE_CHARS_MAX:
        return f"must have no more than {NOTE_CHARS_MAX} characters"
    if CONTROL_CHARACTER.search(_as_text(item)):
        return "must not hold control characters"
    return None


def text(characters_max: int, characters_min: int = 1, **kwargs: Any) -> fields.String:
    """Return a text field of bounded length without control characters and not only blanks."""

    def plain(value: str) -> None:
        if CONTROL_CHARACTER.search(value):
            raise ValidationError("must not hold control characters")
        if characters_min and not value.strip():
            raise ValidationError("must not be blank")

    length = validate.Length(min=characters_min, max=characters_max)
    return fields.String(validate=[length, plain], **kwargs)
