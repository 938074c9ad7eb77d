"""What a customer reads in each state of a payment, and what they can do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.context import utc_now
from gateway.domain.models import Payment, ReceiptRef, UpiCollect
from tests.conftest import Stack
from tests.support.client import snapshot
from tests.support.domain import NOW
from tests.support.pages import Browser, Page

MERCHANT = "Example School Payments Pvt. Ltd."
PAID_AT = datetime(2026, 11, 5, 9, 7, tzinfo=UTC)
BY_ITSELF = "If money left your account all the same, it comes back by itself within 7 working days."
Keep, PageOf = Callable[..., Payment], Callable[..., str]


def _collect(**fields: Any) -> UpiCollect:
    values = {"id": "1", "vpa": "asha@okbank", "requested_at": NOW, "asked_at": NOW}
    return UpiCollect(**values | {"provider_payment_id": "pay_1"} | fields)


def _captured(status: str = "PAID", **fields: Any) -> dict[str, Any]:
    number = "RCP_12345678_abcdefghij"
    receipt = ReceiptRef(id="r1", number=number, kind="PAYMENT_RECEIPT", issued_at=PAID_AT, stored=True)
    values = {"captured_minor": 50_000, "paid_at": PAID_AT, "payment_method": "upi", "receipts": [receipt]}
    return {"status": status} | values | fields


ASKED = (
    "You are asked for ₹500.00 at a***@okbank. Open your UPI app and approve the request."
    " It can be approved until 1 March 2099, 23:05 UTC."
)
EXPIRES_AT = datetime(2099, 3, 1, 23, 5, tzinfo=UTC)
# The state, what is stored, the heading, a sentence below it, and the buttons.
ROWS: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "preparing": (
        {"opened": False, "order_wanted_since": NOW},
        "Your payment is being prepared",
        "This takes a moment.",
        [],
    ),
    "ready": (
        {},
        f"Pay ₹500.00 to {MERCHANT}",
        f"Your card and bank details stay there. {MERCHANT} never sees them.",
        ["Pay ₹500.00"],
    ),
    "approve": (
        {"upi_collect": _collect(expires_at=EXPIRES_AT)},
        "Approve the payment in your UPI app",
        ASKED,
        ["Pay in another way"],
    ),
    "confirming": (
        {"status": "ATTEMPTED", "authorized_at": NOW, "provider_payment_id": None},
        "Your payment is being confirmed",
        "Please do not pay again.",
        [],
    ),
    "paid": (_captured(), "₹500.00 paid", "Thank you. Your payment is complete.", []),
    "failed": (
        {"status": "FAILED", "failure_reason": "Your bank said no."},
        "The payment did not go through",
        f"Your bank said no. You can try again, in the same way or in another. {BY_ITSELF}",
        ["Try again"],
    ),
    "refused": (
        {"status": "FAILED", "opened": False, "failure_reason": "Authentication failed"},
        "This payment cannot be made",
        f"Please ask {MERCHANT} for a new payment, and name the payment number below.",
        [],
    ),
    "unreachable": (
        {"status": "FAILED", "opened": False, "failure_reason": "502", "order_may_be_retried": True},
        "This payment could not be opened",
        "Nothing was taken from you. Razorpay, through which you pay, could not be reached.",
        ["Try again"],
    ),
    "cancelled": (
        {"status": "CANCELLED", "cancelled_at": PAID_AT},
        "This payment was cancelled",
        "Nothing more is taken from you. If you have paid all the same, at the last moment, ask",
        [],
    ),
    "refunded": (
        _captured("REFUNDED", refunded_minor=50_000),
        "₹500.00 refunded",
        "The money goes back to where it came from.",
        [],
    ),
    "partly_refunded": (
        _captured("PARTIAL_REFUND", refunded_minor=12_345),
        "₹123.45 of ₹500.00 refunded",
        "That part goes back to where it came from.",
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
    fields, heading, sentence, buttons = ROWS[state]
    payment = keep(**fields)
    before = snapshot(payment.id)

    page = browser.open(page_of(payment))

    assert (page.status, page.state) == (200, state)
    assert (page.heading, page.title, page.language) == (heading, f"{heading} – {MERCHANT}", "en")
    assert sentence in page.text
    assert _buttons(page) == buttons
    assert (page.refresh_seconds == 2) == (state in WAITING)
    assert ("Check now" in page.links) == (state in WAITING or "receipts" in fields)
    assert page.rows["To"] == MERCHANT
    assert (page.rows["Amount"], page.rows["Payment number"]) == ("₹500.00", payment.id)
    assert [reason for reason in REASONS_NOT_SHOWN if reason in page.text] == []
    assert "script" not in page.tags
    assert snapshot(payment.id) == before


@pytest.mark.parametrize("state", ["paid", "refunded", "partly_refunded"])
def test_what_was_paid_is_told_with_its_date_method_and_receipt(
    browser: Browser, keep: Keep, page_of: PageOf, state: str
) -> None:
    page = browser.open(page_of(keep(**ROWS[state][0], description="Term 1")))

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

    assert (page.rows["Amount"], _buttons(page)) == (shown, [f"Pay {shown}"])
    assert page.forms[0].fields["amount"] == str(minor)


def test_a_way_to_pay_that_is_new_here_is_shown_as_the_provider_writes_it(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    page = browser.open(page_of(keep(**_captured(payment_method="pigeon_post"))))

    assert page.rows["Paid by"] == "pigeon_post"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "FAILED"}, "ready"),
        ({"failure_reason": "The UPI request was refused."}, "failed"),
        ({"upi_collect": _collect(expires_at=utc_now() - timedelta(seconds=1))}, "ready"),
        ({"upi_collect": _collect(provider_payment_id=None, asked_at=None)}, "preparing"),
        ({"unread_provider_payment_id": "pay_1"}, "confirming"),
        ({"unread_provider_payment_id": "pay_1", "failure_reason": "An earlier try."}, "confirming"),
        ({"unread_provider_payment_id": "pay_1", "status": "CANCELLED"}, "confirming"),
        (_captured("PAID", needs_review=True), "paid"),
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
    assert ("This page reloads by itself." in page.text) == (refresh_seconds is not None)
    assert browser.follow("Check now").state == "preparing"


def test_the_form_is_the_documented_one(browser: Browser, keep: Keep, page_of: PageOf, stack: Stack) -> None:
    payment = keep(description="Term 1", payer_phone="+919000000001")

    page = browser.open(page_of(payment))

    (form,) = page.forms
    assert (form.method, form.action) == ("post", f"{stack.sandbox_url}/v1/checkout/embedded")
    assert form.fields == {
        "key_id": stack.environ["RAZORPAY_KEY_ID"],
        "order_id": payment.provider_order_id,
        "amount": "50000",
        "currency": "INR",
        "name": MERCHANT,
        "description": "Term 1",
        "prefill[email]": payment.user_email,
        "prefill[contact]": "+919000000001",
        "callback_url": page_of(payment, "/callback"),
        "cancel_url": page_of(payment),
    }


def test_a_page_is_small(browser: Browser, keep: Keep, page_of: PageOf, stack: Stack) -> None:
    page = browser.open(page_of(keep(description="x" * 255)))

    (path,) = page.stylesheets
    stylesheet = browser.http.get(stack.api_url + path)
    assert len(page.answer.content) + len(stylesheet.content) < 100_000
    assert (stylesheet.status_code, stylesheet.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
