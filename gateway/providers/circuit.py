"""A circuit breaker: a provider that keeps failing, or asks to be left alone, is not called for a while.

Ours, because the usual libraries do something else. pybreaker (1.4) holds its lock while it calls, so that
threads call one after the other; circuitbreaker (2.1) has no lock, and lets every waiting thread through as
soon as the pause is over, at a provider that has just come back. Neither knows Retry-After.

It only ever adds "certainly not executed": what became of a call that was made is never its business.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

import structlog

from gateway.domain.provider import ProviderUnavailable
from gateway.providers.calls import CallKind, CallSettings

CircuitState = Literal["closed", "open", "half_open"]

# When to come again while another call finds out whether the provider is back.
PROBE_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What a call has told about the provider's health. RATE_LIMITED: it asked to be left alone. NOTHING: the
    call ended on our side."""

    ANSWERED = auto()
    FAILED = auto()
    RATE_LIMITED = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class Permit:
    """The right to make one call. generation: how often the circuit had opened when it was given."""

    generation: int
    is_probe: bool


class Circuit:
    """Of one kind of calls, in one process. Any number of threads may use it, and none waits for another.

    Closed, it lets every call through, and opens after so many failures in a row. Open, it refuses every
    call. Once its pause is over it is half open: one call goes through as a probe, and the others are still
    refused. An answer closes it; a failure opens it again, for twice as long, up to a maximum.
    clock: seconds that only go up.
    """

    def __init__(
        self,
        kind: CallKind,
        settings: CallSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._kind = kind
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        # Held for arithmetic only, never while a call or a log line is under way.
        self._lock = threading.Lock()
        self._failures = 0
        # In a row, without an answer in between.
        self._openings = 0
        self._generation = 0
        self._open_until: float | None = None
        self._why = ""
        self._is_probed = False

    @property
    def state(self) -> CircuitState:
        """Return what would happen to a call now."""
        with self._lock:
            if self._open_until is None:
                return "closed"
            return "open" if self._clock() < self._open_until else "half_open"

    def admit(self) -> Permit:
        """Let one call through; whoever makes it must `settle` the permit. Raises ProviderUnavailable, which
        says when to come again, when the call must not be made."""
        with self._lock:
            if self._open_until is None:
                return Permit(self._generation, is_probe=False)
            wait = self._open_until - self._clock()
            if wait <= 0 and not self._is_probed:
                self._is_probed = True
                return Permit(self._generation, is_probe=True)
        raise ProviderUnavailable(
            f"the provider is left alone for a moment: {self._why}",
            retry_after_seconds=wait if wait > 0 else PROBE_RETRY_SECONDS,
        )

    def settle(self, permit: Permit, verdict: Verdict, retry_after_seconds: float | None = None) -> None:
        """Learn from the call that the permit was for. retry_after_seconds: what the provider asked for."""
        with self._lock:
            was_open = self._open_until is not None
            self._learn(permit, verdict, retry_after_seconds)
            is_open = self._open_until is not None
            seconds = self._open_until - self._clock() if self._open_until is not None else 0.0
        if is_open and not was_open:
            why = verdict.name.lower()
            log.warning("provider.circuit_opened", kind=self._kind, why=why, seconds=round(seconds, 1))
        elif was_open and not is_open:
            log.warning("provider.circuit_closed", kind=self._kind)

    def _learn(self, permit: Permit, verdict: Verdict, retry_after_seconds: float | None) -> None:
        is_current = permit.generation == self._generation
        if permit.is_probe and is_current:
            # If the probe has told nothing, the next call is one.
            self._is_probed = False
        if verdict is Verdict.RATE_LIMITED and (retry_after_seconds or self._settings.rate_limited_seconds):
            self._hold(permit, retry_after_seconds)
        elif not is_current or verdict is Verdict.NOTHING:
            # A call from before the circuit opened tells nothing about the time since.
            return
        elif verdict is Verdict.FAILED:
            self._failures += 1
            if permit.is_probe or self._failures >= self._settings.circuit_failures:
                pause = self._growing(self._settings.circuit_open_seconds)
                self._open(max(pause, self._asked_for(retry_after_seconds)), "it was failing")
        else:
            self._failures = 0
            if permit.is_probe:
                self._open_until = None
                self._openings = 0

    def _hold(self, permit: Permit, retry_after_seconds: float | None) -> None:
        """Keep further calls back after a rate limit, until the provider wants to be asked again."""
        asked_for = self._asked_for(retry_after_seconds)
        if self._open_until is not None and permit.generation != self._generation:
            # One of several calls that were under way together: it was heard before.
            self._open_until = max(self._open_until, self._clock() + asked_for)
            return
        self._open(asked_for or self._growing(self._settings.rate_limited_seconds), "it was called too often")

    def _growing(self, first_seconds: float) -> float:
        """Return the pause before the next probe: doubling, and jittered so that processes do not probe at
        the same instant."""
        pause: float = first_seconds * 2.0 ** min(self._openings, 20)
        return min(self._settings.circuit_open_seconds_max, pause) * self._jitter(0.75, 1.25)

    def _asked_for(self, retry_after_seconds: float | None) -> float:
        return (retry_after_seconds or 0.0) * self._jitter(1.0, 1.25)

    def _open(self, seconds: float, why: str) -> None:
        self._why = why
        self._open_until = self._clock() + seconds
        self._openings += 1
        self._generation += 1
        self._failures = 0
        self._is_probed = False
