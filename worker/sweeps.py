"""The other half of every enqueue: whatever is due in MongoDB is enqueued again, whoever forgot it.

Runs by the beat. Any number of beats and sweeps at once are harmless: they only send hints.
"""

from typing import Any

import structlog

from celery_app import app, settings
from config.queues import ROUTES, TaskName
from gateway import dispatch
from gateway.domain import work
from gateway.domain.context import utc_now
from gateway.domain.models import DOCUMENTS_WITH_WORK
from worker.process import runtime

log = structlog.get_logger(__name__)


@app.task(name=TaskName.SWEEP_DUE_WORK)
def sweep_due_work(**_: Any) -> None:
    """Enqueue up to SWEEP_BATCH_SIZE due documents of each collection, unless their queue is full of
    hints already."""
    runtime()
    for model in DOCUMENTS_WITH_WORK:
        for document_id, kind in work.due(model, utc_now(), settings.sweep_batch_size):
            if not _has_room(dispatch.TASK_OF_WORK[kind][0]):
                log.warning("sweep.queue_full", kind=kind)
                break
            dispatch.work(kind, document_id)


def _has_room(task_name: str) -> bool:
    """Return whether the task's queue holds fewer messages than one sweep may add, so that sweeping while
    the workers are behind does not pile hints upon hints."""
    queue = next(route["queue"] for pattern, route in ROUTES.items() if task_name.startswith(pattern[:-1]))
    with app.connection_for_write() as connection, connection.channel() as channel:
        # Not a passive declaration: Redis keeps no empty lists, so that one fails when the queue is empty.
        return bool(channel.queue_declare(queue=queue).message_count < settings.sweep_batch_size)
