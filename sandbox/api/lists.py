"""What all lists share: from, to, count and skip, and expand[] in the spellings of both SDKs."""

import re
from typing import Any

from sandbox import errors, records
from sandbox.api.call import Call

COUNT_DEFAULT = 10
COUNT_MAX = 100
EARLIEST_SECONDS = 946684800
LATEST_SECONDS = 4765046400
Query = dict[str, list[str]]
JsonObject = dict[str, Any]


def every(call: Call, table: str) -> JsonObject:
    """Answer a call that lists what a table holds, by nothing but when it was made."""
    count, skip = page(call.query)
    with call.world.reading() as tx:
        return records.collection(records.find(tx, table, period(call.query), count=count, skip=skip))


def page(query: Query, count_max: int = COUNT_MAX) -> tuple[int, int]:
    """Give count and skip."""
    count = _number(query, "count", COUNT_DEFAULT)
    skip = _number(query, "skip", 0)
    if count > count_max:
        raise errors.invalid(f"The count may not be greater than {count_max}.", "count")
    if count < 1:
        raise errors.invalid("The count must be at least 1.", "count")
    if skip < 0:
        raise errors.invalid("The skip must be at least 0.", "skip")
    return count, skip


def period(query: Query) -> dict[str, object]:
    """Give from and to as conditions for records.find."""
    conditions: dict[str, object] = {}
    for name, condition in (("from", "created_at >= ?"), ("to", "created_at <= ?")):
        if name in query:
            moment = _number(query, name, 0)
            if not EARLIEST_SECONDS <= moment <= LATEST_SECONDS:
                raise errors.invalid(f"{name} must be between {EARLIEST_SECONDS} and {LATEST_SECONDS}", name)
            conditions[condition] = moment
    return conditions


def flag(query: Query, name: str) -> bool | None:
    """Give a filter that is 0 or 1, or None when it is absent."""
    if name not in query:
        return None
    value = query[name][-1]
    if value not in ("0", "1"):
        raise errors.invalid(f"The {name} field must be true or false.", name)
    return value == "1"


def expansions(query: Query) -> set[str]:
    """Give what to expand. Python sends expand[]=x; Node sends expand[expand]=x or expand[expand][0]=x."""
    found: set[str] = set()
    for name, values in query.items():
        if re.fullmatch(r"expand(\[[^\]]*\])*", name):
            found.update(values)
    return found


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, [str(default)])[-1]
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise errors.invalid(f"The {name} must be an integer.", name)
    return int(text)
