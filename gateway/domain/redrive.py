"""After an outage: work that waits for its retry need not wait out the pause that it earned while everything
failed. Decides which work that is and makes it due; enqueueing is the caller's."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import structlog
from mongoengine import Document

from gateway.domain.documents import DOCUMENTS_WITH_WORK
from gateway.domain.errors import TooBusy
from gateway.domain.models import Payment, Work
from gateway.domain.store import change

log = structlog.get_logger(__name__)


def make_due(
    now: datetime, *, kind: str | None = None, payment_id: str | None = None
) -> Iterator[tuple[str, str]]:
    """Make the work due that waits for its retry, and yield its kind and its document's id, one after the
    other. kind, payment_id: only that kind, or only of that payment and its receipts; None means all.

    Writes one document for each that is yielded. Leaves alone what is claimed, what is due anyway, and what
    has not been tried yet, such as a look that is planned for tomorrow. Attempts go on counting, so that
    work that fails again pauses as long as before. Safe to repeat and to break off.
    """
    for model in DOCUMENTS_WITH_WORK:
        for document_id in _waiting(model, now, kind, payment_id):
            found = _make_due(model, document_id, now, kind)
            if found:
                log.info("work.redriven", kind=found, document_id=document_id)
                yield found, document_id


def _waiting(model: type[Document], now: datetime, kind: str | None, payment_id: str | None) -> list[str]:
    query: dict[str, Any] = {"work.due_at": {"$gt": now}, "work.attempts": {"$gte": 1}}
    if kind:
        query["work.kind"] = kind
    if payment_id:
        query["_id" if model is Payment else "payment_id"] = payment_id
    # All at once: what comes due may be worked off, and wait anew, while the rest is still being read.
    return [row.id for row in model.objects(__raw__=query).order_by("work.due_at").only("id")]


def _make_due(model: type[Document], document_id: str, now: datetime, kind: str | None) -> str | None:
    """Return the kind of the work that was made due, or None when it waits no longer."""

    def decide(document: Any) -> bool:
        if not _waits(document.work, now) or kind not in (None, document.work.kind):
            return False
        document.work.due_at = now
        return True

    try:
        changed = change(model, document_id, decide)
    except (TooBusy, model.DoesNotExist) as error:
        # Others are at work on it, which is what redriving is for.
        log.warning("work.not_redriven", document_id=document_id, error=type(error).__name__)
        return None
    return changed.document.work.kind if changed.written else None


def _waits(work: Work | None, now: datetime) -> bool:
    return work is not None and work.claimed_until is None and work.attempts >= 1 and work.due_at > now
