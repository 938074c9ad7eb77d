"""Every call of the provider's port, on an adapter that does not wait for long."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

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


CALLS: dict[str, Callable[[RazorpayProvider], Any]] = {
    "create_order": create_order,
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
