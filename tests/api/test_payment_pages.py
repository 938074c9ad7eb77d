"""The cursor of the list: pages never repeat or leave out a payment, however many were made at one instant,
however far apart, and whatever arrives meanwhile."""

import base64
import random
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from tests.support.client import Person
from tests.support.second_door import PAYMENT, create, ids_of, inserted, listed, pages
from tests.support.shapes import refused

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
ONE_ID = "5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11"


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 22, 23, 24])
def test_pages_of_any_size_hold_everything_once_in_order(customer: Person, limit: int) -> None:
    ids = inserted(customer, [NOON + timedelta(seconds=number // 3) for number in range(23)])

    found = pages(customer.api, limit=limit)

    assert list(chain(*found)) == ids
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
    assert len(found) == -(-23 // limit)


def test_hundreds_of_payments_of_one_millisecond_are_each_shown_once(customer: Person) -> None:
    times = [NOON] * 250 + [NOON - MILLISECOND] * 60 + [NOON + MILLISECOND] * 40

    ids = inserted(customer, times)

    assert [len(page) for page in pages(customer.api, limit=99)] == [99, 99, 99, 53]
    assert list(chain(*pages(customer.api, limit=99))) == ids


def test_payments_that_are_years_apart_are_all_found(customer: Person) -> None:
    dice = random.Random(20240301)
    recent = datetime.now(UTC).replace(microsecond=0)
    times = [
        *(recent - timedelta(seconds=8**power + jitter) for power in range(11) for jitter in (-1, 0, 1)),
        *(recent - timedelta(seconds=dice.uniform(0, 50 * 365 * 86_400)) for _ in range(40)),
        *(recent - sum((timedelta(seconds=8**k) for k in range(n)), timedelta()) for n in range(10)),
        datetime(1970, 1, 1, tzinfo=UTC),
        recent + timedelta(minutes=1),
    ]
    ids = inserted(customer, [time.replace(microsecond=0) for time in times])

    assert [list(chain(*pages(customer.api, limit=limit))) for limit in (5, 100)] == [ids] * 2


def test_what_arrives_between_two_pages_moves_nothing(customer: Person) -> None:
    ids = inserted(customer, [NOON] * 6)

    first = listed(customer.api, limit=2)
    arrived = [create(customer)["paymentId"] for _ in range(2)]
    second = listed(customer.api, limit=2, cursor=first["nextCursor"])
    arrived += [create(customer)["paymentId"] for _ in range(2)]
    third = listed(customer.api, limit=2, cursor=second["nextCursor"])

    assert [ids_of(page) for page in (first, second, third)] == [ids[:2], ids[2:4], ids[4:]]
    assert third["nextCursor"] is None
    assert list(chain(*pages(customer.api, limit=3))) == [*reversed(arrived), *ids]


def test_the_last_full_page_has_no_successor(customer: Person) -> None:
    inserted(customer, [NOON] * 4)

    assert [len(page) for page in pages(customer.api, limit=2)] == [2, 2]
    assert listed(customer.api, limit=4)["nextCursor"] is None


def test_pages_keep_to_their_filters(customer: Person) -> None:
    paid = inserted(customer, [NOON + timedelta(days=day) for day in range(9)], status="PAID")
    inserted(customer, [NOON + timedelta(days=day) for day in range(9)], status="FAILED")

    found = pages(customer.api, limit=2, status="PAID", createdFrom="2024-03-02", createdTo="2024-03-08")

    assert list(chain(*found)) == paid[1:8]


def test_a_cursor_shows_nothing_of_the_person_that_it_came_from(customer: Person, stranger: Person) -> None:
    inserted(customer, [NOON + timedelta(minutes=minute) for minute in range(4)])
    newer, older = inserted(stranger, [NOON - MILLISECOND, NOON + timedelta(hours=1)])
    cursor = listed(customer.api, limit=2)["nextCursor"]

    found = listed(stranger.api, cursor=cursor)

    assert ids_of(found) == [older]
    assert newer not in ids_of(found)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "undefined",
        "a" * 201,
        "é",
        ONE_ID,
        "1709294400000." + ONE_ID,
        _cursor(ONE_ID),
        _cursor("1709294400000"),
        _cursor("1709294400000."),
        _cursor("1709294400000.x"),
        _cursor(f".{ONE_ID}"),
        _cursor(f"now.{ONE_ID}"),
        _cursor(f"1e3.{ONE_ID}"),
        _cursor(f"+1709294400000.{ONE_ID}"),
        _cursor(f"{'9' * 30}.{ONE_ID}"),
        _cursor(f"1709294400000.{ONE_ID.upper()}"),
        _cursor(f"1709294400000.{ONE_ID}") + "A",
        _cursor(f"1709294400000.{ONE_ID}")[:-1],
        _cursor(f"1709294400000.{ONE_ID}") + "=",
        _cursor('1709294400000.{"$gt":""}'),
        _cursor('{"created_at": 1}'),
    ],
)
def test_what_is_no_cursor_is_refused(customer: Person, cursor: str) -> None:
    answer = customer.api.get(PAYMENT, params={"cursor": cursor})

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == ["cursor"]


def test_a_cursor_beyond_the_last_payment_finds_nothing(customer: Person) -> None:
    inserted(customer, [NOON])

    page = listed(customer.api, cursor=_cursor(f"1.{ONE_ID}"))

    assert (page["result"], page["nextCursor"]) == ([], None)
