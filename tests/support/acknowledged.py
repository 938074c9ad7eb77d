"""What the service has acknowledged during a scenario: every 2xx that a client got for something that it
asked to be done. Whoever was told "recorded" must find it recorded, whatever broke meanwhile."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from gateway.domain.money import exponent
from tests.support.client import PAYMENT, PAYMENTS

Row = dict[str, Any]


@dataclass(frozen=True)
class Promise:
    """One acknowledged request about a payment: what was promised, and how to see whether it is kept."""

    what: str
    payment_id: str
    is_kept: Callable[[Row], bool]


@dataclass
class Acknowledged:
    """Everything acknowledged so far. Fed by `watch`; safe to use from many threads."""

    promises: list[Promise] = field(default_factory=list)
    # Refunds by payment, and there by idempotency key: a key that was used twice promises one refund.
    refunds: dict[str, dict[str, int]] = field(default_factory=dict)
    user_ids: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    webhook_bodies: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def payment_ids(self) -> set[str]:
        """Return the ids of all payments that any answer was about."""
        return {promise.payment_id for promise in self.promises} | set(self.refunds)

    def watch(self, response: requests.Response) -> None:
        """Take note of one answer, if it promises something."""
        request = response.request
        if request.method != "POST" or response.status_code // 100 != 2:
            return
        path = urlsplit(request.url or "").path
        with self._lock:
            self._note(str(path), response)

    def _note(self, path: str, response: requests.Response) -> None:
        answer, body = response.json(), response.request.body or b""
        if path == f"{PAYMENTS}/webhook":
            raw = body.encode() if isinstance(body, str) else body
            self.webhook_bodies.add(hashlib.sha256(bytes(raw)).hexdigest())
        elif path == "/api/user/register":
            self.emails.add(json.loads(body)["email"].lower())
        elif path == "/api/user/login":
            self.user_ids.add(answer["data"]["user"]["id"])
        elif path == f"{PAYMENTS}/orders":
            self._note_order(answer["data"])
        elif path == f"{PAYMENTS}/verify":
            self._note_verified(answer["data"]["payment"])
        elif path == f"{PAYMENTS}/refunds":
            shown = answer["data"]
            self._note_refund(shown["payment"]["id"], shown["refund"]["amount"], response)
        elif path.startswith(f"{PAYMENTS}/orders/") and path.endswith("/cancel"):
            self._note_cancelled(answer["data"]["payment"]["id"])
        elif path.startswith(PAYMENT) and "result" in answer:
            self._note_second_door(path, answer, response)

    def _note_order(self, data: Row) -> None:
        payment_id, amount = data["payment"]["id"], data["payment"]["amount"]
        self._promise(f"a payment of {amount}", payment_id, lambda row: row["amount_minor"] == amount)
        if data["order"]:
            order_id = data["order"]["id"]
            self._promise(
                f"order {order_id}", payment_id, lambda row: row.get("provider_order_id") == order_id
            )

    def _note_verified(self, shown: Row) -> None:
        if shown["paidAt"]:
            self._promise("being paid", shown["id"], lambda row: row["captured_minor"] > 0)
        else:
            self._promise(
                "a payment that is being confirmed",
                shown["id"],
                lambda row: bool(row.get("provider_payments_seen") or row.get("unread_provider_payment_id")),
            )

    def _note_cancelled(self, payment_id: str) -> None:
        self._promise("being cancelled", payment_id, lambda row: "cancelled_at" in row)

    def _note_refund(self, payment_id: str, amount_minor: int, response: requests.Response) -> None:
        promised = self.refunds.setdefault(payment_id, {})
        key = response.request.headers.get("Idempotency-Key") or f"answer {len(promised)}"
        promised[str(key)] = amount_minor

    def _note_second_door(self, path: str, answer: Row, response: requests.Response) -> None:
        payment_id = answer["result"]["paymentId"]
        if path.endswith("/refund"):
            # Amounts are in major units here.
            amount, currency = answer["refund"]["amount"], answer["refund"]["currency"]
            self._note_refund(payment_id, round(amount * 10 ** exponent(currency)), response)
        elif path.endswith("/cancel"):
            self._note_cancelled(payment_id)
        elif path.endswith("/process"):
            self._promise("being processed", payment_id, _is_processed)
        else:
            self._promise("a payment", payment_id, lambda row: True)

    def _promise(self, what: str, payment_id: str, is_kept: Callable[[Row], bool]) -> None:
        self.promises.append(Promise(what, payment_id, is_kept))


def _is_processed(row: Row) -> bool:
    return bool(row.get("order_wanted_since") or row.get("provider_order_id") or row.get("failure_reason"))
