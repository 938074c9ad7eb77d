"""Row 16: an event's handler raises every time, or its process dies half-way every time. The event is kept
and put off further and further, nobody else waits for it, and every delivery is acknowledged at once. In the
end it is put aside with an alarm, until a person redrives it, and then it is applied, once.
"""

from pathlib import Path
from typing import Any

from gateway.domain import work
from tests.cli.conftest import run
from tests.support import killing
from tests.support.client import Api, Person, open_order, send_webhook
from tests.support.events import captured_event, fresh_id
from tests.support.killing import LONG_AGO
from tests.support.own import OwnStack, changes_to
from tests.support.waiting import wait_until

# Razorpay takes a webhook that is not answered within five seconds for undelivered.
ACK_SECONDS_MAX = 5.0
# WEBHOOK_ATTEMPTS_MAX as it is.
TRIES_MAX = 12


def an_event(own: OwnStack, person: Person) -> tuple[str, str, dict[str, Any]]:
    """Return the payment's id, the event's id, and an event about a payment that was captured."""
    own.sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(person)
    captured = own.sandbox.pay(order_id)["razorpay_payment_id"]
    event = captured_event(order_id)
    event["payload"]["payment"]["entity"]["id"] = captured
    return payment_id, fresh_id("evt"), event


def deliver(own: OwnStack, event: dict[str, Any], event_id: str) -> None:
    """Deliver an event, and see that it is acknowledged in time."""
    answer = send_webhook(Api(own.stack.api_url), own.sandbox, event, event_id=event_id)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() < ACK_SECONDS_MAX


def stored(own: OwnStack, event_id: str) -> dict[str, Any]:
    """Return the event as it lies in the database."""
    return own.database.webhook_events.find_one({"event_id": event_id}) or {}


def tried(own: OwnStack, event_id: str, times: int) -> None:
    """Wait until the event has been tried so often, and make its next try due."""

    def is_given_back() -> bool:
        planned = stored(own, event_id).get("work") or {}
        return planned.get("attempts") == times and "claimed_until" not in planned

    wait_until(is_given_back, f"try {times}", deadline_seconds=40)
    due = {"$set": {"work.due_at": LONG_AGO}, "$inc": {"version": 1}}
    own.database.webhook_events.update_one({"event_id": event_id}, due)


def is_dead(own: OwnStack, event_id: str) -> bool:
    """Say whether the event was put aside."""
    return stored(own, event_id).get("outcome") == "dead"


def alarms(own: OwnStack) -> list[str]:
    """Return the names of the alarms."""
    return [alarm["name"] for alarm in Api(own.stack.api_url).get("/readyz").json()["alarms"]]


def redrive(own: OwnStack, event_id: str) -> None:
    """Bring the event back, as an operator does."""
    done = run(own.stack.environ, "webhooks", "redrive", "--event-id", event_id)
    assert done.code == 0, done.errors


def test_an_event_whose_handler_raises_every_time_is_put_aside_and_applied_when_it_can_be(
    own: OwnStack,
) -> None:
    person = own.person()
    payment_id, event_id, event = an_event(own, person)
    # No code of ours writes such a status; a mistake by hand in the database does.
    own.database.payments.update_one({"_id": payment_id}, {"$set": {"status": "NONSENSE"}})

    deliver(own, event, event_id)
    for tries in range(1, 4):
        tried(own, event_id, tries)
    other, other_id, other_event = an_event(own, person)
    deliver(own, other_event, other_id)
    own.settled(other, "PAID", receipts=1)
    own.database.webhook_events.update_one(
        {"event_id": event_id}, {"$set": {"work.attempts": TRIES_MAX - 1}, "$inc": {"version": 1}}
    )
    wait_until(lambda: is_dead(own, event_id), "the event being put aside", deadline_seconds=40)
    deliver(own, event, event_id)
    wait_until(lambda: "dead webhook events" in alarms(own), "the alarm")
    own.database.payments.update_one({"_id": payment_id}, {"$set": {"status": "CREATED"}})
    assert is_dead(own, event_id)
    redrive(own, event_id)

    payment = own.settled(payment_id, "PAID", receipts=1)
    assert changes_to(payment, "PAID") == 1
    wait_until(lambda: stored(own, event_id)["outcome"] == "applied", "the event's end")
    wait_until(lambda: "dead webhook events" not in alarms(own), "the end of the alarm")


def test_an_event_whose_process_dies_every_time_is_put_aside_and_applied_when_it_can_be(
    own: OwnStack, kill_points_directory: Path
) -> None:
    person = own.person()
    payment_id, event_id, event = an_event(own, person)
    point = f"{work.PROCESS_WEBHOOK_EVENT}.claimed"
    armed = killing.arm(kill_points_directory, point)

    deliver(own, event, event_id)
    wait_until(lambda: not armed.exists(), "the first death")
    own.database.webhook_events.update_one(
        {"event_id": event_id}, {"$set": {"work.attempts": TRIES_MAX - 1}, "$inc": {"version": 1}}
    )
    armed = killing.arm(kill_points_directory, point)
    killing.claims_run_out(own, person)
    wait_until(lambda: not armed.exists(), "the last death", deadline_seconds=40)
    killing.claims_run_out(own, person)
    wait_until(lambda: is_dead(own, event_id), "the event being put aside", deadline_seconds=40)
    assert own.payment(payment_id)["status"] == "CREATED"
    redrive(own, event_id)

    payment = own.settled(payment_id, "PAID", receipts=1)
    assert changes_to(payment, "PAID") == 1
