"""The Celery application: broker, safety settings, routes and schedule. Tasks live in worker/."""

from celery import Celery

from config import logging as json_logging
from config.queues import ROUTES, Queue, beat_schedule
from config.settings import Settings

settings = Settings.from_env()
json_logging.configure(settings.log_level)

app = Celery(
    "payments",
    broker=settings.redis_address,
    include=[
        "worker.payments",
        "worker.refunds",
        "worker.receipts",
        "worker.webhooks",
        "worker.mail",
        "worker.sweeps",
        "worker.reconciliation",
    ],
)

app.conf.update(
    # A message is a hint that carries an id; what must happen is written in MongoDB.
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=settings.worker_concurrency,
    # A task ends before its claim does, so that no second worker starts while the first still runs.
    task_soft_time_limit=settings.claim_ttl_seconds - 4,
    task_time_limit=settings.claim_ttl_seconds - 2,
    task_default_queue=Queue.PAYMENTS,
    task_create_missing_queues=True,
    task_routes=ROUTES,
    beat_schedule=beat_schedule(settings.sweep_interval_seconds, settings.reconcile_check_seconds),
    beat_max_loop_interval=settings.sweep_interval_seconds,
    timezone="UTC",
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_send_task_events=False,
    broker_transport="config.broker:Transport",
    # Redis answers with an error when it is out of memory, which is no reason for a worker to end.
    broker_channel_error_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Losing Redis says nothing about the provider call that a task is in the middle of.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_soft_shutdown_timeout=settings.shutdown_grace_seconds / 2,
    broker_transport_options={
        # Longer than any task; a message of a dead worker comes back then, if the sweep was not faster.
        "visibility_timeout": max(60, settings.claim_ttl_seconds * 2),
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": settings.redis_timeout_seconds,
        "health_check_interval": 10,
    },
)
