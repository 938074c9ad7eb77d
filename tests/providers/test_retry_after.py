"""Retry-After: in seconds or as a date, bounded, and ignored when it means nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderUnavailable
from gateway.providers.retry_after import RETRY_AFTER_SECONDS_MAX, read_retry_after
from tests.support.http_answers import answering
from tests.support.provider_calls import create_order, impatient_provider
from tests.support.raw_server import head

DATE = "Sun, 22 Nov 2026 08:00:00 GMT"

READABLE = [
    ({"Retry-After": "0"}, 0),
    ({"Retry-After": "2"}, 2),
    ({"Retry-After": "  7 "}, 7),
    ({"Retry-After": "007"}, 7),
    ({"Retry-After": "86400"}, RETRY_AFTER_SECONDS_MAX),
    ({"Retry-After": "9" * 5000}, RETRY_AFTER_SECONDS_MAX),
    ({"Retry-After": "Sun, 22 Nov 2026 08:00:30 GMT", "Date": DATE}, 30),
    ({"Retry-After": "Sunday, 22-Nov-26 08:00:30 GMT", "Date": DATE}, 30),
    ({"Retry-After": "Sun Nov 22 08:00:30 2026", "Date": DATE}, 30),
    ({"Retry-After": "Sun, 22 Nov 2026 13:30:30 +0530", "Date": DATE}, 30),
    ({"Retry-After": "Sun, 22 Nov 2026 07:00:00 GMT", "Date": DATE}, 0),
    ({"Retry-After": "Sun, 29 Nov 2026 07:00:00 GMT", "Date": DATE}, RETRY_AFTER_SECONDS_MAX),
    ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "soon"}, RETRY_AFTER_SECONDS_MAX),
]
UNREADABLE = ["", "-1", "1.5", "soon", "1 minute", "٣", "²", "nan", "inf", "1e3", "Sun, 99 Nov 2026", "0x10"]


@pytest.mark.parametrize(("headers", "seconds"), READABLE)
def test_it_is_read_as_seconds_or_as_a_date_and_bounded(headers: dict[str, str], seconds: float) -> None:
    assert read_retry_after(headers) == seconds


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_means_nothing_is_ignored(text: str) -> None:
    assert read_retry_after({"Retry-After": text}) is None


def test_nothing_said_is_nothing_read() -> None:
    assert read_retry_after({}) is None


def test_without_the_answers_own_date_ours_counts() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    seconds = read_retry_after({"Retry-After": until})

    assert seconds is not None
    assert 50 < seconds <= 60


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (401, ProviderUnavailable),
        (429, ProviderUnavailable),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
        (302, OutcomeUnknown),
    ],
)
def test_every_error_carries_it(status: int, family: type[ProviderError]) -> None:
    sent = head(status, 0, "Retry-After: 12")

    with answering(lambda request: sent) as server, pytest.raises(ProviderError) as raised:
        create_order(impatient_provider(server.base_url))

    assert type(raised.value) is family
    assert (raised.value.http_status, raised.value.retry_after_seconds) == (status, 12)
