"""A payment's timeline, and the repeated deliveries that it tells of."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import timeline, webhooks
from gateway.domain.context import Context
from gateway.domain.errors import InvalidSignature
from gateway.domain.models import HistoryEntry, WebhookEvent
from gateway.domain.timeline import TimelineEntry
from tests.conftest import Stack
from tests.support.client import Sandbox
from tests.support.domain import NOW, Clock, a_payment, runtime_of
from tests.support.domain import raw as raw_document
from tests.support.events import captured_event, fresh_id, raw
from tests.support.racing import together

pytestmark = pytest.mark.usefixtures("stack")


def after(seconds: float) -> Any:
    """Return a time."""
    return NOW + timedelta(seconds=seconds)


def an_event(payment_id: str, outcome: str | None, seconds: float, **fields: Any) -> WebhookEvent:
    """Return a stored event about a payment that was finished so many seconds later."""
    values = {
        "event_id": fresh_id("evt"),
        "body_sha256": uuid.uuid4().hex,
        "body": b"{}",
        "name": "payment.captured",
        "outcome": outcome,
        "payment_id": payment_id,
        "received_at": NOW,
        "finished_at": after(seconds),
    }
    return WebhookEvent(**values | fields).save(force_insert=True)


def a_webhook_entry(event: WebhookEvent, at: Any, why: str) -> TimelineEntry:
    """Return what the timeline says of an event."""
    return TimelineEntry(
        at=at,
        from_status=None,
        to_status=None,
        why=why,
        by=f"webhook:{event.event_id}",
        correlation_id=None,
        kind="webhook",
    )


def test_a_new_payments_timeline_is_how_it_began() -> None:
    assert timeline.of_payment(a_payment()) == [
        TimelineEntry(
            at=NOW,
            from_status=None,
            to_status="CREATED",
            why="it was recorded",
            by="test",
            correlation_id=None,
            kind="change",
        )
    ]


def test_changes_and_events_without_effect_are_told_in_the_order_of_time() -> None:
    payment = a_payment("PAID")
    payment.history.append(
        HistoryEntry(
            at=after(2),
            from_status="CREATED",
            to_status="PAID",
            why="paid",
            by="user:1",
            correlation_id="r-1",
        )
    )
    foreign = an_event(payment.id, "ignored", 1, why="it names another payment", name="payment.failed")
    stale = an_event(payment.id, "no_change", 3)
    an_event(payment.id, "applied", 2)
    an_event(payment.id, None, 0, finished_at=None)
    an_event(str(uuid.uuid4()), "no_change", 1)

    told = timeline.of_payment(payment)

    assert told[0].to_status == "CREATED"
    assert told[1:] == [
        a_webhook_entry(foreign, after(1), "ignored: it names another payment"),
        TimelineEntry(
            at=after(2),
            from_status="CREATED",
            to_status="PAID",
            why="paid",
            by="user:1",
            correlation_id="r-1",
            kind="change",
        ),
        a_webhook_entry(stale, after(3), "ignored: payment.captured said nothing new"),
    ]


@pytest.mark.parametrize(("repeats", "times"), [(1, "once more"), (7, "7 times more")])
def test_an_event_that_had_its_effect_is_told_when_it_came_again(repeats: int, times: str) -> None:
    payment = a_payment()
    event = an_event(payment.id, "applied", 1, repeats=repeats, last_repeat_at=after(5))

    (told,) = [entry for entry in timeline.of_payment(payment) if entry.kind == "webhook"]

    why = f"ignored: payment.captured had been delivered before; it came {times}"
    assert told == a_webhook_entry(event, after(5), why)


def test_the_first_history_entry_tells_no_change_whatever_it_says() -> None:
    payment = a_payment("CANCELLED")
    payment.history[0].to_status = "CANCELLED"

    (told,) = timeline.of_payment(payment)

    assert (told.from_status, told.to_status) == (None, "CANCELLED")


@pytest.fixture
def clock() -> Clock:
    """The time of the deliveries."""
    return Clock()


@pytest.fixture
def context(stack: Stack, clock: Clock) -> Context:
    """The surroundings of a delivery, with the adapter that checks signatures."""
    return replace(runtime_of(stack.environ).context(by="provider"), now=clock)


def deliver(
    context: Context, sandbox: Sandbox, body: bytes, event_id: str | None, signature: str | None = None
) -> WebhookEvent | None:
    """Deliver a signed event."""
    return webhooks.receive(context, body, signature=signature or sandbox.sign(body), event_id=event_id)


@pytest.mark.parametrize("same", ["body", "id and body", "body without an id"])
def test_a_second_delivery_is_counted_on_the_first(
    context: Context, sandbox: Sandbox, clock: Clock, same: str
) -> None:
    body = raw(captured_event(fresh_id("order")))
    event_id = None if same == "body without an id" else fresh_id("evt")
    first = deliver(context, sandbox, body, event_id)
    before = raw_document(first)
    clock.advance(60)

    second = deliver(context, sandbox, body, fresh_id("evt") if same == "body" else event_id)

    assert second is None
    expected = {"repeats": 1, "last_repeat_at": after(60), "version": before["version"] + 1}
    assert {
        name: value for name, value in raw_document(first).items() if before.get(name) != value
    } == expected
    assert [event.id for event in WebhookEvent.objects(received_at=after(60))] == []


def test_another_body_under_a_known_id_is_an_event_of_its_own(context: Context, sandbox: Sandbox) -> None:
    order_id, event_id = fresh_id("order"), fresh_id("evt")
    first = deliver(context, sandbox, raw(captured_event(order_id)), event_id)
    before = raw_document(first)

    second = deliver(context, sandbox, raw(captured_event(order_id)), event_id)

    assert second is not None
    kept = WebhookEvent.objects.get(id=second.id)
    assert (kept.event_id, kept.event_id_taken, kept.repeats) == (None, event_id, 0)
    assert kept.work.due_at == kept.received_at
    assert raw_document(first) == before


def test_of_two_events_that_a_delivery_resembles_its_body_says_which_it_is(
    context: Context, sandbox: Sandbox
) -> None:
    body, event_id = raw(captured_event(fresh_id("order"))), fresh_id("evt")
    same_body = deliver(context, sandbox, body, fresh_id("evt"))
    same_id = deliver(context, sandbox, raw(captured_event(fresh_id("order"))), event_id)

    deliver(context, sandbox, body, event_id)

    assert [WebhookEvent.objects.get(id=event.id).repeats for event in (same_body, same_id)] == [1, 0]


def test_of_many_deliveries_at_once_one_is_kept_and_all_others_are_counted(
    context: Context, sandbox: Sandbox
) -> None:
    body, event_id = raw(captured_event(fresh_id("order"))), fresh_id("evt")

    results = together(10, lambda _: deliver(context, sandbox, body, event_id))

    (kept,) = [event for event in results if event is not None]
    assert results.count(None) == 9
    assert WebhookEvent.objects.get(id=kept.id).repeats == 9


def test_a_repeat_that_is_not_signed_is_not_counted(context: Context, sandbox: Sandbox) -> None:
    body = raw(captured_event(fresh_id("order")))
    first = deliver(context, sandbox, body, fresh_id("evt"))
    before = raw_document(first)

    with pytest.raises(InvalidSignature):
        deliver(context, sandbox, body, first.event_id, signature="0" * 64)

    assert raw_document(first) == before
