"""Steps that several tests take: many calls at once, waiting until a payment rests, reading a PDF."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, TypeVar

from pypdf import PdfReader

from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.work import ABANDON_PAYMENT, CONFIRM_PAYMENT
from tests.support.client import Api, Sandbox, stored
from tests.support.waiting import wait_until

T = TypeVar("T")

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def at_once(api: Api, count: int, call: Callable[[Api, int], T]) -> list[T]:
    """Make `count` calls at the same moment, each over its own connection; returns what they returned."""
    start = threading.Barrier(count)

    def one(number: int) -> T:
        own = Api(api.base_url, api.token)
        start.wait(10)
        return call(own, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def at_rest(payment_id: str) -> Payment:
    """Return the payment once nothing more is about to happen to it and its receipts are rendered."""

    def resting() -> Payment | None:
        payment = stored(payment_id)
        # Looking at a long-open order is minutes away, and giving it up is weeks, so they do not count.
        is_far = payment.work is None or payment.work.kind in (CONFIRM_PAYMENT, ABANDON_PAYMENT)
        return payment if is_far else None

    return wait_until(resting, f"payment {payment_id} coming to rest")


def has_status(payment_id: str, status: str) -> Payment:
    """Return the payment once it has this status and is at rest."""
    wait_until(lambda: stored(payment_id).status == status, f"payment {payment_id} becoming {status}")
    return at_rest(payment_id)


def finished_event(event_id: str) -> WebhookEvent:
    """Return a stored webhook event once the worker is done with it."""
    return wait_until(
        lambda: WebhookEvent.objects(event_id=event_id, outcome__exists=True).first(),
        f"event {event_id} being processed",
    )


def calls_to(sandbox: Sandbox, method: str, path: str) -> list[dict[str, Any]]:
    """Return the provider API calls whose path contains this text, newest first."""
    calls = sandbox.control("GET", "/requests", params={"path": path}).json()["items"]
    return [call for call in calls if call["method"] == method]


def changes_to(payment: Payment, status: str) -> int:
    """Count the history's entries in which the payment took this status."""
    return sum(1 for entry in payment.history if entry.from_status != status == entry.to_status)


def pdf_lines(pdf: bytes) -> list[str]:
    """Return the lines of a one-page PDF's text."""
    (page,) = PdfReader(BytesIO(pdf)).pages
    return [line.strip() for line in page.extract_text().splitlines() if line.strip()]
