"""What `/readyz` says beyond yes and no: alarms, and the figures behind them. Anybody may ask, and as often
as they like, so each process reads it from the database once in a while, and repeats itself meanwhile."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pymongo
import structlog
from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from gateway.domain import alarms, figures
from gateway.domain.alarms import Alarm
from gateway.domain.context import Limits

# For how long one report is given to everybody.
REPORT_KEPT_SECONDS = 2.0
# How long reading it may take in all.
REPORT_READ_SECONDS_MAX = 3.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Details:
    """Counts and ages. last_sweep_seconds is None when no sweep has finished yet."""

    work_due: int
    oldest_due_seconds: float
    dead_webhook_events: int
    last_sweep_seconds: float | None


@dataclass(frozen=True)
class Report:
    """What is wrong now; details are None when they could not be read."""

    alarms: tuple[Alarm, ...]
    details: Details | None


UNREAD = Report((Alarm("alarms unknown", "The database did not say in time what there is to do."),), None)
NOT_ASKED = Report((), None)


def read(now: datetime, limits: Limits) -> Report:
    """Return the report. Takes REPORT_READ_SECONDS_MAX at most, and never raises because of the database."""
    try:
        with pymongo.timeout(REPORT_READ_SECONDS_MAX):
            due = figures.due_work(now)
            details = Details(
                work_due=due.total,
                oldest_due_seconds=due.oldest_seconds(now),
                dead_webhook_events=figures.dead_webhook_events(),
                last_sweep_seconds=figures.last_sweep_seconds(now, limits),
            )
            return Report(tuple(alarms.current(now, limits)), details)
    except (PyMongoError, MongoEngineException) as error:
        log.warning("health.alarms_unread", error=type(error).__name__)
        return UNREAD


class KeptReport:
    """One process's report, read anew when it is asked for after REPORT_KEPT_SECONDS, by one thread at a
    time: the others get the one before it, and wait only when there is none yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._read_at = 0.0

    def get(self, read: Callable[[], Report]) -> Report:
        """Return the report, calling `read` if the last one is old."""
        if self._is_fresh() or not self._lock.acquire(blocking=self._report is None):
            assert self._report is not None
            return self._report
        try:
            if not self._is_fresh():
                self._report = read()
                self._read_at = self._clock()
        finally:
            self._lock.release()
        assert self._report is not None
        return self._report

    def _is_fresh(self) -> bool:
        return self._report is not None and self._clock() - self._read_at < REPORT_KEPT_SECONDS
