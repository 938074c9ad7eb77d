"""Starts child processes that never outlive this one, and ends them. It knows nothing about the programs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

KILL_AFTER_SECONDS = 5.0

_CHILD = str(Path(__file__).with_name("child.py"))


def with_parent_death_signal(command: Sequence[str]) -> list[str]:
    """Return the command wrapped so that it gets SIGTERM when this process dies in whatever way."""
    return [sys.executable, "-I", "-S", _CHILD, str(os.getpid()), *command]


def start(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start a command that ends with this process, in a session of its own unless told otherwise, so that
    Ctrl-C in the terminal does not reach it. options: as for subprocess.Popen. The process's id is the
    command's."""
    options.setdefault("start_new_session", True)

    def popen() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(with_parent_death_signal(command), **options)

    if threading.current_thread() is threading.main_thread():
        return popen()
    return _lasting_thread().submit(popen).result()


def stop(process: "subprocess.Popen[bytes]", *, kill_after_seconds: float = KILL_AFTER_SECONDS) -> int:
    """End a process of start() and everything that it left in its session, and return its exit status.
    It gets SIGTERM, and SIGKILL when that does not help in time. Safe to repeat."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(kill_after_seconds)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
    status = process.wait()
    kill_group(process.pid)
    return status


def kill_group(pid: int) -> None:
    """Send SIGKILL to what is left of the process group that a process of start() leads."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nothing is left; macOS says "not permitted" when only zombies are.
        return


@cache
def _lasting_thread() -> "ThreadPoolExecutor":
    """Return a thread that lasts as long as this process. The kernel sends the parent-death signal when the
    *thread* that started the child ends, so callers on short-lived threads start children through it."""
    # Imported late, because every keeper imports this module and none needs it.
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-children")
