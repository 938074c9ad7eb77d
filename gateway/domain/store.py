"""The one form of conditional write: read, decide, write if nobody else has written since, else again. What
MongoDB can decide by itself is one call, `change_where`.

Everything that must agree lives in one document, so no transaction is needed, and a decision taken in
Python on what was read is as safe as a condition in the query.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import structlog
from mongoengine import Document
from mongoengine.errors import NotUniqueError
from pymongo.errors import DuplicateKeyError

from gateway.domain import kill_points
from gateway.domain.errors import TooBusy

D = TypeVar("D", bound=Document)

CHANGE_ATTEMPTS_MAX = 30
CHANGE_PAUSE_SECONDS_MAX = 0.05
# The version of a copy with contents that were never written. No document has it, so no such copy is written.
SPOILT = 0

# What is stored of a document, by the names in the database.
Fields = Mapping[str, Any]
# The kind of work that a document is claimed for, and until when.
ClaimOn = tuple[str, datetime] | None

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Changed(Generic[D]):
    """The document after `change`, and whether this call wrote it."""

    document: D
    written: bool


def change(
    model: type[D], document_id: str, decide: Callable[[D], bool], known: D | None = None
) -> Changed[D]:
    """Apply `decide` to the document and write it, if nobody has changed it in between; else decide again.

    decide: alters the document it is given and returns True, or returns False to leave it as it is. It may
    be called several times, each time on another copy, so it must do nothing but alter that copy.
    known: the whole document as the caller has read or written it last, which saves reading it once more, and
    is altered. It may be out of date, so it is only decided on for writing: to leave the document as it is,
    or to raise, takes a fresh copy.
    Writes at most one document, in one update conditional on `_id` and `version`.
    Raises model.DoesNotExist, whatever `decide` raises, MongoEngine's NotUniqueError and ValidationError for
    what the document cannot be, and TooBusy after CHANGE_ATTEMPTS_MAX lost races.
    """
    if known is not None and known.version != SPOILT and _is_changed(known, decide):
        return Changed(known, written=True)
    for attempt in range(1, CHANGE_ATTEMPTS_MAX + 1):
        document = model.objects.get(id=document_id)
        read = document.to_mongo()
        if not decide(document):
            return Changed(document, written=False)
        if _is_written(document, read):
            return Changed(document, written=True)
        # Someone else was first. A short random pause keeps a crowd from losing together again.
        time.sleep(random.uniform(0, CHANGE_PAUSE_SECONDS_MAX) * min(1, attempt / 5))
    log.warning("document.too_busy", collection=model._get_collection_name(), document_id=document_id)
    raise TooBusy("Too many changes at the same time; nothing was written. Please try again.")


def change_where(
    model: type[D], document_id: str, conditions: dict[str, Any], changes: dict[str, Any]
) -> D | None:
    """Write changes to the document in one call, if it meets the conditions; both in MongoEngine's words,
    such as `work__kind` and `set__work__due_at`. Counts its version. Returns the document as written, or None
    when there is none that meets them."""
    written: D | None = model.objects(id=document_id, **conditions).modify(
        new=True, inc__version=1, **changes
    )
    return written


def _is_changed(known: D, decide: Callable[[D], bool]) -> bool:
    """Decide on a copy that may be out of date, and write it if it is not."""
    read = known.to_mongo()
    try:
        is_wanted = decide(known)
    except Exception:
        # If it is not the copy's fault, it is raised again over a fresh one.
        is_wanted = False
    if not is_wanted:
        known.version = SPOILT
        return False
    return _is_written(known, read)


def _is_written(document: Any, read: Fields) -> bool:
    """Write what a decision has changed, if the document still has the version that it was decided on. A copy
    that is not written is spoilt. read: the copy's fields before the decision."""
    version, document.version = document.version, SPOILT
    # Where it came later, it reads as 1 where there is none yet.
    may_be_absent = version == 1 and getattr(document, "version_came_later", False)
    condition = {"_id": document.id, "version": {"$in": [1, None]} if may_be_absent else version}
    try:
        document.validate()
        decided = document.to_mongo() | {"version": version + 1}
        result = document._get_collection().update_one(condition, _changes(read, decided))
    except DuplicateKeyError as error:
        raise NotUniqueError(str(error)) from error
    if not result.matched_count:
        return False
    document.version = version + 1
    claimed = _claim_on(read)
    if claimed and claimed != _claim_on(decided):
        kill_points.reach(f"{claimed[0]}.written")
    return True


def _changes(read: Fields, decided: Fields) -> dict[str, Any]:
    """Return what makes the one of the other. Only what has changed, so that what nobody has touched is
    nobody's to overwrite."""
    changed = {name: value for name, value in decided.items() if name not in read or read[name] != value}
    gone = {name: "" for name in read if name not in decided}
    return {"$set": changed} | ({"$unset": gone} if gone else {})


def _claim_on(fields: Fields) -> ClaimOn:
    work = fields.get("work")
    return (work["kind"], work["claimed_until"]) if work and "claimed_until" in work else None
