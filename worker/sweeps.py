"""The other half of every enqueue: whatever is due in MongoDB is enqueued again, whoever forgot it.

Runs by the beat. Any number of beats and sweeps at once are harmless: they only send hints, and a lease lets
one sweep in each interval.
"""

from typing import Any

import structlog
from mongoengine import Document
from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from celery_app import app, settings
from config.queues import ALL_QUEUES, ROUTES, TaskName
from gateway import dispatch
from gateway.domain import periodic, work
from gateway.domain.context import utc_now
from gateway.domain.documents import DOCUMENTS_WITH_WORK
from worker.process import runtime

# A sweep takes a fraction of a second. When its process is killed, the next one begins after this time.
LEASE_SECONDS = 5.0
# What is due for longest is what waits already. A queue that was topped up at every sweep would hold little
# but second hints of it, each of which takes a worker as long as a look into the database.
REFILLED_BELOW_SHARE = 0.25
KINDS_KNOWN = tuple(dispatch.TASK_OF_WORK)

log = structlog.get_logger(__name__)


@app.task(name=TaskName.SWEEP_DUE_WORK)
def sweep_due_work(**_: Any) -> None:
    """Enqueue up to SWEEP_BATCH_SIZE due documents of each collection, as far as their queues have room:
    sweeping while the workers are behind does not pile hints upon hints.

    Goes on over a collection that cannot be read and a queue that takes nothing. It has finished, and says
    so in MongoDB, when it has looked at every collection, also when every queue was full.
    """
    runtime()
    run = periodic.begin(
        periodic.SWEEP,
        utc_now(),
        every_seconds=settings.sweep_interval_seconds,
        lease_seconds=max(LEASE_SECONDS, settings.sweep_interval_seconds),
    )
    if run is None:
        return
    room = _room()
    unread = [model for model in DOCUMENTS_WITH_WORK if not _sweep(model, room)]
    full = [queue for queue, left in room.items() if left < 0]
    if full:
        log.warning("sweep.queues_full", queues=full)
    if not unread:
        periodic.finished(run, utc_now())


def _sweep(model: type[Document], room: dict[str, int]) -> bool:
    """Enqueue a collection's due work, and count down the room that is left. Returns False, and logs it, when
    the collection cannot be read."""
    try:
        due = _due(model)
    except (PyMongoError, MongoEngineException) as error:
        collection = model._get_collection_name()
        log.warning("sweep.collection_unread", collection=collection, error=type(error).__name__)
        return False
    for document_id, kind in due:
        queue = _queue_of(dispatch.TASK_OF_WORK[kind][0])
        room[queue] -= 1
        if room[queue] >= 0 and not dispatch.work(kind, document_id):
            # Each further try would cost a timeout as well, and the next sweep comes soon.
            room[queue] = 0
    return True


def _due(model: type[Document]) -> list[tuple[str, str]]:
    """Return the due work whose kind this release knows. A newer release, or damage, may have left others
    behind; they show as overdue, and must not stand in the way of the rest."""
    due = work.due(model, utc_now(), settings.sweep_batch_size)
    known = [found for found in due if found[1] in KINDS_KNOWN]
    if len(known) == len(due):
        return due
    collection = model._get_collection_name()
    log.warning("sweep.kinds_unknown", collection=collection, documents=len(due) - len(known))
    return work.due(model, utc_now(), settings.sweep_batch_size, kinds=KINDS_KNOWN)


def _room() -> dict[str, int]:
    """Return how many messages each queue lacks until it holds SWEEP_BATCH_SIZE; none for a queue that cannot
    be asked, or of whose messages more than a few still wait."""
    enough = settings.sweep_batch_size * REFILLED_BELOW_SHARE
    room = dict.fromkeys(ALL_QUEUES, 0)
    for queue, waiting in dispatch.waiting(ALL_QUEUES).items():
        if waiting <= enough:
            room[queue] = settings.sweep_batch_size - waiting
    return room


def _queue_of(task_name: str) -> str:
    return next(route["queue"] for pattern, route in ROUTES.items() if task_name.startswith(pattern[:-1]))
