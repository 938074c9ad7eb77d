"""The card of a payment's page, which the page's script asks for alone: what is new, when to ask again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from gateway.domain.context import utc_now
from gateway.domain.models import Payment
from tests.support.client import snapshot
from tests.support.kept_payments import STATES
from tests.support.pages import Browser, Page

Keep, PageOf = Callable[..., Payment], Callable[..., str]


def _card(url: str, version: str | None = None) -> requests.Response:
    headers = {"If-None-Match": version} if version else {}
    return requests.get(url, headers=headers, timeout=30)


@pytest.mark.parametrize("state", STATES)
def test_the_card_is_the_pages_own(browser: Browser, keep: Keep, page_of: PageOf, state: str) -> None:
    payment = keep(**STATES[state]())
    before = snapshot(payment.id)
    page = browser.open(page_of(payment))

    card = _card(page_of(payment, "/card"))
    again = _card(page_of(payment, "/card"), card.headers["ETag"])

    assert (card.status_code, card.headers["Cache-Control"]) == (200, "no-store")
    assert card.headers["ETag"] == f'"{page.card_version}"'
    assert card.text in page.answer.text
    assert page.card_url == f"/pay/{payment.id}/card?token={payment.page_token}"
    assert (Page(card).state, Page(card).heading, Page(card).rows) == (state, page.heading, page.rows)
    assert (again.status_code, again.text) == (304, "")
    assert snapshot(payment.id) == before


def test_a_card_that_has_changed_is_sent_whole(keep: Keep, page_of: PageOf) -> None:
    payment = keep()
    first = _card(page_of(payment, "/card"))

    Payment.objects(id=payment.id).update_one(set__captured_minor=50_000, set__status="PAID")
    second = _card(page_of(payment, "/card"), first.headers["ETag"])

    assert (Page(first).state, Page(second).state) == ("ready", "paid")
    assert second.status_code == 200


@pytest.mark.parametrize(
    ("waited", "after"),
    [
        (timedelta(0), "2"),
        (timedelta(seconds=20), "5"),
        (timedelta(minutes=10), "30"),
        (timedelta(hours=2), None),
    ],
)
def test_a_card_that_waits_says_when_to_ask_again_and_stops_in_the_end(
    keep: Keep, page_of: PageOf, waited: timedelta, after: str | None
) -> None:
    url = page_of(keep(opened=False, order_wanted_since=utc_now() - waited), "/card")

    card = _card(url)
    again = _card(url, card.headers["ETag"])

    assert [answer.headers.get("Retry-After") for answer in (card, again)] == [after, after]
    assert again.status_code == 304


def test_a_card_that_waits_for_nothing_asks_for_nothing(keep: Keep, page_of: PageOf) -> None:
    assert "Retry-After" not in _card(page_of(keep(), "/card")).headers


def test_the_card_knows_of_a_failure_that_its_page_was_told_of(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    payment = keep()

    page = browser.open(f"{page_of(payment)}&result=failed")
    card = _card(f"{page_of(payment, '/card')}&result=failed")

    assert page.card_url.endswith("&result=failed")
    assert (page.state, Page(card).state, card.headers["ETag"]) == (
        "failed",
        "failed",
        f'"{page.card_version}"',
    )


def test_a_settled_card_says_that_the_providers_window_has_no_use(keep: Keep, page_of: PageOf) -> None:
    settled = [
        state for state in STATES if " data-settled" in _card(page_of(keep(**STATES[state]()), "/card")).text
    ]

    assert settled == ["confirming", "paid", "refunded", "partly_refunded"]
