"""Payments as they lie in the database at some moment, to be looked at by a customer: fixtures for the tests
of pages, and what is stored for each state of a page."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.context import utc_now
from gateway.domain.models import Payment, ReceiptRef, UpiCollect
from tests.conftest import Stack
from tests.support.domain import NOW, a_payment

KeepPayment = Callable[..., Payment]
PageOf = Callable[..., str]
PAID_AT = datetime(2026, 11, 5, 9, 7, tzinfo=UTC)
COLLECT_EXPIRES_AT = datetime(2099, 3, 1, 23, 5, tzinfo=UTC)
LINK_HOURS = 720


@pytest.fixture
def keep(stack: Stack) -> KeepPayment:
    """A function that stores a payment with a page, in which no worker finds anything to do."""

    def keep(**fields: Any) -> Payment:
        now = utc_now()
        given = {"created_at": now, "updated_at": now, "page_token": secrets.token_urlsafe(24)} | fields
        return a_payment(**given).save(force_insert=True)

    return keep


@pytest.fixture
def page_of(stack: Stack) -> PageOf:
    """A function that returns the address of a payment's page, or of what is below it."""

    def page_of(payment: Payment, below: str = "") -> str:
        return f"{stack.api_url}/pay/{payment.id}{below}?token={payment.page_token}"

    return page_of


def collect(**fields: Any) -> UpiCollect:
    """Return a UPI request that the customer has been sent."""
    values = {"id": "1", "vpa": "asha@okbank", "requested_at": NOW, "asked_at": NOW}
    return UpiCollect(**values | {"provider_payment_id": "pay_1"} | fields)


def captured(status: str = "PAID", **fields: Any) -> dict[str, Any]:
    """Return what is stored of a payment whose money is here, and whose receipt is never made."""
    number = "RCP_12345678_abcdefghij"
    receipt = ReceiptRef(id="r1", number=number, kind="PAYMENT_RECEIPT", issued_at=PAID_AT, stored=True)
    values = {"captured_minor": 50_000, "paid_at": PAID_AT, "payment_method": "upi", "receipts": [receipt]}
    return {"status": status} | values | fields


def cancelled() -> dict[str, Any]:
    """Return what is stored of a payment that somebody cancelled."""
    receipt = ReceiptRef(id="c1", number="CAN_1", kind="CANCELLATION_RECEIPT", issued_at=PAID_AT, stored=True)
    return {"status": "CANCELLED", "cancelled_at": PAID_AT, "receipts": [receipt]}


# For each state of a page what is stored, its fields made anew for each use.
STATES: dict[str, Callable[[], dict[str, Any]]] = {
    "preparing": lambda: {"opened": False, "order_wanted_since": NOW},
    "ready": dict,
    "approve": lambda: {"upi_collect": collect(expires_at=COLLECT_EXPIRES_AT)},
    "confirming": lambda: {"status": "ATTEMPTED", "authorized_at": NOW, "provider_payment_id": None},
    "paid": captured,
    "failed": lambda: {"status": "FAILED", "failure_reason": "Your bank said no."},
    "refused": lambda: {"status": "FAILED", "opened": False, "failure_reason": "Authentication failed"},
    "unreachable": lambda: {
        "status": "FAILED",
        "opened": False,
        "failure_reason": "502",
        "order_may_be_retried": True,
    },
    "cancelled": cancelled,
    "expired": lambda: {"page_wanted_at": utc_now() - timedelta(hours=LINK_HOURS)},
    "refunded": lambda: captured("REFUNDED", refunded_minor=50_000),
    "partly_refunded": lambda: captured("PARTIAL_REFUND", refunded_minor=12_345),
}
