"""The other half of every enqueue: whatever is due in MongoDB is enqueued again, whoever forgot it.

Runs by the beat. Any number of beats and sweeps at once are harmless: they only send hints.
"""

from typing import Any

import structlog

from celery_app import app, settings
from config.queues import ALL_QUEUES, ROUTES, TaskName
from gateway import dispatch
from gateway.domain import work
from gateway.domain.context import utc_now
from gateway.domain.documents import DOCUMENTS_WITH_WORK
from worker.process import runtime

log = structlog.get_logger(__name__)


@app.task(name=TaskName.SWEEP_DUE_WORK)
def sweep_due_work(**_: Any) -> None:
    """Enqueue up to SWEEP_BATCH_SIZE due documents of each collection, as far as their queues have room:
    sweeping while the workers are behind does not pile hints upon hints."""
    runtime()
    room = _room()
    for model in DOCUMENTS_WITH_WORK:
        for document_id, kind in work.due(model, utc_now(), settings.sweep_batch_size):
            queue = _queue_of(dispatch.TASK_OF_WORK[kind][0])
            room[queue] -= 1
            if room[queue] >= 0:
                dispatch.work(kind, document_id)
    full = [queue for queue, left in room.items() if left < 0]
    if full:
        log.warning("sweep.queues_full", queues=full)


def _room() -> dict[str, int]:
    """Return how many messages each queue lacks until it holds SWEEP_BATCH_SIZE."""
    with app.connection_for_write() as connection, connection.channel() as channel:
        # Not a passive declaration: Redis keeps no empty lists, so that one fails when the queue is empty.
        return {
            queue: settings.sweep_batch_size - channel.queue_declare(queue=queue).message_count
            for queue in ALL_QUEUES
        }


def _queue_of(task_name: str) -> str:
    return next(route["queue"] for pattern, route in ROUTES.items() if task_name.startswith(pattern[:-1]))
