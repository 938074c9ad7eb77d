"""The story of one payment: what changed it, and which webhook events changed nothing, in time order.
Assembled from what the payment and its events say; decides nothing. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.webhook_outcomes import IGNORED, NO_CHANGE

# Far more than a payment has; the newest ones are told.
WEBHOOK_EVENTS_MAX = 500


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened, or that was ignored. to_status is None for a webhook event; from_status is
    None for that and for the first entry of a payment, which says how it began."""

    at: datetime
    from_status: str | None
    to_status: str | None
    why: str
    by: str
    correlation_id: str | None
    kind: Literal["change", "webhook"]


def of_payment(payment: Payment) -> list[TimelineEntry]:
    """Return every change in the payment's history, and the webhook events about it that were ignored, said
    nothing new, or were delivered again, the oldest first."""
    events = WebhookEvent.objects(payment_id=payment.id).exclude("body").order_by("-received_at")
    told = [entry for event in events.limit(WEBHOOK_EVENTS_MAX) for entry in _webhook_entries(event)]
    return sorted([*_changes(payment), *told], key=lambda entry: entry.at)


def _changes(payment: Payment) -> Iterator[TimelineEntry]:
    for number, entry in enumerate(payment.history):
        yield TimelineEntry(
            at=entry.at,
            from_status=entry.from_status if number else None,
            to_status=entry.to_status,
            why=entry.why,
            by=entry.by,
            correlation_id=entry.correlation_id,
            kind="change",
        )


def _webhook_entries(event: WebhookEvent) -> Iterator[TimelineEntry]:
    name = event.name or "the event"
    if event.outcome in (IGNORED, NO_CHANGE):
        # What it said was judged when it was processed, by what was known then.
        why = f"ignored: {event.why or f'{name} said nothing new'}"
        yield _webhook_entry(event, event.finished_at or event.received_at, why)
    if event.repeats:
        times = "once more" if event.repeats == 1 else f"{event.repeats} times more"
        why = f"ignored: {name} had been delivered before; it came {times}"
        yield _webhook_entry(event, event.last_repeat_at, why)


def _webhook_entry(event: WebhookEvent, at: datetime, why: str) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        from_status=None,
        to_status=None,
        why=why,
        by=f"webhook:{event.event_id or event.id}",
        correlation_id=None,
        kind="webhook",
    )
