"""What the views of one app share, kept on the app, and the surroundings of the current request."""

import time
from collections.abc import Callable
from dataclasses import dataclass
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

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """One per app."""

    settings: Settings
    runtime: Runtime
    passwords: Passwords


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


def wait_for(read: Callable[[], T], is_settled: Callable[[T], bool], seconds: float | None = None) -> T:
    """Read until it is settled, for at most so many seconds, WAIT_FOR_WORK_SECONDS unless told, and return
    what was read last."""
    if seconds is None:
        seconds = services().settings.wait_for_work_seconds
    deadline = time.monotonic() + seconds
    pause = POLL_SECONDS_FIRST
    while True:
        value = read()
        if is_settled(value) or time.monotonic() + pause > deadline:
            return value
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS_MAX)
