"""Messages to the stack's worker, sent as the service sends them, and knowing when they were worked off."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from celery import Celery

from config.queues import ROUTES
from gateway.domain.models import Payment, Receipt, WebhookEvent
from tests.conftest import Stack
from tests.support.waiting import wait_until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def send(stack: Stack, task: str, times: int = 1, **arguments: Any) -> list[str]:
    """Send a task's message so many times; returns the messages' ids."""
    (queue,) = [str(route["queue"]) for pattern, route in ROUTES.items() if task.startswith(pattern[:-1])]
    app = Celery(broker=stack.redis_url)
    with app.connection_for_write() as connection:
        ids = [uuid.uuid4().hex for _ in range(times)]
        for task_id in ids:
            app.send_task(task, kwargs=arguments, queue=queue, task_id=task_id, connection=connection)
    return ids


def log_of(stack: Stack, task_id: str) -> list[dict[str, Any]]:
    """Return the worker's log lines about one message."""
    lines = (stack.directory / "logs" / "worker.log").read_text(errors="replace").splitlines()
    return [json.loads(line) for line in lines if task_id in line and line.startswith("{")]


def worked_off(stack: Stack, ids: list[str]) -> list[str]:
    """Wait until the worker is done with these messages; returns how each ended."""

    def endings() -> list[str] | None:
        found = [
            [line["event"] for line in log_of(stack, task_id) if line["event"].startswith("task.")]
            for task_id in ids
        ]
        return [events[-1] for events in found] if all(found) else None

    return wait_until(endings, f"the end of {len(ids)} tasks")


def run(stack: Stack, task: str, times: int = 1, **arguments: Any) -> None:
    """Send a task's message so many times, and wait until the worker has done them all without a crash."""
    assert worked_off(stack, send(stack, task, times, **arguments)) == ["task.done"] * times


def make_due(document: Payment | Receipt | WebhookEvent) -> None:
    """Make the document's work due at once, as if its time had come. Somebody may just have done it."""
    type(document)._get_collection().update_one(
        {"_id": document.id, "work": {"$exists": True}},
        {"$set": {"work.due_at": LONG_AGO}, "$inc": {"version": 1}},
    )


def everything_about(payment_id: str) -> dict[str, Any]:
    """Return all that is stored about a payment, its receipts and its events, to compare."""

    def rows(model: Any) -> list[Any]:
        return list(model._get_collection().find({"payment_id": payment_id}).sort("_id"))

    payment = Payment._get_collection().find_one({"_id": payment_id})
    return {"payment": payment, "receipts": rows(Receipt), "events": rows(WebhookEvent)}
