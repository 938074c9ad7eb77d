"""What one worker process keeps: its connections, made after the fork and when they are first needed."""

import gc
import signal
from functools import lru_cache
from typing import Any

import structlog
from celery.signals import setup_logging, task_prerun, worker_before_create_process, worker_process_init
from pymongo.errors import PyMongoError

from config import logging as json_logging
from config.settings import Settings
from gateway.runtime import Runtime, connect_database, ensure_indexes

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """Return this process's runtime, connecting on the first call. Raises pymongo's errors when MongoDB is
    away, in which case the next call tries again."""
    settings = Settings.from_env()
    connect_database(settings)
    ensure_indexes()
    return Runtime(settings)


@worker_process_init.connect
def _finish_what_was_begun(**_: Any) -> None:
    """Leave SIGTERM to the worker's main process, which lets running tasks end. Heroku sends it to every
    process of a dyno, and one that obeyed would break off in the middle of a provider call."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@worker_before_create_process.connect
def _prepare_to_fork(**_: Any) -> None:
    """Before the first fork, load what draws receipts, and take everything loaded so far from the garbage
    collector. It would walk through all of it before every fork, and in every child, which would have a copy
    of it by that."""
    if gc.get_freeze_count():
        return
    from worker import receipt_pdf

    receipt_pdf.warm_up()
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """Do once per process what would slow the first task down."""
    try:
        runtime()
    except PyMongoError as error:
        log.warning("worker.database_away", error=type(error).__name__)


@task_prerun.connect
def _bind_task(task_id: str, task: Any, **_: Any) -> None:
    """Let every log line of a task carry its name and id, and nothing of the task before it."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Keep Celery from setting up logging of its own."""
    json_logging.configure(Settings.from_env().log_level)
