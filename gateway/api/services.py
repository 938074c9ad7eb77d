"""What the views of one app share, kept on the app, and the surroundings of the current request."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import current_app, g
from flask_jwt_extended import current_user

from config.settings import Settings
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


def viewer() -> User:
    """Return the account whose token came with the request."""
    return current_user


def context(by: str | None = None) -> Context:
    """Return the surroundings of the request's domain call; by: who asks, the viewer unless told."""
    return services().runtime.context(by=by or f"user:{viewer().id}", correlation_id=g.request_id)


def wait_for(read: Callable[[], T], is_settled: Callable[[T], bool]) -> T:
    """Read until it is settled, for at most WAIT_FOR_WORK_SECONDS, and return what was read last."""
    deadline = time.monotonic() + services().settings.wait_for_work_seconds
    pause = POLL_SECONDS_FIRST
    while True:
        value = read()
        if is_settled(value) or time.monotonic() + pause > deadline:
            return value
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS_MAX)
