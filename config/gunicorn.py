"""Gunicorn's settings, from ours. Threads, because a request mostly waits for MongoDB or the provider."""

from importlib import import_module
from pathlib import Path
from typing import Any

from config.settings import Settings

settings = Settings.from_env()

bind = f"{settings.bind_host}:{settings.port}"
workers = settings.web_concurrency
worker_class = "gateway.server.DocumentedErrorsWorker"
threads = settings.web_threads
# For a worker that gives no sign of life; its threads may take longer. Below Heroku's 30 seconds.
timeout = 29
graceful_timeout = settings.shutdown_grace_seconds
keepalive = 65
# Heroku's temporary disk can stall, so the workers' heartbeat files live in memory where there is one.
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"
accesslog = None
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Load the service's code once, before the first fork: a worker that dies is replaced at once then, and
    all of them share its memory. It connects to nothing; `wsgi` does, in each worker."""
    import_module("gateway.app")
