"""One control call, taken apart."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.control_errors import ControlError
from sandbox.world import World

JsonObject = dict[str, Any]


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


def limit(control: Control, default: int, highest: int) -> int:
    """Read ?limit=."""
    text = control.query.get("limit", str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise ControlError(f"limit must be a whole number from 1 to {highest}: {text!r}", "limit")
    return int(text)


def collection(items: list[JsonObject]) -> JsonObject:
    """Wrap a list, in the shape that the API uses too."""
    return {"entity": "collection", "count": len(items), "items": items}
