"""Checks of single request fields, for orders, payments and refunds. Each gives the clean value or raises."""

from typing import Any

from sandbox import errors

NOTES_PAIRS_MAX = 15
RECEIPT_CHARACTERS_MAX = 40
JsonObject = dict[str, Any]


def only(body: JsonObject, allowed: tuple[str, ...]) -> None:
    """Refuse fields that the call does not know, as Razorpay does."""
    extra = [name for name in body if name not in allowed]
    if extra:
        raise errors.extra_fields(extra)


def whole_number(value: Any, name: str) -> int:
    """Check an amount-like field. A boolean is not a number here, although Python thinks so."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.invalid(f"The {name} must be an integer.", name)
    return value


def text(value: Any, name: str) -> str:
    """Check a text field."""
    if not isinstance(value, str):
        raise errors.invalid(f"expected string but provided {_shown(value)}", name)
    # JSON can spell half a character (\ud800), which no database stores.
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise errors.invalid(f"The {name} is not valid text.", name)
    return value


def optional_text(value: Any, name: str) -> str | None:
    """Check a text field that may be null."""
    return None if value is None else text(value, name)


def receipt(value: Any) -> str | None:
    """Check a receipt: at most 40 characters."""
    given = optional_text(value, "receipt")
    if given is not None and len(given) > RECEIPT_CHARACTERS_MAX:
        raise errors.invalid("The receipt may not be greater than 40 characters.", "receipt")
    return given


def notes(value: Any, key_length_max: int = 256, value_length_max: int = 256) -> JsonObject | list[Any]:
    """Check notes, and give them as the API shows them: an empty list, not an empty object, for none."""
    if value is None or value == [] or value == {}:
        return []
    if not isinstance(value, dict) or len(value) > NOTES_PAIRS_MAX:
        raise errors.invalid("Notes validation failed.", "notes")
    for key, content in value.items():
        if (
            isinstance(content, dict | list)
            or len(key) > key_length_max
            or len(str(content)) > value_length_max
        ):
            raise errors.invalid("Notes validation failed.", "notes")
    return value


def required_notes(body: JsonObject) -> JsonObject | list[Any]:
    """Check the body of a PATCH: notes and nothing else."""
    only(body, ("notes",))
    if "notes" not in body:
        raise errors.invalid("The notes field is required", "notes")
    return notes(body["notes"])


def flag(value: Any, name: str) -> bool:
    """Check a boolean. Razorpay also takes 0 and 1, and forms can only send texts."""
    if value in (True, 1, "1", "true"):
        return True
    if value in (False, 0, "0", "false"):
        return False
    raise errors.invalid(f"The {name} field must be true or false.", name)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
