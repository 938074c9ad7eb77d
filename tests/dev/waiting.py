"""Waiting for a condition with a deadline, and looking at processes that a test has started."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.02
T = TypeVar("T")


def until(condition: Callable[[], T], seconds_max: float = 10.0) -> T:
    """Wait until the condition holds and return what it returned. Fails the test when the time is over."""
    deadline = time.monotonic() + seconds_max
    while not (found := condition()):
        assert time.monotonic() < deadline, f"still not so after {seconds_max} s"
        time.sleep(POLL_SECONDS)
    return found


def is_running(process: psutil.Process) -> bool:
    """Say whether the process still does anything; a zombie only waits to be asked about."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def none_is_running(processes: Iterable[psutil.Process]) -> bool:
    """Say whether all these processes are gone."""
    return not any(is_running(process) for process in processes)
