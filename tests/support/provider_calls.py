"""Every call of the provider's port, on an adapter that does not wait for long."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.provider import Collect
from gateway.providers.calls import CallSettings
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider

READ_TIMEOUT_SECONDS = 0.3


def impatient_provider(base_url: str, **settings: Any) -> RazorpayProvider:
    """Return an adapter with READ_TIMEOUT_SECONDS for connecting and for reading, or other settings of its
    calls."""
    values = {
        "connect_timeout_seconds": READ_TIMEOUT_SECONDS,
        "read_timeout_seconds": READ_TIMEOUT_SECONDS,
    }
    return RazorpayProvider(
        RazorpayAccount(key_id="rzp_test_1", key_secret="secret", webhook_secrets=("hook",)),
        base_url=base_url,
        calls=CallSettings(**values | settings),
        connections_max=4,
    )


def create_order(provider: RazorpayProvider) -> Any:
    """Open an order of one rupee."""
    return provider.create_order(amount_minor=100, currency="INR", order_receipt="RCP_1", notes={})


def a_collect(order_id: str, **fields: Any) -> Collect:
    """Return a request of one rupee to a UPI app."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "order_id": order_id,
        "amount_minor": 100,
        "currency": "INR",
        "vpa": "success@razorpay",
        "email": "asha@example.com",
        "phone_number": "+919000000001",
        "description": "Fees",
        "expires_after_minutes": 5,
        "client_address": "127.0.0.1",
        "client_program": "tests",
        "client_page": "http://127.0.0.1:8000",
    }
    return Collect(**values | fields)


def a_day() -> dict[str, Any]:
    """Return the arguments of a list's first page."""
    return {
        "created_from": datetime(2026, 11, 1, tzinfo=UTC),
        "created_to": datetime(2026, 11, 2, tzinfo=UTC),
        "skip": 0,
    }


CALLS: dict[str, Callable[[RazorpayProvider], Any]] = {
    "create_order": create_order,
    "collect_by_upi": lambda provider: provider.collect_by_upi(a_collect("order_1")),
    "find_order": lambda provider: provider.find_order(order_receipt="RCP_1"),
    "order_payments": lambda provider: provider.order_payments("order_1"),
    "fetch_payment": lambda provider: provider.fetch_payment("pay_1"),
    "capture_payment": lambda provider: provider.capture_payment("pay_1", amount_minor=1, currency="INR"),
    "create_refund": lambda provider: provider.create_refund(
        "pay_1", amount_minor=1, refund_id=str(uuid.uuid4()), notes={}
    ),
    "payment_refunds": lambda provider: provider.payment_refunds("pay_1"),
    "fetch_order": lambda provider: provider.fetch_order("order_1"),
    "list_orders": lambda provider: provider.list_orders(**a_day()),
    "list_payments": lambda provider: provider.list_payments(**a_day()),
    "list_refunds": lambda provider: provider.list_refunds(**a_day()),
}
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
