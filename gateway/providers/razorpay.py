"""The domain's port, spoken to Razorpay through its official client.

The client on its own has no time-outs, prints on network errors, hides HTTP status and reason, and checks
TLS against a bundle of 2015; the session given to it here (see `razorpay_http`) mends all four.
Razorpay's behaviour is described at https://razorpay.com/docs/api/.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

import certifi
import razorpay

from gateway.domain.provider import (
    Collect,
    OutcomeUnknown,
    ProviderEvent,
    ProviderOrder,
    ProviderPayment,
    ProviderRefund,
)
from gateway.providers.razorpay_http import TranslatingSession
from gateway.providers.razorpay_parse import (
    COLLECT_ID_NOTE,
    parse_collected,
    parse_event,
    parse_order,
    parse_payment,
    parse_refund,
)

# Documented maximum of one page of a list.
LIST_COUNT_MAX = 100


@dataclass(frozen=True, kw_only=True)
class RazorpayAccount:
    """The keys of one account. webhook_secrets: every secret that deliveries may be signed with."""

    key_id: str
    key_secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


class RazorpayProvider:
    """One account at Razorpay. Make it after a fork; its threads may share it."""

    def __init__(
        self,
        account: RazorpayAccount,
        *,
        base_url: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        connections_max: int,
    ) -> None:
        self._account = account
        self._timeout = (connect_timeout_seconds, read_timeout_seconds)
        self._client: Any = razorpay.Client(
            session=TranslatingSession(connections_max),
            auth=(account.key_id, account.key_secret),
            base_url=base_url.rstrip("/"),
        )
        self._client.cert_path = certifi.where()

    def create_order(
        self, *, amount_minor: int, currency: str, order_receipt: str, notes: dict[str, str]
    ) -> ProviderOrder:
        """POST /v1/orders. Razorpay has no idempotency key for it."""
        data = {"amount": amount_minor, "currency": currency, "receipt": order_receipt, "notes": notes}
        return parse_order(self._client.order.create(data, timeout=self._timeout))

    def find_order(self, *, order_receipt: str) -> ProviderOrder | None:
        """GET /v1/orders?receipt=…, compared here once more, in case the filter is not applied."""
        answer = self._client.order.all({"receipt": order_receipt}, timeout=self._timeout)
        orders = [parse_order(each) for each in _items(answer)]
        ours = [order for order in orders if order.order_receipt == order_receipt]
        return min(ours, key=lambda order: order.created_at, default=None)

    def collect_by_upi(self, collect: Collect) -> str:
        """POST /v1/payments/create/upi with the flow "collect". Our id goes along in the payment's notes.

        Razorpay offers this flow only to some merchants since 28 February 2026 (its page on UPI Collect).
        """
        data = {
            "amount": collect.amount_minor,
            "currency": collect.currency,
            "order_id": collect.order_id,
            "email": collect.email,
            "contact": collect.phone_number,
            "method": "upi",
            "description": collect.description,
            "notes": {COLLECT_ID_NOTE: collect.id},
            "ip": collect.client_address,
            "user_agent": collect.client_program,
            "referer": collect.client_page,
            "upi": {
                "flow": "collect",
                "vpa": collect.vpa,
                "expiry_time": collect.expires_after_minutes,
            },
        }
        return parse_collected(self._client.payment.createUpi(data, timeout=self._timeout))

    def order_payments(self, order_id: str) -> list[ProviderPayment]:
        """GET /v1/orders/{id}/payments."""
        answer = self._client.order.payments(order_id, {}, timeout=self._timeout)
        return [parse_payment(each) for each in _items(answer)]

    def fetch_payment(self, payment_id: str) -> ProviderPayment:
        """GET /v1/payments/{id}."""
        return parse_payment(self._client.payment.fetch(payment_id, {}, timeout=self._timeout))

    def capture_payment(self, payment_id: str, *, amount_minor: int, currency: str) -> ProviderPayment:
        """POST /v1/payments/{id}/capture. The client writes into the dict, so each call gets its own."""
        answer = self._client.payment.capture(
            payment_id, amount_minor, {"currency": currency}, timeout=self._timeout
        )
        return parse_payment(answer)

    def create_refund(
        self, payment_id: str, *, amount_minor: int, refund_id: str, notes: dict[str, str]
    ) -> ProviderRefund:
        """POST /v1/payments/{id}/refund with X-Refund-Idempotency. The refund's `receipt` is a second
        guard, and what the refund is found again by."""
        answer = self._client.payment.refund(
            payment_id,
            {"amount": amount_minor, "receipt": refund_id, "notes": notes},
            headers={"X-Refund-Idempotency": refund_id},
            timeout=self._timeout,
        )
        return parse_refund(answer)

    def payment_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """GET /v1/payments/{id}/refunds, page by page."""
        refunds: list[ProviderRefund] = []
        while True:
            query = {"count": LIST_COUNT_MAX, "skip": len(refunds)}
            answer = self._client.payment.fetch_multiple_refund(payment_id, query, timeout=self._timeout)
            page = [parse_refund(each) for each in _items(answer)]
            refunds += page
            if len(page) < LIST_COUNT_MAX:
                return refunds

    def payment_signature_is_valid(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Compare with HMAC-SHA256(key secret, "order_id|payment_id") in lower-case hex."""
        return _signed(self._account.key_secret, f"{order_id}|{payment_id}".encode(), signature)

    def webhook_signature_is_valid(self, body: bytes, signature: str | None) -> bool:
        """Compare with HMAC-SHA256(webhook secret, raw body) in lower-case hex, for every secret.

        The client's own helper wants text and raises TypeError on a missing or non-ASCII header.
        """
        given = signature or ""
        return any(_signed(secret, body, given) for secret in self._account.webhook_secrets)

    def read_event(self, body: bytes) -> ProviderEvent:
        """Parse a webhook's raw body. Raises MalformedEvent."""
        return parse_event(body)


def _signed(secret: str, message: bytes, signature: str) -> bool:
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))


def _items(answer: Any) -> list[dict[str, Any]]:
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise OutcomeUnknown("the provider's answer is not a list")
    return items
