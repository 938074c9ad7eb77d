"""The last API calls, for testers who ask "did my code really call the provider once?".

Kept in memory only: it describes this process, and writing it down would cost every read a commit.
"""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT_CALLS = 1000


@dataclass
class LoggedCall:
    """One API call. status stays null while the call is running, and for ever when no answer was sent."""

    method: str
    path: str
    query: str
    at: float
    idempotency_key: str | None
    status: int | None = None
    duration_ms: float | None = None
    fault: str | None = None


class RequestLog:
    """A bounded list of calls; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[LoggedCall] = deque(maxlen=KEPT_CALLS)

    def add(self, call: LoggedCall) -> None:
        """Note a call as soon as it arrives, so that one which hangs can be seen hanging."""
        with self._lock:
            self._calls.append(call)

    def newest_first(self, path_contains: str, limit: int) -> list[dict[str, Any]]:
        """Give the calls whose path contains a text."""
        with self._lock:
            found = [call for call in reversed(self._calls) if path_contains in call.path]
            return [asdict(call) for call in found[:limit]]

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()
