"""Builders for tests that call the domain directly, with a clock that they set themselves.

The clock stands far in the future, so that the running worker and its sweep, which go by the real time,
find nothing due in what these tests write.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from mongoengine import Document, EmbeddedDocumentField, IntField, ListField, StringField

from config.settings import Settings
from gateway.domain.context import Cause, Context
from gateway.domain.ids import new_id
from gateway.domain.models import HistoryEntry, Payment, Work
from gateway.domain.provider import Provider, ProviderPayment
from gateway.domain.states import CREATED
from gateway.runtime import Runtime

NOW = datetime(2099, 1, 1, tzinfo=UTC)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        self.now += timedelta(seconds=seconds)


class Job(Document):
    """A document with work that no worker knows."""

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    entries = ListField(StringField())
    work = EmbeddedDocumentField(Work)

    meta = {"collection": "jobs_of_the_tests", "auto_create_index": False}


def a_context(clock: Clock | None = None, by: str = "test", correlation_id: str | None = None) -> Context:
    """Return the surroundings of a call that asks no provider."""
    cause = Cause(by=by, correlation_id=correlation_id)
    return Context(provider=cast(Provider, None), cause=cause, now=clock or Clock())


def runtime_of(environ: dict[str, str]) -> Runtime:
    """Return a runtime that speaks to a stack's sandbox."""
    return Runtime(Settings(**cast(Any, {name.lower(): value for name, value in environ.items()})))


def a_payment(status: str = CREATED, *, opened: bool = True, **fields: Any) -> Payment:
    """Return a payment of 500.00 rupees that is not stored; opened: whether its order is."""
    payment_id = new_id()
    values: dict[str, Any] = {
        "id": payment_id,
        "user_id": new_id(),
        "user_email": f"{payment_id}@example.com",
        "school_id": new_id(),
        "amount_minor": 50_000,
        "currency": "INR",
        "status": status,
        "order_receipt": f"RCP_{payment_id.replace('-', '')}",
        "created_at": NOW,
        "updated_at": NOW,
        "order_requested_at": NOW,
        "history": [
            HistoryEntry(at=NOW, from_status=CREATED, to_status=CREATED, why="it was recorded", by="test")
        ],
    }
    if opened:
        values["provider_order_id"] = f"order_{payment_id}"
    return Payment(**values | fields)


def a_paid_payment(**fields: Any) -> Payment:
    """Return a payment of 500.00 rupees whose money was captured, and that is not stored."""
    payment_id = f"pay_{new_id()}"
    return a_payment(
        "PAID",
        captured_minor=50_000,
        paid_at=NOW,
        provider_payment_id=payment_id,
        provider_payments_seen=[payment_id],
        payment_method="upi",
        **fields,
    )


def seen(payment: Payment, status: str, payment_id: str = "pay_1", **fields: Any) -> ProviderPayment:
    """Return what the provider says about an attempt to pay this payment."""
    values: dict[str, Any] = {
        "id": payment_id,
        "order_id": payment.provider_order_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "status": status,
        "captured": status == "captured",
        "method": "upi",
        "created_at": NOW,
    }
    return ProviderPayment(**values | fields)


def raw(document: Document) -> dict[str, Any]:
    """Return everything stored under the document's id, to compare before and after."""
    return dict(document._get_collection().find_one({"_id": document.id}))
