"""Everything that happened, as one live list: API calls, controls, webhook events, deliveries, time's work.

Kept in memory only, like the log of requests: it tells what this process did. The newest are kept, so a
listener that is too slow misses some and sees it by their numbers. Numbers go up for ever: over a reset and,
as they begin with the time of the start, over a restart too.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

JsonObject = dict[str, Any]
KEPT_HAPPENINGS = 2000
LISTENERS_MAX = 32
API_CALL, CONTROL, CHECKOUT, EVENT, DELIVERY, BACKGROUND = KINDS = (
    "api_call", "control", "checkout", "event", "delivery", "background",
)  # fmt: skip


@dataclass(frozen=True)
class Happening:
    """One line. at: the sandbox's time. summary: the line in words; details: the same for programs, by kind:

    api_call    method, path, query, status (null: no answer), duration_ms, fault (null: none)
    control     method, path, status, body (as text, without secrets, cut)
    checkout    what, payment_id, order_id, method
    event       event_id, event, order_id, payment_id, refund_id
    delivery    event_id, event, endpoint_id, url, attempt, status, error, duration_ms, state
    background  what, and the id of what it concerns
    """

    seq: int
    at: float
    kind: str
    summary: str
    details: JsonObject


class TooManyListeners(Exception):
    """The list is followed by as many listeners as are served at once."""


class Happenings:
    """A bounded list that can be waited on; safe to use from any thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._kept: deque[Happening] = deque(maxlen=KEPT_HAPPENINGS)
        self._newest_seq = int(time.time() * 1000)
        self._listeners = 0
        self._is_closed = False

    def add(self, kind: str, summary: str, **details: Any) -> None:
        """Write one line, and wake the listeners."""
        with self._changed:
            self._newest_seq += 1
            self._kept.append(Happening(self._newest_seq, self._now(), kind, summary, details))
            self._changed.notify_all()

    def newest_first(self, limit: int) -> list[JsonObject]:
        """Give the newest lines."""
        with self._changed:
            return [asdict(one) for _, one in zip(range(limit), reversed(self._kept), strict=False)]

    def after(self, seq: int, limit: int) -> list[JsonObject]:
        """Give what came after a number, oldest first."""
        with self._changed:
            return self._after(seq, limit)

    def newest_seq(self) -> int:
        """Give the number of the newest line."""
        with self._changed:
            return self._newest_seq

    def wait_after(self, seq: int, limit: int, seconds: float) -> list[JsonObject]:
        """Give what came after a number as soon as there is something, or nothing when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._newest_seq > seq, seconds)
            return self._after(seq, limit)

    def clear(self) -> None:
        """Forget every line; the numbers go on."""
        with self._changed:
            self._kept.clear()

    @property
    def is_closed(self) -> bool:
        """Tell whether the sandbox is stopping."""
        return self._is_closed

    def close(self) -> None:
        """Let every listener go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hold one of the few places for listeners. Raises TooManyListeners."""
        with self._changed:
            if self._listeners >= LISTENERS_MAX:
                raise TooManyListeners
            self._listeners += 1
        try:
            yield
        finally:
            with self._changed:
                self._listeners -= 1

    def _after(self, seq: int, limit: int) -> list[JsonObject]:
        found: list[JsonObject] = []
        for one in reversed(self._kept):
            if one.seq <= seq:
                break
            found.append(asdict(one))
        found.reverse()
        return found[:limit]
