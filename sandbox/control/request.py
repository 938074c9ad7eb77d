"""One control call, taken apart."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.control_errors import ControlError
from sandbox.world import World

JsonObject = dict[str, Any]
SHOWN_BODY_CHARACTERS_MAX = 300
_HIDDEN_FIELDS = frozenset(("secret", "number", "cvv"))


@dataclass(frozen=True)
class Control:
    """What a control gets."""

    world: World
    body: JsonObject
    query: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)


def parse_body(raw: bytes) -> JsonObject:
    """Read a JSON object; nothing at all is an empty one."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise ControlError("the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def shown_body(body: JsonObject) -> str:
    """Give a body for the list of happenings: cut, and without secrets and whole card numbers."""
    shown = {name: "…" if name in _HIDDEN_FIELDS else value for name, value in body.items()}
    return json.dumps(shown, ensure_ascii=False)[:SHOWN_BODY_CHARACTERS_MAX] if shown else ""


def limit(control: Control, default: int, highest: int) -> int:
    """Read ?limit=."""
    text = control.query.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise ControlError(f"limit must be a whole number from 1 to {highest}: {text!r}", "limit")
    return int(text)


def collection(items: list[JsonObject]) -> JsonObject:
    """Wrap a list, in the shape that the API uses too."""
    return {"entity": "collection", "count": len(items), "items": items}
