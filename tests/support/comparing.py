"""Having a stack's worker compare its payments with the provider's."""

from datetime import datetime
from typing import Any

from pymongo.database import Database

from gateway.domain import work
from gateway.domain.context import utc_now
from gateway.domain.models import Work
from gateway.domain.reconciliation.models import COMMAND, ReconciliationRun
from tests.support.waiting import wait_until

COMPARISON_SECONDS_MAX = 90.0


def compare_since(database: Database[dict[str, Any]], began_at: datetime) -> str:
    """Ask for a comparison of what has happened since then; returns the run's id."""
    run = ReconciliationRun(
        trigger=COMMAND,
        started_by="test",
        started_at=utc_now(),
        window_from=began_at,
        window_to=utc_now(),
        grace_seconds=0,
        work=Work(kind=work.RECONCILE, due_at=utc_now()),
    )
    database.reconciliation_runs.insert_one(dict(run.to_mongo()))
    return str(run.id)


def compared(database: Database[dict[str, Any]], run_id: str) -> None:
    """Wait until a comparison is through."""
    finished = {"_id": run_id, "finished_at": {"$exists": True}, "stopped_because": {"$exists": False}}
    wait_until(
        lambda: database.reconciliation_runs.count_documents(finished) == 1,
        "the end of the comparison",
        deadline_seconds=COMPARISON_SECONDS_MAX,
    )
