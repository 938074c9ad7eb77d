"""One API call, taken apart: who asks, with which body and which query."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox import errors
from sandbox.world import World

JsonObject = dict[str, Any]
# Forms have no types: these fields are numbers although they arrive as text.
_NUMBER_FIELDS = frozenset(
    ("amount", "first_payment_min_amount", "automatic_expiry_period", "manual_expiry_period", "expiry_time")
)
_BRACKETS = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class Call:
    """What a view gets. query: every value of each name, as a list."""

    world: World
    body: JsonObject
    query: dict[str, list[str]]
    idempotency_key: str | None
    ids: dict[str, str] = field(default_factory=dict)


def parse_body(raw: bytes, content_type: str) -> JsonObject:
    """Read a JSON or form body. No body at all means no fields."""
    if not raw.strip():
        return {}
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return _parse_form(raw)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise errors.invalid("The request body is not valid JSON.") from None
    if body is None or body == []:
        return {}
    if not isinstance(body, dict):
        raise errors.invalid("The request body must be a JSON object.")
    return body


def parse_query(text: str) -> dict[str, list[str]]:
    """Read a query string."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def _parse_form(raw: bytes) -> JsonObject:
    """Read PHP's form notation: notes[key]=value and payment[capture_options][refund_speed]=normal."""
    body: JsonObject = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        first, keys = name.partition("[")[0], _BRACKETS.findall(name)
        target, path = body, [first, *keys]
        for key in path[:-1]:
            target = target.setdefault(key, {})
            if not isinstance(target, dict):
                raise errors.invalid(f"The {first} field is given twice, in two shapes.", first)
        target[path[-1]] = _typed(path[-1], value) if first != "notes" else value
    return body


def _typed(name: str, value: str) -> str | int:
    is_number = name in _NUMBER_FIELDS and re.fullmatch(r"-?[0-9]{1,18}", value)
    return int(value) if is_number else value
