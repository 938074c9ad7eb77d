"""Reads Retry-After: how long a server wants to be left alone (RFC 9110, section 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A server that asks for more is asked again after this time all the same: a mistake there, or a clock that
# is wrong, must not keep payments out for hours.
RETRY_AFTER_SECONDS_MAX = 300.0


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, up to RETRY_AFTER_SECONDS_MAX; None when the header is missing or means
    nothing. A date counts from the answer's own Date, so that it does not matter whose clock is wrong."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_SECONDS_MAX)
    until = _date(text)
    if until is None:
        return None
    answered_at = _date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - answered_at).total_seconds(), 0.0), RETRY_AFTER_SECONDS_MAX)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
