"""The sandbox's own time. Everything that asks for the time or waits for one asks here, never the system."""

import threading
import time
from typing import Any


class Clock:
    """Real time plus an offset, or one frozen instant. Unix seconds; safe to use from any thread."""

    def __init__(self, offset_seconds: float = 0.0, frozen_at: float | None = None) -> None:
        self._lock = threading.Lock()
        self._offset_seconds = offset_seconds
        self._frozen_at = frozen_at

    def now(self) -> float:
        """Tell the sandbox's present time in Unix seconds."""
        with self._lock:
            return self._now()

    def seconds_until(self, moment: float) -> float | None:
        """Tell how long to really wait for a moment, or None when the frozen clock will not get there."""
        with self._lock:
            if self._frozen_at is not None and moment > self._frozen_at:
                return None
            return max(0.0, moment - self._now())

    def advance(self, seconds: float) -> None:
        """Move time forward, frozen or not."""
        with self._lock:
            if self._frozen_at is None:
                self._offset_seconds += seconds
            else:
                self._frozen_at += seconds

    def freeze(self) -> None:
        """Stop time where it is. Freezing twice changes nothing."""
        with self._lock:
            if self._frozen_at is None:
                self._frozen_at = self._now()

    def unfreeze(self) -> None:
        """Let time run on from where it was frozen."""
        with self._lock:
            if self._frozen_at is not None:
                self._offset_seconds = self._frozen_at - time.time()
                self._frozen_at = None

    def restart(self) -> None:
        """Go back to real time."""
        with self._lock:
            self._offset_seconds = 0.0
            self._frozen_at = None

    def restore(self, now: float, *, is_frozen: bool) -> None:
        """Go on from a moment, frozen or not."""
        with self._lock:
            self._offset_seconds = now - time.time()
            self._frozen_at = now if is_frozen else None

    def state(self) -> dict[str, Any]:
        """Give what is needed to build the same clock again after a restart of the process."""
        with self._lock:
            return {"offset_seconds": self._offset_seconds, "frozen_at": self._frozen_at}

    def _now(self) -> float:
        return time.time() + self._offset_seconds if self._frozen_at is None else self._frozen_at
