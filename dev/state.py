"""Says in the data directory that a stack is running, and where. Held by a lock that its processes share."""

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import psutil

from dev.environment import StackError

LOCAL = Path(__file__).resolve().parent.parent / ".local"
# A glance of running_stack() holds the lock for a moment.
GLANCE_SECONDS_MAX = 0.5
# Longer than the keepers of a killed stack take to end their processes.
PREVIOUS_RUN_SECONDS_MAX = 10.0
POLL_SECONDS = 0.1


class Lock:
    """The right to run a stack on a data directory. Every process that inherits `descriptor` holds it too,
    so after a crash it is free only when the last of them has gone."""

    def __init__(self, directory: Path) -> None:
        """Take the lock. Waits while the rest of a killed stack is still ending. Raises StackError when a
        stack is running."""
        directory.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(_lock_path(directory), os.O_RDWR | os.O_CREAT, 0o600)
        began = time.monotonic()
        while not _try_lock(self.descriptor):
            owner = _owner(self.descriptor)
            if time.monotonic() - began > (
                GLANCE_SECONDS_MAX if _is_alive(owner) else PREVIOUS_RUN_SECONDS_MAX
            ):
                os.close(self.descriptor)
                raise StackError(
                    f"already running in this directory (process {owner or 'unknown'}): stop it first"
                )
            time.sleep(POLL_SECONDS)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self.descriptor)


def write_addresses(path: Path, addresses: dict[str, Any]) -> None:
    """Write where a stack answers, all at once, readable by this user only."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(addresses, file, indent=2)
    temporary.replace(path)


def running_stack(directory: Path = LOCAL) -> dict[str, Any] | None:
    """Return the addresses of the stack that runs on this data directory and is ready, or None."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(_lock_path(directory), os.O_RDWR)
        try:
            # A shared lock, so that two who look at once do not take each other for a stack.
            if not _try_lock(descriptor, fcntl.LOCK_SH):
                addresses: dict[str, Any] = json.loads(addresses_path(directory).read_text())
                # The file may be what a killed stack has left.
                return addresses if str(addresses["pid"]) == _owner(descriptor) else None
        finally:
            os.close(descriptor)
    return None


def addresses_path(directory: Path) -> Path:
    """Return the file that says where the stack of this data directory answers."""
    return directory / "stack.json"


def _lock_path(directory: Path) -> Path:
    return directory / "stack.lock"


def _owner(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode().strip()


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: str) -> bool:
    """Say whether the process runs. A killed one may stay a zombie for as long as nobody asks for it."""
    try:
        return psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.Error):
        return False
