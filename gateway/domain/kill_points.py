"""Named places between "recorded" and "acknowledged" where a test may end the process, to prove that dying
there loses nothing and does nothing twice. Nothing happens at them unless a hook is installed, which the
settings refuse in production.

Points of work: `{kind}.claimed`, `{kind}.written` once the claim has been given back, and `{kind}.done`
before the queue hears of it. Points of provider calls: `{call}.before` and `{call}.after`. Points of
requests, between the write and the enqueueing: those in RECORDED.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.domain.provider import Provider

STEPS_OF_WORK = ("claimed", "written", "done")
STEPS_OF_CALL = ("before", "after")
PAYMENT_RECORDED = "payment.recorded"
REFUND_RECORDED = "refund.recorded"
WEBHOOK_EVENT_RECORDED = "webhook_event.recorded"
RECORDED = (PAYMENT_RECORDED, REFUND_RECORDED, WEBHOOK_EVENT_RECORDED)
# Asks no provider: these work on what has been received.
LOCAL_CALLS = frozenset({"payment_signature_is_valid", "webhook_signature_is_valid", "read_event"})
PROVIDER_CALLS = tuple(
    name for name in vars(Provider) if not name.startswith("_") and name not in LOCAL_CALLS
)

# What a file holds whose point is to be where a process hangs, deaf to all that can be ignored.
HANG = "hang"
HANG_SECONDS = 3600

Hook = Callable[[str], None]
_hook: Hook | None = None


def install(hook: Hook | None) -> None:
    """Call `hook` with the name of every point that this process reaches; None for nothing."""
    global _hook
    _hook = hook


def reach(point: str) -> None:
    """Say that this process is at a point. May not return."""
    if _hook is not None:
        _hook(point)


def killed_when_armed_in(directory: Path) -> Hook:
    """Return a hook that kills its process at a point for which there is a file of that name, or lets it hang
    there if the file says HANG. The file goes with it, so that one process dies, once."""

    def kill(point: str) -> None:
        file = directory / point
        try:
            way = file.read_text()
            file.unlink()
        except FileNotFoundError:
            return
        if way == HANG:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(HANG_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    return kill


class PointedProvider:
    """A provider with a point before and after each of its calls, whatever comes of the call."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._provider, name)
        if name not in PROVIDER_CALLS:
            return call

        def pointed(*arguments: Any, **options: Any) -> Any:
            reach(f"{name}.before")
            try:
                return call(*arguments, **options)
            finally:
                reach(f"{name}.after")

        return pointed
