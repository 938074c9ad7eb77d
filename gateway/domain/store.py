"""The one form of conditional write: read, decide, write if nobody else has written since, else again.

Everything that must agree lives in one document, so no transaction is needed, and a decision taken in
Python on what was read is as safe as a condition in the query.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import structlog
from mongoengine import Document
from mongoengine.errors import SaveConditionError

from gateway.domain import kill_points
from gateway.domain.errors import TooBusy

D = TypeVar("D", bound=Document)

CHANGE_ATTEMPTS_MAX = 30
CHANGE_PAUSE_SECONDS_MAX = 0.05

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Changed(Generic[D]):
    """The document after `change`, and whether this call wrote it."""

    document: D
    written: bool


def change(model: type[D], document_id: str, decide: Callable[[D], bool]) -> Changed[D]:
    """Apply `decide` to the document and write it, if nobody has changed it in between; else decide again.

    decide: alters the document it is given and returns True, or returns False to leave it as it is. It may
    be called several times, each time on a fresh copy, so it must do nothing but alter that copy.
    Writes at most one document, in one update conditional on `_id` and `version`.
    Raises model.DoesNotExist, whatever `decide` raises, and TooBusy after CHANGE_ATTEMPTS_MAX lost races.
    """
    for attempt in range(1, CHANGE_ATTEMPTS_MAX + 1):
        document = model.objects.get(id=document_id)
        claimed = _claim_on(document)
        if not decide(document):
            return Changed(document, written=False)
        read_version = document.version
        condition: dict[str, Any] = {"version": read_version}
        if read_version == 1 and getattr(model, "version_came_later", False):
            # It reads as 1 where there is none yet.
            condition = {"version__in": [1, None]}
        document.version = read_version + 1
        try:
            document.save(save_condition=condition)
        except SaveConditionError:
            # Someone else was first. A short random pause keeps a crowd from losing together again.
            time.sleep(random.uniform(0, CHANGE_PAUSE_SECONDS_MAX) * min(1, attempt / 5))
            continue
        if claimed and _claim_on(document) != claimed:
            kill_points.reach(f"{claimed[0]}.written")
        return Changed(document, written=True)
    log.warning("document.too_busy", collection=model._get_collection_name(), document_id=document_id)
    raise TooBusy("Too many changes at the same time; nothing was written. Please try again.")


def _claim_on(document: Any) -> tuple[str, datetime] | None:
    work = getattr(document, "work", None)
    return (work.kind, work.claimed_until) if work and work.claimed_until else None
