"""Killing a process of a stack at a named point, and what a test does around it: a client that insists, and
time that passes without being waited for."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import requests

from tests.support.client import Person
from tests.support.own import OwnStack
from tests.support.waiting import wait_until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Until a killed web process is back, on a busy machine.
INSIST_SECONDS_MAX = 40.0


def insist(call: Callable[[], requests.Response]) -> requests.Response:
    """Make a call again and again until it is acknowledged, as a patient client does with an idempotency key
    when the connection breaks or the service is busy."""

    def acknowledged() -> requests.Response | None:
        try:
            answer = call()
        except requests.ConnectionError:
            return None
        assert answer.status_code < 400 or answer.status_code in (429, 502, 503), answer.text
        return answer if answer.status_code < 400 else None

    return wait_until(acknowledged, "an acknowledgement", deadline_seconds=INSIST_SECONDS_MAX)


def claims_run_out(own: OwnStack, person: Person) -> None:
    """Let the claims of a dead process run out without waiting for it."""
    database, mine = own.database, {"user_id": person.user_id}
    ids = [row["_id"] for row in database.payments.find(mine, {"_id": 1})]
    claimed = {"work.claimed_until": {"$exists": True}}
    run_out = {"$set": {"work.due_at": LONG_AGO}, "$inc": {"version": 1}}
    database.payments.update_many(mine | claimed, run_out)
    database.receipts.update_many({"payment_id": {"$in": ids}} | claimed, run_out)
    database.webhook_events.update_many(claimed, run_out)
    database.password_resets.update_many({"email": person.email} | claimed, run_out)
    database.reconciliation_runs.update_many(claimed, run_out)


def calls_are_over(own: OwnStack, person: Person) -> None:
    """Let the time pass in which a call whose answer was lost may still have its effect."""
    mine = {"user_id": person.user_id}
    for called in ("order_requested_at", "upi_collect.asked_at"):
        asked = {"$set": {called: LONG_AGO}, "$inc": {"version": 1}}
        own.database.payments.update_many(mine | {called: {"$exists": True}}, asked)


def hurry(own: OwnStack, payment_id: str) -> None:
    """Make the payment's work due, as if its time had come."""
    own.database.payments.update_one(
        {"_id": payment_id}, {"$set": {"work.due_at": LONG_AGO}, "$inc": {"version": 1}}
    )


def arm(directory: Path, point: str) -> Path:
    """Let the next process that reaches the point die there. The file goes when it does."""
    file = directory / point
    file.touch()
    return file
