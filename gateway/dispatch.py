"""Enqueues work, by task name. The only code that does; called by the edges, never by the domain.

A message that cannot be sent is no error: the work is in MongoDB, and the sweep finds it there.
"""

from typing import Any

import structlog
from kombu.exceptions import OperationalError

from celery_app import app
from config.queues import TaskName

TASK_OF_WORK = {
    "open_order": (TaskName.OPEN_ORDER, "payment_id"),
    "confirm_payment": (TaskName.CONFIRM_PAYMENT, "payment_id"),
    "capture_payment": (TaskName.CAPTURE_PAYMENT, "payment_id"),
    "issue_refund": (TaskName.ISSUE_REFUND, "payment_id"),
    "confirm_refund": (TaskName.CONFIRM_REFUND, "payment_id"),
    "issue_receipts": (TaskName.ISSUE_RECEIPTS, "payment_id"),
    "render_receipt": (TaskName.RENDER_RECEIPT, "receipt_id"),
    "process_webhook_event": (TaskName.PROCESS_WEBHOOK_EVENT, "webhook_event_id"),
}

log = structlog.get_logger(__name__)


def work(kind: str, document_id: str) -> bool:
    """Enqueue the task for one kind of due work. May be called any number of times: the task claims the
    work, and one claim wins. Returns False, and logs it, when the broker is away."""
    task_name, argument = TASK_OF_WORK[kind]
    try:
        app.send_task(task_name, kwargs={argument: document_id}, retry=False)
    except (OperationalError, ConnectionError) as error:
        log.warning("dispatch.failed", task=task_name, document_id=document_id, error=type(error).__name__)
        return False
    return True


def due_work(document: Any, now: Any) -> None:
    """Enqueue the document's work, if it is due now."""
    if document is not None and document.work is not None and document.work.due_at <= now:
        work(document.work.kind, document.id)
