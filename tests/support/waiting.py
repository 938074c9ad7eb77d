"""Waiting for a condition with a deadline, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_SECONDS = 20.0
# Soon again at first, and more seldom later: looking costs what is waited for some of its processor.
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX, PAUSE_GROWTH = 0.01, 0.1, 1.25


def wait_until(condition: Callable[[], T], what: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> T:
    """Return the condition's first true value. Fails the test, naming what it waited for, at the deadline."""
    deadline, pause = time.monotonic() + deadline_seconds, PAUSE_SECONDS_FIRST
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {deadline_seconds} s; last value: {value!r}")
        time.sleep(pause)
        pause = min(pause * PAUSE_GROWTH, PAUSE_SECONDS_MAX)
