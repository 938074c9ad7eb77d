"""The calls about settlements. Days and months of the reconciliation are those of India."""

import re
from datetime import datetime, timedelta
from typing import Any

from sandbox import errors, records, settlements
from sandbox.api import lists
from sandbox.api.call import Call

JsonObject = dict[str, Any]
RECON_COUNT_MAX = 1000
# The month after the last one must be a date too.
YEAR_MAX = 9999


def fetch(call: Call) -> JsonObject:
    """Answer GET /v1/settlements/:id."""
    with call.world.reading() as tx:
        return records.get(tx, "settlements", call.ids["settlement_id"])


def every(call: Call) -> JsonObject:
    """Answer GET /v1/settlements."""
    return lists.every(call, "settlements")


def reconciliation(call: Call) -> JsonObject:
    """Answer GET /v1/settlements/recon/combined: what was settled in a month, or on one of its days."""
    start, end = _period(call.query)
    count, skip = lists.page(call.query, RECON_COUNT_MAX)
    with call.world.reading() as tx:
        return records.collection(
            settlements.settled_between(tx, start.timestamp(), end.timestamp(), count, skip)
        )


def _period(query: lists.Query) -> tuple[datetime, datetime]:
    year, month = _digits(query, "year", 4, 4, "The year must be 4 digits."), _month(query)
    if not 1 <= year < YEAR_MAX:
        raise errors.invalid("The year must be 4 digits.", "year")
    start = datetime(year, month, 1, tzinfo=settlements.INDIA)
    if "day" not in query:
        return start, (start + timedelta(days=31)).replace(day=1)
    day = _digits(query, "day", 1, 2, "The day must be between 1 and 2 digits.")
    try:
        start = start.replace(day=day)
    except ValueError:
        # A day that the month does not have; the documents name no text for it.
        raise errors.invalid("The day is not a valid day.", "day") from None
    return start, start + timedelta(days=1)


def _month(query: lists.Query) -> int:
    description = "The month is not a valid month."
    month = _digits(query, "month", 1, 2, description)
    if not 1 <= month <= 12:
        raise errors.invalid(description, "month")
    return month


def _digits(query: lists.Query, name: str, least: int, most: int, description: str) -> int:
    if name not in query:
        raise errors.required(name)
    text = query[name][-1]
    if not re.fullmatch(rf"[0-9]{{{least},{most}}}", text):
        raise errors.invalid(description, name)
    return int(text)
