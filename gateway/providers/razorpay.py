"""The domain's port, spoken to Razorpay through its official client.

The client on its own has no time-outs, prints on network errors, hides HTTP status and reason, and checks
TLS against a bundle of 2015; the session given to it here (see `razorpay_http`) mends all four. Its retries,
which would send a refund twice, are off unless they are switched on.
Razorpay's behaviour is described at https://razorpay.com/docs/api/.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import certifi
import razorpay
import structlog

from gateway.domain.provider import (
    Collect,
    ListPage,
    OutcomeUnknown,
    ProviderEvent,
    ProviderOrder,
    ProviderPayment,
    ProviderRefund,
)
from gateway.providers.calls import CALL_KINDS, CallKind, CallSettings
from gateway.providers.circuit import Circuit, CircuitState
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

T = TypeVar("T")
log = structlog.get_logger(__name__)


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
        calls: CallSettings,
        connections_max: int,
    ) -> None:
        self._account = account
        # Each call says with one of these what kind it is; whatever changes nothing is a look-up.
        self._look_up, self._order = calls.limits("look_up"), calls.limits("order")
        self._capture, self._refund = calls.limits("capture"), calls.limits("refund")
        self._circuits = {kind: Circuit(kind, calls) for kind in CALL_KINDS}
        self._client: Any = razorpay.Client(
            session=TranslatingSession(connections_max, self._circuits),
            auth=(account.key_id, account.key_secret),
            base_url=base_url.rstrip("/"),
        )
        self._client.cert_path = certifi.where()

    def circuits(self) -> dict[CallKind, CircuitState]:
        """Return which kinds of calls are made now, and which are refused here because they kept failing."""
        return {kind: circuit.state for kind, circuit in self._circuits.items()}

    def create_order(
        self, *, amount_minor: int, currency: str, order_receipt: str, notes: dict[str, str]
    ) -> ProviderOrder:
        """POST /v1/orders. Razorpay has no idempotency key for it."""
        data = {"amount": amount_minor, "currency": currency, "receipt": order_receipt, "notes": notes}
        return parse_order(self._client.order.create(data, timeout=self._order))

    def find_order(self, *, order_receipt: str) -> ProviderOrder | None:
        """GET /v1/orders?receipt=…, compared here once more, in case the filter is not applied."""
        answer = self._client.order.all({"receipt": order_receipt}, timeout=self._look_up)
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
        return parse_collected(self._client.payment.createUpi(data, timeout=self._order))

    def order_payments(self, order_id: str) -> list[ProviderPayment]:
        """GET /v1/orders/{id}/payments."""
        answer = self._client.order.payments(order_id, {}, timeout=self._look_up)
        return [parse_payment(each) for each in _items(answer)]

    def fetch_payment(self, payment_id: str) -> ProviderPayment:
        """GET /v1/payments/{id}."""
        return parse_payment(self._client.payment.fetch(payment_id, {}, timeout=self._look_up))

    def capture_payment(self, payment_id: str, *, amount_minor: int, currency: str) -> ProviderPayment:
        """POST /v1/payments/{id}/capture. The client writes into the dict, so each call gets its own."""
        answer = self._client.payment.capture(
            payment_id, amount_minor, {"currency": currency}, timeout=self._capture
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
            timeout=self._refund,
        )
        return parse_refund(answer)

    def payment_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """GET /v1/payments/{id}/refunds, page by page."""
        refunds: list[ProviderRefund] = []
        while True:
            query = {"count": LIST_COUNT_MAX, "skip": len(refunds)}
            answer = self._client.payment.fetch_multiple_refund(payment_id, query, timeout=self._look_up)
            page = [parse_refund(each) for each in _items(answer)]
            refunds += page
            if len(page) < LIST_COUNT_MAX:
                return refunds

    def fetch_order(self, order_id: str) -> ProviderOrder:
        """GET /v1/orders/{id}. Refused for orders older than 180 days."""
        return parse_order(self._client.order.fetch(order_id, {}, timeout=self._look_up))

    def list_orders(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderOrder]:
        """GET /v1/orders, one page."""
        query = _list_query(created_from, created_to, skip)
        return _page(self._client.order.all(query, timeout=self._look_up), parse_order)

    def list_payments(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderPayment]:
        """GET /v1/payments, one page."""
        query = _list_query(created_from, created_to, skip)
        return _page(self._client.payment.all(query, timeout=self._look_up), parse_payment)

    def list_refunds(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderRefund]:
        """GET /v1/refunds, one page."""
        query = _list_query(created_from, created_to, skip)
        return _page(self._client.refund.all(query, timeout=self._look_up), parse_refund)

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


def _list_query(created_from: datetime, created_to: datetime, skip: int) -> dict[str, int]:
    return {
        "from": int(created_from.timestamp()),
        "to": int(created_to.timestamp()),
        "count": LIST_COUNT_MAX,
        "skip": skip,
    }


def _page(answer: Any, parse: Callable[[Any], T]) -> ListPage[T]:
    """Read one page. An entry that cannot be read, of a product that is not used here say, is left out."""
    entries = _items(answer)
    items = []
    for entry in entries:
        try:
            items.append(parse(entry))
        except OutcomeUnknown as error:
            log.warning("razorpay.entry_unread", why=error.description)
    return ListPage(items=items, entries=len(entries), is_last=len(entries) < LIST_COUNT_MAX)
