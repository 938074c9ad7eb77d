"""Notices that the `make` above was told to stop, also when it keeps that to itself.

On SIGINT and SIGHUP, make waits for its children and sends them nothing: it counts on the terminal to have
told them too. `kill -INT` of make alone, or the end of `ssh -t host make run`, would so leave all running.
"""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.5
_TOLD_TO_STOP = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGHUP - 1)


def follow(stop: Callable[[], None]) -> None:
    """Call stop, on another thread, when the parent has been told to stop. Only Linux shows it."""
    status = Path(f"/proc/{os.getppid()}/status")
    # A parent that was started with these signals blocked shows nothing by it.
    if sys.platform == "linux" and not _is_in_handler(status):
        threading.Thread(target=_watch, args=(status, stop), daemon=True).start()


def _watch(status: Path, stop: Callable[[], None]) -> None:
    times_seen = 0
    # Twice, because make also blocks them for the moment in which it starts a child.
    while times_seen < 2:
        time.sleep(POLL_SECONDS)
        times_seen = times_seen + 1 if _is_in_handler(status) else 0
    stop()


def _is_in_handler(status: Path) -> bool:
    """Say whether the process is inside its handler of SIGINT or SIGHUP, which blocks that signal."""
    try:
        blocked = re.search(r"^SigBlk:\s*(\w+)$", status.read_text(), re.MULTILINE)
    except OSError:
        return False
    return blocked is not None and bool(int(blocked[1], 16) & _TOLD_TO_STOP)
