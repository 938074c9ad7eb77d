"""What the views of one app share, kept on the app, and the surroundings of the current request."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from flask import current_app, g
from flask_jwt_extended import current_user

from config.settings import Settings
from gateway.domain.access import Viewer
from gateway.domain.account_models import User
from gateway.domain.context import Context
from gateway.domain.passwords import Passwords
from gateway.runtime import Runtime

EXTENSION = "payment_service"
POLL_SECONDS_FIRST = 0.005
POLL_SECONDS_MAX = 0.05
# Threads of a process that never wait for a worker for long.
RESERVED_THREADS = 2
# What is left to an answer that found no slot. Less where the client has chosen to wait, because it takes a
# 202 as well.
SHORT_WAIT_SECONDS = 2.0
SHORT_CHOSEN_WAIT_SECONDS = 0.5

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """One per app."""

    settings: Settings
    runtime: Runtime
    passwords: Passwords
    waits: "Waits"
    # How many exports may be under way in this process.
    exports: BoundedSemaphore


class Waits:
    """How many answers may wait for a worker at a time, in one process. The threads that are left answer
    everybody else, and the provider's events, which must not wait."""

    def __init__(self, threads: int, exports: int) -> None:
        self._all = BoundedSemaphore(max(1, threads - exports - RESERVED_THREADS))
        self._chosen = BoundedSemaphore(max(1, threads // 2))

    @contextmanager
    def long(self, *, is_chosen: bool) -> Iterator[bool]:
        """Tell whether this answer may wait for long. is_chosen: the client says for how long, and takes a
        202 as well, so that such waits get no more than half of the threads."""
        with ExitStack() as held:
            for slots in (self._chosen, self._all) if is_chosen else (self._all,):
                if not slots.acquire(blocking=False):
                    yield False
                    return
                held.callback(slots.release)
            yield True


def services() -> Services:
    """Return the current app's services."""
    return current_app.extensions[EXTENSION]


def viewer() -> Viewer:
    """Return who asks: the account or the program whose token came with the request."""
    found: Viewer = g.viewer
    return found


def account() -> User:
    """Return the account whose token came with the request. Only for views that take no API keys."""
    return current_user


def context(by: str | None = None) -> Context:
    """Return the surroundings of the request's domain call; by: who asks, the viewer unless told."""
    return services().runtime.context(by=by or viewer().name, correlation_id=g.request_id)


def wait_for(
    read: Callable[[], T], is_settled: Callable[[T], bool], chosen_seconds: float | None = None
) -> T:
    """Read until it is settled, and return what was read last. Waits for at most as many seconds as the
    client has chosen, or WAIT_FOR_WORK_SECONDS; while too many others wait, for a short time only."""
    value = read()
    is_chosen = chosen_seconds is not None
    seconds = services().settings.wait_for_work_seconds if chosen_seconds is None else chosen_seconds
    if is_settled(value) or not seconds:
        return value
    with services().waits.long(is_chosen=is_chosen) as may_wait:
        if not may_wait:
            seconds = min(seconds, SHORT_CHOSEN_WAIT_SECONDS if is_chosen else SHORT_WAIT_SECONDS)
        return _poll(read, is_settled, time.monotonic() + seconds)


def _poll(read: Callable[[], T], is_settled: Callable[[T], bool], deadline: float) -> T:
    pause = POLL_SECONDS_FIRST
    while True:
        time.sleep(pause)
        value = read()
        pause = min(pause * 1.5, POLL_SECONDS_MAX)
        if is_settled(value) or time.monotonic() + pause > deadline:
            return value
