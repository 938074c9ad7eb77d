"""Enqueues work, by task name, and tells how much of it waits. The only code that does; called by the edges,
never by the domain.

A message that cannot be sent is no error: the work is in MongoDB, and the sweep finds it there.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import structlog
from kombu import Producer
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import ProducerPool

from celery_app import app, settings
from config.queues import TaskName

TASK_OF_WORK = {
    "open_order": (TaskName.OPEN_ORDER, "payment_id"),
    "collect_payment": (TaskName.COLLECT_PAYMENT, "payment_id"),
    "confirm_payment": (TaskName.CONFIRM_PAYMENT, "payment_id"),
    "capture_payment": (TaskName.CAPTURE_PAYMENT, "payment_id"),
    "abandon_payment": (TaskName.ABANDON_PAYMENT, "payment_id"),
    "issue_refund": (TaskName.ISSUE_REFUND, "payment_id"),
    "confirm_refund": (TaskName.CONFIRM_REFUND, "payment_id"),
    "refund_duplicate": (TaskName.REFUND_DUPLICATE, "payment_id"),
    "issue_receipts": (TaskName.ISSUE_RECEIPTS, "payment_id"),
    "render_receipt": (TaskName.RENDER_RECEIPT, "receipt_id"),
    "open_discrepancies": (TaskName.OPEN_DISCREPANCIES, "payment_id"),
    "process_webhook_event": (TaskName.PROCESS_WEBHOOK_EVENT, "webhook_event_id"),
    "send_reset_mail": (TaskName.SEND_RESET_MAIL, "reset_id"),
    "reconcile": (TaskName.RECONCILE, "run_id"),
}

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def _producers() -> ProducerPool:
    """Return the connections that messages are sent over. Unlike the worker's own, they give up after
    REDIS_TIMEOUT_SECONDS and try nothing twice, because somebody waits for an answer meanwhile."""
    impatient = {
        "socket_timeout": settings.redis_timeout_seconds,
        "socket_connect_timeout": settings.redis_timeout_seconds,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
    connection = app.connection_for_write(transport_options=impatient)
    return ProducerPool(connection.Pool(settings.web_threads), settings.web_threads)


def work(kind: str, document_id: str) -> bool:
    """Enqueue the task for one kind of due work. May be called any number of times: the task claims the
    work, and one claim wins. Returns False, and logs it, when the broker is away."""
    task_name, argument = TASK_OF_WORK[kind]
    try:
        with _producers().acquire(block=True, timeout=settings.redis_timeout_seconds) as producer:
            app.send_task(task_name, kwargs={argument: document_id}, producer=producer, retry=False)
    except (OperationalError, ConnectionError, LimitExceeded) as error:
        log.warning("dispatch.failed", task=task_name, document_id=document_id, error=type(error).__name__)
        return False
    return True


def due_work(document: Any, now: Any) -> None:
    """Enqueue the document's work, if it is due now."""
    if document is not None and document.work is not None and document.work.due_at <= now:
        work(document.work.kind, document.id)


def waiting(queues: Iterable[str]) -> dict[str, int]:
    """Return how many messages wait in each of these queues. Those that cannot be asked are left out, which
    is logged; once the broker is away, so are all that come after."""
    found: dict[str, int] = {}
    connection_errors = _producers().connections.connection.connection_errors
    away: tuple[type[Exception], ...] = (OperationalError, LimitExceeded, *connection_errors)
    try:
        with _producers().acquire(block=True, timeout=settings.redis_timeout_seconds) as producer:
            for queue in queues:
                _note_waiting(queue, producer, found)
    except away as error:
        # Each further queue would cost a timeout as well.
        log.warning("dispatch.queues_unasked", error=type(error).__name__)
    return found


def _note_waiting(queue: str, producer: Producer, found: dict[str, int]) -> None:
    try:
        # Not a passive declaration: Redis keeps no empty lists, so that one fails for an empty queue.
        found[queue] = producer.channel.queue_declare(queue=queue).message_count
    except producer.connection.channel_errors as error:
        log.warning("dispatch.queue_unasked", queue=queue, error=type(error).__name__)
