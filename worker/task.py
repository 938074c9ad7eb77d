"""The base of every task: log context around it, and the last resort when it crashes.

A task may run twice, late, or next to itself: it claims its work first, and one claim wins. So a crash
needs no retry by Celery; the document's own due time brings the work back.
"""

import time
from typing import Any

import structlog
from celery import Task
from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from gateway import dispatch
from gateway.domain import kill_points, work
from gateway.domain.context import Context, utc_now
from gateway.domain.errors import TooBusy
from worker.process import runtime

log = structlog.get_logger(__name__)


class WorkTask(Task):
    """A task that does one kind of due work of one document. Its only argument is the document's id."""

    abstract = True
    model: Any = None
    kind: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task once, with the document's id in every log line. Nothing is raised to Celery: what
        went wrong is logged once, and the work is put off."""
        document_id = kwargs[dispatch.TASK_OF_WORK[self.kind][1]]
        structlog.contextvars.bind_contextvars(**kwargs)
        started = time.perf_counter()
        try:
            self.run(*args, **kwargs)
            kill_points.reach(f"{self.kind}.done")
        except Exception as error:
            log.exception("task.crashed")
            self._put_off(document_id, error)
            return
        log.info("task.done", milliseconds=round((time.perf_counter() - started) * 1000, 1))

    def _put_off(self, document_id: str, error: Exception) -> None:
        try:
            self.crashed(document_id, error)
        except (PyMongoError, MongoEngineException, TooBusy) as away:
            # The claim expires by itself, and the sweep brings the work back.
            log.warning("task.not_put_off", error=type(away).__name__)

    def crashed(self, document_id: str, error: Exception) -> None:
        """Write down that the work crashed, if this task had it."""
        work.crashed(self.context(), self.model, document_id, self.kind, type(error).__name__)

    def context(self) -> Context:
        """Return the surroundings of this task's domain call."""
        return runtime().context(by=f"worker:{self.kind}", correlation_id=self.request.id)

    def follow(self, document: Any) -> None:
        """Enqueue what has become due on the document by this task's work."""
        dispatch.due_work(document, utc_now())
