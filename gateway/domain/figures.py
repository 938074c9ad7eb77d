"""How much there is to do, and how old it is: counts and ages for operators, never ids or amounts. Reads
only, and a bounded number of documents, so that asking costs little also when there is much to do."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.domain import periodic
from gateway.domain.context import Limits
from gateway.domain.documents import DOCUMENTS_WITH_WORK
from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.webhook_outcomes import DEAD
from gateway.domain.work import KINDS

# Nothing is counted further than this in any collection; more is too much in any case.
COUNTED_MAX = 10_000
UNKNOWN_KIND = "unknown"


@dataclass(frozen=True)
class DueWork:
    """The work that is due: how many pieces of each kind, and since when the oldest is; None without any."""

    by_kind: dict[str, int]
    oldest_due_at: datetime | None

    @property
    def total(self) -> int:
        """Return how many pieces there are of all kinds."""
        return sum(self.by_kind.values())

    def oldest_seconds(self, now: datetime) -> float:
        """Return for how long the oldest has been due, 0 without any."""
        return (now - self.oldest_due_at).total_seconds() if self.oldest_due_at else 0.0


def due_work(until: datetime) -> DueWork:
    """Return the work that was due by then. Counts up to COUNTED_MAX in each collection, the oldest first."""
    kinds: Counter[str] = Counter()
    oldest: list[datetime] = []
    pipeline = [
        {"$match": {"work.due_at": {"$lte": until}}},
        {"$sort": {"work.due_at": 1}},
        {"$limit": COUNTED_MAX},
        {"$group": {"_id": "$work.kind", "count": {"$sum": 1}, "oldest": {"$min": "$work.due_at"}}},
    ]
    for model in DOCUMENTS_WITH_WORK:
        for row in model._get_collection().aggregate(pipeline):
            kinds[_kind(row["_id"])] += row["count"]
            oldest.append(row["oldest"])
    return DueWork(dict(sorted(kinds.items())), min(oldest, default=None))


def _kind(found: Any) -> str:
    """Return the kind if it is one of ours: what else may lie in the database is not for everybody's eyes."""
    return found if found in KINDS else UNKNOWN_KIND


def failing_work(now: datetime) -> dict[str, int]:
    """Return how many pieces of work of each kind have been tried WORK_ATTEMPTS_MAX times and still go on."""
    kinds: Counter[str] = Counter()
    pipeline = [
        # Of a clock that is ahead too: what counts is that it is there.
        {"$match": {"work.failing_since": {"$lte": now + timedelta(days=1)}}},
        {"$limit": COUNTED_MAX},
        {"$group": {"_id": "$work.kind", "count": {"$sum": 1}}},
    ]
    for model in DOCUMENTS_WITH_WORK:
        for row in model._get_collection().aggregate(pipeline):
            kinds[_kind(row["_id"])] += row["count"]
    return dict(sorted(kinds.items()))


def dead_webhook_events() -> int:
    """Return how many webhook events wait for a person to redrive them; at most COUNTED_MAX."""
    return int(WebhookEvent._get_collection().count_documents({"outcome": DEAD}, limit=COUNTED_MAX))


def payments_needing_review() -> int:
    """Return how many payments a person has to look at; at most COUNTED_MAX."""
    return int(Payment._get_collection().count_documents({"needs_review": True}, limit=COUNTED_MAX))


def last_sweep_seconds(now: datetime, limits: Limits) -> float | None:
    """Return how long ago a sweep last finished. None when none ever has, and when the time that is written
    lies further ahead than SWEEP_STALE_SECONDS: the clock of the host that wrote it is wrong, and believing
    it would hide for as long that nothing sweeps any more."""
    finished_at = periodic.last_finished_at(periodic.SWEEP)
    if finished_at is None:
        return None
    age_seconds = (now - finished_at).total_seconds()
    return max(0.0, age_seconds) if age_seconds >= -limits.sweep_stale_seconds else None
