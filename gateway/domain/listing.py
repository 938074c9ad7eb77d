"""Payments newest first, page by page or all of them, filtered. Reads only.

A page is found by where the last one ended, never by counting, so that payments that arrive meanwhile move
nothing. It is looked for in windows of time that grow until it is full, so that its cost depends on what it
holds and not on how much lies behind it, also where a server sorts everything that matches.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Self

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import canonical_uuid
from gateway.domain.models import Payment
from gateway.domain.money import EXPONENTS, UNROUNDED

NEWEST_FIRST = {"created_at": -1, "_id": -1}
FIRST_WINDOW = timedelta(seconds=1)
WINDOW_GROWTH = 8
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
ROWS_AT_A_TIME = 1000
# The largest integer that MongoDB holds.
AMOUNT_MINOR_MAX = 2**63 - 1
# What no list shows, and what makes a document long.
LEFT_OUT = (
    "history",
    "refunds",
    "receipts",
    "duplicates",
    "discrepancies",
    "idempotency_key",
    "request_fingerprint",
    "page_token",
    "page_wanted_at",
)
SEARCHED = ("order_receipt", "user_email", "provider_order_id", "provider_payment_id", "receipts.number")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which payments. Amounts in major units; all bounds are inclusive; text is looked for anywhere in the
    receipt numbers, the e-mail address and the provider's ids."""

    status: str | None = None
    method: str | None = None
    currency: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    text: str | None = None


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: at this payment."""

    created_at: datetime
    payment_id: str

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """Return the place of a payment."""
        return cls(payment.created_at, payment.id)

    def __str__(self) -> str:
        """Return the form that clients hand back; they need not know what is in it."""
        milliseconds = (self.created_at - BEGINNING) // MILLISECOND
        return base64.urlsafe_b64encode(f"{milliseconds}.{self.payment_id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what __str__ wrote. Raises InvalidInput."""
        try:
            padded = text + "=" * (-len(text) % 4)
            milliseconds, dot, payment_id = base64.urlsafe_b64decode(padded).decode("ascii").partition(".")
            created_at = BEGINNING + int(milliseconds) * MILLISECOND
            payment_id = canonical_uuid(payment_id)
        except (binascii.Error, ValueError, OverflowError) as error:
            raise _not_a_cursor() from error
        cursor = cls(created_at, payment_id)
        if not dot or str(cursor) != text:
            raise _not_a_cursor()
        return cursor


def _not_a_cursor() -> InvalidInput:
    return InvalidInput("The request is not valid.", cursor="must be the nextCursor of an earlier page")


@dataclass(frozen=True)
class Page:
    """Payments, newest first, and where the next page begins, if there is one."""

    payments: list[Payment]
    next_cursor: Cursor | None


def page(scope: dict[str, Any], filters: Filters, after: Cursor | None, limit: int, *, now: datetime) -> Page:
    """Return the payments of a scope (see `access`) that follow the cursor, at most `limit` of them."""
    found = _newest(scope, filters, after, limit + 1, now)
    return Page(found[:limit], Cursor.of(found[limit - 1]) if len(found) > limit else None)


def every(scope: dict[str, Any], filters: Filters, *, now: datetime) -> Iterator[Payment]:
    """Give all payments of a scope, newest first, without ever holding more than ROWS_AT_A_TIME of them."""
    after = None
    while True:
        rows = _newest(scope, filters, after, ROWS_AT_A_TIME, now)
        yield from rows
        if len(rows) < ROWS_AT_A_TIME:
            return
        after = Cursor.of(rows[-1])


def _newest(
    scope: dict[str, Any], filters: Filters, after: Cursor | None, limit: int, now: datetime
) -> list[Payment]:
    conditions = _conditions(filters)
    if after:
        older = {"created_at": {"$lt": after.created_at}}
        conditions.append({"$or": [older, {"_id": {"$lt": after.payment_id}}]})
    collection = Payment._get_collection()
    found: list[dict[str, Any]] = []
    for window in _windows(filters, after, now):
        # Two matches, because the embedded server of the local stack only uses an index that serves a whole
        # one; MongoDB itself joins them.
        pipeline: list[dict[str, Any]] = [
            {"$match": scope | {"created_at": window}},
            *({"$match": condition} for condition in conditions),
            {"$sort": NEWEST_FIRST},
            {"$limit": limit - len(found)},
            {"$project": dict.fromkeys(LEFT_OUT, 0)},
        ]
        found += collection.aggregate(pipeline)
        if len(found) == limit:
            break
    return [Payment._from_son(row) for row in found]


def _windows(filters: Filters, after: Cursor | None, now: datetime) -> Iterator[dict[str, datetime]]:
    """Give ranges of time, from the newest to the oldest payment that can be wanted, without a gap. The
    first one is open at its end: the clocks of two web processes differ a little."""
    newest = min((time for time in (after and after.created_at, filters.created_to) if time), default=None)
    oldest = max(filters.created_from or BEGINNING, BEGINNING)
    upper = {"$lte": newest} if newest else {}
    start = min(newest or now, now)
    width = FIRST_WINDOW
    while start - oldest > width:
        start -= width
        yield upper | {"$gt": start}
        upper = {"$lte": start}
        width *= WINDOW_GROWTH
    # Times are whole milliseconds; under $gte the embedded server of the local stack leaves equal ones out.
    yield upper | {"$gt": oldest - MILLISECOND}


def _conditions(filters: Filters) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = []
    if filters.status:
        conditions.append({"status": filters.status})
    if filters.currency:
        conditions.append({"currency": filters.currency})
    if filters.method:
        used = {"requested_method": None, "payment_method": filters.method}
        conditions.append({"$or": [{"requested_method": filters.method}, used]})
    if filters.amount_from is not None or filters.amount_to is not None:
        conditions.append(_amounts(filters))
    if filters.text:
        pattern = {"$regex": re.escape(filters.text), "$options": "i"}
        conditions.append({"$or": [{name: pattern} for name in SEARCHED]})
    return conditions


def _amounts(filters: Filters) -> dict[str, Any]:
    """Return the condition on amounts in major units, which are stored in units that differ by currency."""
    by_digits: dict[int, list[str]] = {}
    for currency, digits in EXPONENTS.items():
        by_digits.setdefault(digits, []).append(currency)
    choices = [
        {"currency": {"$in": currencies}, "amount_minor": _minor_bounds(filters, digits)}
        for digits, currencies in by_digits.items()
    ]
    others = {"currency": {"$nin": list(EXPONENTS)}, "amount_minor": _minor_bounds(filters, 2)}
    return {"$or": [*choices, others]}


def _minor_bounds(filters: Filters, digits: int) -> dict[str, int]:
    """Return bounds in the smallest unit, a fraction of which excludes what lies on its other side."""
    bounds = {}
    if filters.amount_from is not None:
        bounds["$gte"] = _whole(filters.amount_from, digits, ROUND_CEILING)
    if filters.amount_to is not None:
        bounds["$lte"] = _whole(filters.amount_to, digits, ROUND_FLOOR)
    return bounds


def _whole(amount: Decimal, digits: int, rounding: str) -> int:
    return min(int(amount.scaleb(digits, UNROUNDED).to_integral_value(rounding)), AMOUNT_MINOR_MAX)
