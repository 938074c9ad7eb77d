"""The task that applies a stored webhook event."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway.domain import dead_letters, webhooks, work
from gateway.domain.models import WebhookEvent
from worker.task import WorkTask


class WebhookTask(WorkTask):
    """A task whose document is put aside when it crashes each time."""

    abstract = True

    def crashed(self, document_id: str, error: Exception) -> None:
        """Put the event off, or aside."""
        dead_letters.crashed(self.context(), document_id, error)


@app.task(
    base=WebhookTask,
    bind=True,
    name=TaskName.PROCESS_WEBHOOK_EVENT,
    model=WebhookEvent,
    kind=work.PROCESS_WEBHOOK_EVENT,
)
def process_webhook_event(self: WorkTask, *, webhook_event_id: str, **_: Any) -> None:
    """Apply one event to the payment that it is about."""
    self.follow(webhooks.process(self.context(), webhook_event_id))
