"""Every call of the provider's port, on an adapter that does not wait for long."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.provider import Collect
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider

READ_TIMEOUT_SECONDS = 0.3


def impatient_provider(base_url: str) -> RazorpayProvider:
    """Return an adapter with READ_TIMEOUT_SECONDS for connecting and for reading."""
    return RazorpayProvider(
        RazorpayAccount(key_id="rzp_test_1", key_secret="secret", webhook_secrets=("hook",)),
        base_url=base_url,
        connect_timeout_seconds=READ_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
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
}
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
