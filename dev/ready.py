"""Waits until each part of the stack answers, and says which one does not."""

import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from dev.environment import Environment, StackError

READY_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 2.0
POLL_SECONDS = 0.05
LAST_LINES = 15

Check = Callable[[], bool]


def checks(environment: Environment) -> dict[str, Check]:
    """Return what must answer before the stack is ready: a process's name, and how to ask it."""
    found: dict[str, Check] = {
        "web": lambda: answers(f"{environment.api_url}/readyz"),
        "worker": lambda: worker_listens(environment.variables["REDIS_URL"]),
    }
    if environment.sandbox_url:
        found["sandbox"] = lambda: answers(f"{environment.sandbox_url}/sandbox/health")
    return found


def wait_until_ready(
    waiting: dict[str, Check],
    logs: Path,
    stopping: Callable[[], bool],
    seconds_max: float = READY_SECONDS_MAX,
) -> None:
    """Wait until every check has passed, or the stack is stopping. Raises StackError with the end of the
    log of each process that does not answer in time."""
    deadline = time.monotonic() + seconds_max
    waiting = dict(waiting)
    while waiting and not stopping():
        for name in [name for name, check in waiting.items() if check()]:
            del waiting[name]
        if waiting and time.monotonic() > deadline:
            raise StackError("\n".join(_no_answer(logs / f"{name}.log", seconds_max) for name in waiting))
        time.sleep(POLL_SECONDS if waiting else 0)


def _no_answer(log: Path, seconds_max: float) -> str:
    """Return the message about a process that does not answer in time, with the end of its log."""
    return f"{log.stem} does not answer after {seconds_max:.0f} s. The end of {log}:\n{log_end(log)}"


def log_end(log: Path) -> str:
    """Return the last lines of a log, indented."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines or ["(nothing)"])


def answers(url: str) -> bool:
    """Say whether an HTTP server answers this address with 200."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS_MAX) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def worker_listens(redis_url: str) -> bool:
    """Say whether a Celery worker waits for messages: it is the client that blocks on its queues. Asking
    the broker loads no Celery here, and does not depend on the worker's log level."""
    from redis import Redis
    from redis.exceptions import NoPermissionError, RedisError, ResponseError

    try:
        with Redis.from_url(redis_url, socket_timeout=ANSWER_SECONDS_MAX) as client:
            return any(entry["cmd"] == "brpop" for entry in client.client_list())
    except (NoPermissionError, ResponseError):
        # A hosted Redis may not tell; then the worker's keeper is the one that notices a failed start.
        return True
    except RedisError:
        return False
