"""What a customer reads in each state of a payment, and what they can do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.context import utc_now
from gateway.domain.models import Payment
from gateway.web import strings
from gateway.web.content import moment
from tests.conftest import Stack
from tests.support.client import snapshot
from tests.support.domain import NOW
from tests.support.kept_payments import (
    COLLECT_EXPIRES_AT,
    LINK_HOURS,
    PAID_AT,
    STATES,
    cancelled,
    captured,
    collect,
)
from tests.support.pages import Browser, Page

MERCHANT = "Example School Payments Pvt. Ltd."
BY_ITSELF = "If money left your account all the same, it comes back by itself within 7 working days."
Keep, PageOf = Callable[..., Payment], Callable[..., str]


ASKED = (
    "You are asked for ₹500.00 at a***@okbank. Open your UPI app and approve the request."
    " It can be approved until 1 March 2099, 23:05 UTC."
)
# The state, the heading, a sentence below it, the button that opens Checkout, and those of forms.
ROWS: dict[str, tuple[str, str, str, list[str]]] = {
    "preparing": ("Your payment is being prepared", "This takes a moment.", "", []),
    "ready": (
        f"Pay ₹500.00 to {MERCHANT}",
        f"Your card and bank details stay there. {MERCHANT} never sees them.",
        "Pay ₹500.00",
        [],
    ),
    "approve": ("Approve the payment in your UPI app", ASKED, "Pay in another way", []),
    "confirming": ("Your payment is being confirmed", "Please do not pay again.", "", []),
    "paid": ("₹500.00 paid", "Thank you. Your payment is complete.", "", []),
    "failed": (
        "The payment did not go through",
        f"Your bank said no. You can try again, in the same way or in another. {BY_ITSELF}",
        "Try again",
        [],
    ),
    "refused": (
        "This payment cannot be made",
        f"Please ask {MERCHANT} for a new payment, and name the payment number below.",
        "",
        [],
    ),
    "unreachable": (
        "This payment could not be opened",
        "Nothing was taken from you. Razorpay, through which you pay, could not be reached.",
        "",
        ["Try again"],
    ),
    "cancelled": (
        "This payment was cancelled",
        "Nothing more is taken from you. If you have paid all the same, at the last moment, ask",
        "",
        [],
    ),
    "expired": (
        "This payment link has expired",
        f"If you still want to pay, ask {MERCHANT} for a new link, and name the payment number below.",
        "",
        [],
    ),
    "refunded": ("₹500.00 refunded", "The money goes back to where it came from.", "", []),
    "partly_refunded": (
        "₹123.45 of ₹500.00 refunded",
        "That part goes back to where it came from.",
        "",
        [],
    ),
}
WAITING = {"preparing", "approve", "confirming"}
# The reason for which an order was refused is about our account, and none of the customer's business.
REASONS_NOT_SHOWN = ("Authentication failed", "502")


def _buttons(page: Page) -> list[str]:
    return [button for form in page.forms for button in form.buttons]


@pytest.mark.parametrize("state", ROWS)
def test_a_state_says_what_happened_and_what_can_be_done(
    browser: Browser, keep: Keep, page_of: PageOf, state: str
) -> None:
    heading, sentence, pay, buttons = ROWS[state]
    fields = STATES[state]()
    payment = keep(**fields)
    before = snapshot(payment.id)

    page = browser.open(page_of(payment))

    assert (page.status, page.state) == (200, state)
    assert (page.heading, page.title, page.language) == (heading, f"{heading} – {MERCHANT}", "en")
    assert sentence in page.text
    assert (page.pay, _buttons(page)) == (pay, buttons)
    assert ("Paying here needs JavaScript" in page.text) == bool(pay)
    assert (page.refresh_seconds == 2) == (state in WAITING)
    assert ("Check now" in page.links) == (state in WAITING or "captured_minor" in fields)
    assert page.rows["To"] == MERCHANT
    assert (page.rows["Amount"], page.rows["Payment number"]) == ("₹500.00", payment.id)
    assert [reason for reason in REASONS_NOT_SHOWN if reason in page.text] == []
    assert [path.rsplit("/", 1)[1] for path in page.scripts] == ["pay.js"]
    assert snapshot(payment.id) == before


@pytest.mark.parametrize("state", ["paid", "refunded", "partly_refunded"])
def test_what_was_paid_is_told_with_its_date_method_and_receipt(
    browser: Browser, keep: Keep, page_of: PageOf, state: str
) -> None:
    page = browser.open(page_of(keep(**STATES[state](), description="Term 1")))

    refunded = {"refunded": {"Refunded": "₹500.00"}, "partly_refunded": {"Refunded": "₹123.45"}}
    assert page.rows == {
        "To": MERCHANT,
        "Amount": "₹500.00",
        **refunded.get(state, {}),
        "For": "Term 1",
        "Paid on": "5 November 2026, 09:07 UTC",
        "Paid by": "UPI",
        "Receipt": "RCP_12345678_abcdefghij",
        "Payment number": page.rows["Payment number"],
    }


@pytest.mark.parametrize(
    ("minor", "currency", "shown"), [(5000, "JPY", "¥5,000"), (12340, "KWD", "12.340 KWD")]
)
def test_an_amount_has_its_currency_and_that_ones_decimals(
    browser: Browser, keep: Keep, page_of: PageOf, minor: int, currency: str, shown: str
) -> None:
    page = browser.open(page_of(keep(amount_minor=minor, currency=currency)))

    assert (page.rows["Amount"], page.pay) == (shown, f"Pay {shown}")
    assert (page.checkout["amount"], page.checkout["currency"]) == (minor, currency)


def test_a_way_to_pay_that_is_new_here_is_shown_as_the_provider_writes_it(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    page = browser.open(page_of(keep(**captured(payment_method="pigeon_post"))))

    assert page.rows["Paid by"] == "pigeon_post"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "FAILED"}, "ready"),
        ({"failure_reason": "The UPI request was refused."}, "failed"),
        ({"upi_collect": collect(expires_at=utc_now() - timedelta(seconds=1))}, "ready"),
        ({"upi_collect": collect(provider_payment_id=None, asked_at=None)}, "preparing"),
        ({"unread_provider_payment_id": "pay_1"}, "confirming"),
        ({"unread_provider_payment_id": "pay_1", "failure_reason": "An earlier try."}, "confirming"),
        ({"unread_provider_payment_id": "pay_1", "status": "CANCELLED"}, "confirming"),
        (captured("PAID", needs_review=True), "paid"),
    ],
)
def test_what_counts_is_the_money_and_not_the_last_word_of_the_status(
    browser: Browser, keep: Keep, page_of: PageOf, fields: dict[str, Any], state: str
) -> None:
    assert browser.open(page_of(keep(**fields))).state == state


@pytest.mark.parametrize(
    ("waited", "refresh_seconds"),
    [
        (timedelta(0), 2),
        (timedelta(seconds=20), 5),
        (timedelta(minutes=10), 30),
        (timedelta(minutes=59), 30),
        (timedelta(minutes=61), None),
    ],
)
def test_a_page_that_waits_looks_ever_more_seldom_and_not_for_ever(
    browser: Browser, keep: Keep, page_of: PageOf, waited: timedelta, refresh_seconds: int | None
) -> None:
    page = browser.open(page_of(keep(opened=False, order_wanted_since=utc_now() - waited)))

    assert page.state == "preparing"
    assert page.refresh_seconds == refresh_seconds
    assert ("This page updates by itself." in page.text) == (refresh_seconds is not None)
    assert browser.follow("Check now").state == "preparing"


def test_checkout_is_opened_with_the_documented_options(
    browser: Browser, keep: Keep, page_of: PageOf, stack: Stack
) -> None:
    payment = keep(description="Term 1", payer_phone="+919000000001")

    page = browser.open(page_of(payment))

    assert page.script_url == f"{stack.sandbox_url}/v1/checkout.js"
    assert page.checkout == {
        "key": stack.environ["RAZORPAY_KEY_ID"],
        "order_id": payment.provider_order_id,
        "amount": 50_000,
        "currency": "INR",
        "name": MERCHANT,
        "description": "Term 1",
        "prefill": {"email": payment.user_email, "contact": "+919000000001"},
        "theme": {"color": "#1a56c4"},
        "callback_url": page_of(payment, "/callback"),
    }


def test_what_nobody_knows_of_the_payer_is_not_filled_in(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    page = browser.open(page_of(keep(user_email=None)))

    assert (page.checkout["prefill"], page.checkout["description"]) == ({}, "Payment")


def test_the_words_of_the_script_come_with_the_page(browser: Browser, keep: Keep, page_of: PageOf) -> None:
    assert browser.open(page_of(keep())).script_words == strings.SAID_BY_SCRIPT


@pytest.mark.parametrize(
    ("hours", "fields", "state"),
    [
        (LINK_HOURS - 1, {}, "ready"),
        (LINK_HOURS, {}, "expired"),
        (LINK_HOURS, {"status": "FAILED", "failure_reason": "Your bank said no."}, "expired"),
        (LINK_HOURS, {"status": "FAILED", "opened": False, "order_may_be_retried": True}, "expired"),
        (LINK_HOURS, {"opened": False, "order_wanted_since": NOW}, "preparing"),
        (LINK_HOURS, {"upi_collect": collect(expires_at=COLLECT_EXPIRES_AT)}, "approve"),
        (LINK_HOURS, {"status": "ATTEMPTED", "authorized_at": NOW}, "confirming"),
        (100 * LINK_HOURS, captured(), "paid"),
        (100 * LINK_HOURS, captured("REFUNDED", refunded_minor=50_000), "refunded"),
        (100 * LINK_HOURS, cancelled(), "cancelled"),
        (0, {"status": "CANCELLED", "cancelled_at": PAID_AT}, "expired"),
    ],
)
def test_only_a_link_that_asks_for_money_expires(
    browser: Browser, keep: Keep, page_of: PageOf, hours: int, fields: dict[str, Any], state: str
) -> None:
    wanted_at = utc_now() - timedelta(hours=hours)

    assert browser.open(page_of(keep(page_wanted_at=wanted_at, **fields))).state == state


@pytest.mark.parametrize("name", ["order_wanted_since", "created_at"])
def test_a_link_of_an_earlier_release_expires_by_what_is_known_of_it(
    browser: Browser, keep: Keep, page_of: PageOf, name: str
) -> None:
    late = utc_now() - timedelta(hours=LINK_HOURS)

    assert browser.open(page_of(keep(**{name: late}))).state == "expired"


def test_until_when_it_can_be_paid_is_told_while_it_can(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    wanted_at = utc_now() - timedelta(hours=LINK_HOURS - 24)

    page = browser.open(page_of(keep(page_wanted_at=wanted_at)))

    assert page.rows["Can be paid until"] == moment(wanted_at + timedelta(hours=LINK_HOURS))
    assert "Can be paid until" not in browser.open(page_of(keep(**captured()))).rows
