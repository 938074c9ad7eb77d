"""One of everything that a route can name, for tests that walk all routes."""

from dataclasses import dataclass
from typing import Any

import requests

from gateway.domain.api_keys import SCOPES
from tests.support.client import (
    PAYMENT,
    PAYMENTS,
    Api,
    PaidOrder,
    Person,
    Sandbox,
    open_order,
    paid_order,
    snapshot,
    stored,
)
from tests.support.waiting import wait_until

# Lists of one's own, which staff and programs narrow to a school.
OWN_LISTS = (PAYMENT, f"{PAYMENT}.csv")

READ, WRITE, REFUND, STATS, METRICS = SCOPES
# Which scope an API key needs for which route; the others take no keys.
SCOPE_OF = {
    ("POST", f"{PAYMENTS}/orders"): WRITE,
    ("POST", f"{PAYMENTS}/verify"): WRITE,
    ("POST", f"{PAYMENTS}/orders/{{orderId}}/cancel"): WRITE,
    ("GET", f"{PAYMENTS}/orders/{{orderId}}/status"): READ,
    ("GET", f"{PAYMENTS}/receipts/{{receiptId}}/download"): READ,
    ("GET", f"{PAYMENTS}/schools/{{schoolId}}/payments"): READ,
    ("GET", f"{PAYMENTS}/schools/{{schoolId}}/payments.csv"): READ,
    ("GET", f"{PAYMENTS}/stats"): STATS,
    ("POST", f"{PAYMENTS}/refunds"): REFUND,
    ("GET", "/metrics"): METRICS,
    ("GET", PAYMENT): READ,
    ("GET", f"{PAYMENT}.csv"): READ,
    ("GET", f"{PAYMENT}/{{paymentId}}"): READ,
    ("GET", f"{PAYMENT}/{{paymentId}}/status"): READ,
    ("POST", PAYMENT): WRITE,
    ("POST", f"{PAYMENT}/create"): WRITE,
    ("POST", f"{PAYMENT}/{{paymentId}}/process"): WRITE,
    ("POST", f"{PAYMENT}/{{paymentId}}/cancel"): WRITE,
    ("POST", f"{PAYMENT}/{{paymentId}}/refund"): REFUND,
}


@dataclass(frozen=True)
class Named:
    """A paid order and an open one of the customer, the checkout of the open one, and a payment that was
    recorded and not processed yet."""

    paid: PaidOrder
    open_order_id: str
    open_payment_id: str
    recorded_id: str
    checkout: dict[str, str]

    def call(self, api: Api, method: str, path: str, *, order_id: str | None = None) -> requests.Response:
        """Call the operation about what this names."""
        url = path.format(
            orderId=order_id or self.open_order_id,
            receiptId=self.paid.receipt["id"],
            schoolId=self.paid.school_id,
            paymentId=self.paid.payment_id if path.endswith("/refund") else self.recorded_id,
        )
        bodies: dict[str, Any] = {
            f"{PAYMENTS}/verify": self.checkout,
            f"{PAYMENTS}/refunds": {"paymentId": self.paid.payment_id, "amount": 1},
        }
        needs_school = path.endswith("/stats") or path in OWN_LISTS
        query = {"schoolId": self.paid.school_id} if needs_school else {}
        return api.call(method, url, bodies.get(path), params=query)

    def snapshots(self) -> list[dict[str, Any]]:
        """Return everything stored about what this names, to compare before and after."""
        ids = (self.paid.payment_id, self.open_payment_id, self.recorded_id)
        return [snapshot(payment_id) for payment_id in ids]


def named_by(customer: Person, sandbox: Sandbox) -> Named:
    """Make one of everything for the customer, and wait until nothing more happens to it."""
    # Nothing may change these behind a test's back: no webhook, and no receipt that is still being made.
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    wait_until(lambda: stored(paid.payment_id).work is None, "the end of the payment's work")
    order_id, payment_id = open_order(customer)
    new = {"email": customer.email, "amount": 70, "currency": "INR", "paymentMethod": "card"}
    recorded = customer.api.post(PAYMENT, new | {"schoolId": customer.school_id}).json()["result"]
    checkout = {"razorpay_order_id": order_id, "razorpay_payment_id": paid.provider_payment_id}
    signature = sandbox.sign_checkout(order_id, paid.provider_payment_id)
    return Named(
        paid, order_id, payment_id, recorded["paymentId"], checkout | {"razorpay_signature": signature}
    )
