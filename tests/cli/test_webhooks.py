"""`flask webhooks`: events that were put aside are listed, and handled again when a person says so."""

import re
from datetime import UTC, datetime

import pytest

from gateway.domain.context import utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import WebhookEvent
from tests.cli.conftest import Ended, Flask, run
from tests.conftest import Stack
from tests.support.client import Person, open_order
from tests.support.domain import raw
from tests.support.events import captured_event, fresh_id
from tests.support.events import raw as body_of
from tests.support.steps import finished_event, has_status
from tests.support.waiting import wait_until

# Listed before the events that other tests have left behind.
OLDEST = datetime(1980, 1, 1, tzinfo=UTC)


def put_aside(outcome: str, order_id: str, received_at: datetime | None = None) -> WebhookEvent:
    """Store a genuine event about an order that was given up."""
    event = captured_event(order_id)
    return WebhookEvent(
        event_id=fresh_id("evt"),
        body=body_of(event),
        body_sha256=new_id(),
        name=event["event"],
        received_at=received_at or utc_now(),
        finished_at=utc_now(),
        outcome=outcome,
        why="given up after 12 tries; the last error: KeyError",
    ).save()


def counts(ended: Ended) -> list[int]:
    """Return how many events were redriven, and how many of them were enqueued."""
    assert ended.code == 0, ended.errors
    return [int(number) for number in re.findall(r"^(?:redriven|enqueued): (\d+)$", ended.output, re.M)]


def test_dead_events_are_listed_for_people_and_for_programs(stack: Stack, flask: Flask) -> None:
    event = put_aside("dead", fresh_id("order"), OLDEST)

    shown = flask("webhooks", "list")
    told = flask("webhooks", "list", "--dead", "--limit", "1", "--json").json

    header, *rows = shown.output.splitlines()
    assert header.split() == ["ID", "EVENT", "ID", "NAME", "RECEIVED", "ENDED", "REPEATS", "WHY"]
    (row,) = [row for row in rows if row.startswith(event.id)]
    assert row.split()[1:3] == [event.event_id, "payment.captured"]
    assert row.endswith("  0        given up after 12 tries; the last error: KeyError")
    (first,) = told
    assert (first.pop("receivedAt") < first.pop("endedAt"), first) == (
        True,
        {
            "id": event.id,
            "eventId": event.event_id,
            "name": "payment.captured",
            "outcome": "dead",
            "why": event.why,
            "repeats": 0,
        },
    )
    event.delete()


def test_foreign_events_are_listed_when_they_are_asked_for(stack: Stack, flask: Flask) -> None:
    event = put_aside("foreign", fresh_id("order"), OLDEST)

    told = flask("webhooks", "list", "--foreign", "--limit", "1", "--json").json

    assert [(each["id"], each["outcome"]) for each in told] == [(event.id, "foreign")]
    event.delete()


@pytest.mark.parametrize("outcome", ["dead", "foreign"])
def test_one_event_is_handled_again(stack: Stack, customer: Person, flask: Flask, outcome: str) -> None:
    order_id, payment_id = open_order(customer)
    event = put_aside(outcome, order_id)

    assert counts(flask("webhooks", "redrive", "--event-id", event.event_id)) == [1, 1]

    assert has_status(payment_id, "PAID").captured_minor == 50_000
    assert finished_event(event.event_id).outcome == "applied"
    again = flask("webhooks", "redrive", "--event-id", event.id)
    assert (again.code, again.error) == (1, "Error: The webhook event is neither dead nor foreign.")


@pytest.mark.parametrize(("word", "outcome"), [("--all", "dead"), ("--foreign", "foreign")])
def test_all_events_of_one_outcome_are_handled_again_even_while_the_broker_is_away(
    stack: Stack, customer: Person, word: str, outcome: str
) -> None:
    orders = [open_order(customer) for _ in range(2)]
    events = [put_aside(outcome, order_id) for order_id, _ in orders]
    other = put_aside("foreign" if outcome == "dead" else "dead", fresh_id("order"))
    before = raw(other)

    ended = run(stack.environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}, "webhooks", "redrive", word)

    redriven, enqueued = counts(ended)
    assert redriven >= 2
    assert enqueued == 0
    assert ended.error == "The sweep brings the rest to the workers."
    for event in events:
        wait_until(lambda event=event: finished_event(event.event_id).outcome == "applied", "the sweep")
    assert [has_status(payment_id, "PAID").captured_minor for _, payment_id in orders] == [50_000] * 2
    assert raw(other) == before
    other.delete()


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ((), 2, "Error: Say which events: --event-id or --all or --foreign."),
        (("--all", "--foreign"), 2, "Error: Say which events:"),
        (("--all", "--event-id", "evt_1"), 2, "Error: Say which events:"),
        (("--event-id", "evt_unknown"), 1, "Error: There is no such webhook event."),
    ],
)
def test_a_redrive_that_is_refused_changes_nothing(
    stack: Stack, flask: Flask, words: tuple[str, ...], code: int, error: str
) -> None:
    event = put_aside("dead", fresh_id("order"))
    before = raw(event)

    ended = flask("webhooks", "redrive", *words)

    assert (ended.code, ended.output) == (code, "")
    assert ended.error.startswith(error)
    assert raw(event) == before
    event.delete()
