"""Waiting for a condition with a deadline, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_SECONDS = 20.0


def wait_until(condition: Callable[[], T], what: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> T:
    """Return the condition's first true value. Fails the test, naming what it waited for, at the deadline."""
    deadline = time.monotonic() + deadline_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {deadline_seconds} s; last value: {value!r}")
        time.sleep(0.02)
