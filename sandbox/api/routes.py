"""Every call of the API on one line: method, path, the name that faults use, and the answering function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.api import disputes, orders, payments, refunds, settlements
from sandbox.api.call import Call


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    name: str
    view: Callable[[Call], dict[str, Any]]

    @property
    def is_refund_request(self) -> bool:
        """Tell whether the call heeds X-Refund-Idempotency."""
        return self.view in (payments.refund, payments.refund_by_body)


ROUTES = (
    Route("POST", "/v1/orders", "orders.create", orders.create),
    Route("GET", "/v1/orders", "orders.list", orders.every),
    Route("GET", "/v1/orders/<order_id>", "orders.fetch", orders.fetch),
    Route("PATCH", "/v1/orders/<order_id>", "orders.update", orders.update),
    Route("GET", "/v1/orders/<order_id>/payments", "orders.payments", orders.payments_of),
    Route("GET", "/v1/payments", "payments.list", payments.every),
    Route("POST", "/v1/payments/create/upi", "payments.create_upi", payments.create_upi),
    Route("GET", "/v1/payments/<payment_id>", "payments.fetch", payments.fetch),
    Route("PATCH", "/v1/payments/<payment_id>", "payments.update", payments.update),
    Route("POST", "/v1/payments/<payment_id>/capture", "payments.capture", payments.capture),
    Route("GET", "/v1/payments/<payment_id>/card", "payments.card", payments.card),
    Route("POST", "/v1/payments/<payment_id>/refund", "payments.refund", payments.refund),
    Route("GET", "/v1/payments/<payment_id>/refunds", "payments.refunds", payments.refunds_of),
    Route("GET", "/v1/payments/<payment_id>/refunds/<refund_id>", "refunds.fetch", payments.refund_of),
    Route("POST", "/v1/refunds", "payments.refund", payments.refund_by_body),
    Route("GET", "/v1/refunds", "refunds.list", refunds.every),
    Route("GET", "/v1/refunds/<refund_id>", "refunds.fetch", refunds.fetch),
    Route("PATCH", "/v1/refunds/<refund_id>", "refunds.update", refunds.update),
    Route("GET", "/v1/disputes", "disputes.list", disputes.every),
    Route("GET", "/v1/disputes/<dispute_id>", "disputes.fetch", disputes.fetch),
    Route("POST", "/v1/disputes/<dispute_id>/accept", "disputes.accept", disputes.accept),
    Route("PATCH", "/v1/disputes/<dispute_id>/contest", "disputes.contest", disputes.contest),
    Route("GET", "/v1/settlements", "settlements.list", settlements.every),
    Route("GET", "/v1/settlements/recon/combined", "settlements.recon", settlements.reconciliation),
    Route("GET", "/v1/settlements/<settlement_id>", "settlements.fetch", settlements.fetch),
)
NAMES = tuple(dict.fromkeys(route.name for route in ROUTES))
