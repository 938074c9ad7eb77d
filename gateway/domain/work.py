"""What must still happen to a document: claimed before it is done, given back, retried later.

A claim is a conditional update with an expiry: a worker that dies leaves work that comes due again by
itself. What a payment's work is, is derived by `planning`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog
from mongoengine import Document

from gateway.domain import kill_points
from gateway.domain.context import Context
from gateway.domain.models import REASON_CHARS_MAX, Work
from gateway.domain.store import change, change_where

OPEN_ORDER = "open_order"
COLLECT_PAYMENT = "collect_payment"
CONFIRM_PAYMENT = "confirm_payment"
CAPTURE_PAYMENT = "capture_payment"
ABANDON_PAYMENT = "abandon_payment"
ISSUE_REFUND = "issue_refund"
CONFIRM_REFUND = "confirm_refund"
REFUND_DUPLICATE = "refund_duplicate"
ISSUE_RECEIPTS = "issue_receipts"
RENDER_RECEIPT = "render_receipt"
OPEN_DISCREPANCIES = "open_discrepancies"
PROCESS_WEBHOOK_EVENT = "process_webhook_event"
SEND_RESET_MAIL = "send_reset_mail"
RECONCILE = "reconcile"

KINDS = (
    OPEN_ORDER,
    COLLECT_PAYMENT,
    CONFIRM_PAYMENT,
    CAPTURE_PAYMENT,
    ABANDON_PAYMENT,
    ISSUE_REFUND,
    CONFIRM_REFUND,
    REFUND_DUPLICATE,
    ISSUE_RECEIPTS,
    RENDER_RECEIPT,
    OPEN_DISCREPANCIES,
    PROCESS_WEBHOOK_EVENT,
    SEND_RESET_MAIL,
    RECONCILE,
)

RETRY_SECONDS_FIRST = 1.0
RETRY_SECONDS_MAX = 600.0
D = TypeVar("D", bound=Document)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim(Generic[D]):
    """The right to do one piece of work until `until`. attempts counts this one."""

    document: D
    kind: str
    until: datetime
    attempts: int


def claimed(kind: str, now: datetime, ttl_seconds: int) -> Work:
    """Return work that its creator does itself at once, and that comes due if the creator dies."""
    until = now + timedelta(seconds=ttl_seconds)
    return Work(kind=kind, due_at=until, claimed_until=until, attempts=1)


def claim(context: Context, model: type[D], document_id: str, kind: str) -> Claim[D] | None:
    """Take the document's work for CLAIM_TTL_SECONDS, if it is of this kind and due.

    Writes the claim. Returns None, and logs it, when there is nothing to take: it was done already, or
    another worker holds it. Safe to call any number of times; one caller wins.
    """
    now = context.now()
    until = now + timedelta(seconds=context.limits.claim_ttl_seconds)
    document = _given_out(context, model, document_id, kind, now, until)
    if document is None:
        document = _taken_over(context, model, document_id, kind, now, until)
    if document is None:
        return None
    kill_points.reach(f"{kind}.claimed")
    return Claim(document, kind, until, document.work.attempts)


def _given_out(
    context: Context, model: type[D], document_id: str, kind: str, now: datetime, until: datetime
) -> D | None:
    """Claim work that nobody has, in one call, which is how nearly all of it is claimed."""
    claimed_by = context.cause.correlation_id
    claimant = {"set__work__claimed_by": claimed_by} if claimed_by else {"unset__work__claimed_by": True}
    return change_where(
        model,
        document_id,
        {"work__kind": kind, "work__due_at__lte": now, "work__claimed_until__exists": False},
        {
            "inc__work__attempts": 1,
            "set__work__claimed_until": until,
            "set__work__due_at": until,
            **claimant,
        },
    )


def _taken_over(
    context: Context, model: type[D], document_id: str, kind: str, now: datetime, until: datetime
) -> D | None:
    """Claim work whose last try ended with its process. Returns None, and logs it, when there is nothing to
    claim."""

    def take(document: Any) -> bool:
        if document.work is None or document.work.kind != kind or document.work.due_at > now:
            return False
        if document.work.claimed_until is not None:
            _note_failure(document, context)
        document.work.claimed_until = until
        document.work.claimed_by = context.cause.correlation_id
        document.work.due_at = until
        document.work.attempts += 1
        return True

    try:
        changed = change(model, document_id, take)
    except model.DoesNotExist:
        log.warning("work.document_missing", kind=kind, document_id=document_id)
        return None
    if not changed.written:
        log.info("work.nothing_to_claim", kind=kind, document_id=document_id)
        return None
    return changed.document


def release(document: Any, claim: Claim[Any]) -> None:
    """Drop the claimed work from the document, if the claim is still ours; planning decides what follows.
    Only alters the copy in memory."""
    if holds(document, claim):
        document.work = None


def finish(document: Any, claim: Claim[Any], progressed: bool, context: Context) -> None:
    """Drop the claimed work if it led to anything. Work that is still needed although nothing came of it is
    tried again after a pause, so that a provider that repeats itself is not asked without end."""
    if progressed:
        release(document, claim)
        return
    is_ours = holds(document, claim)
    postpone(document, claim, "nothing new came of it", context)
    if is_ours:
        # It can be done; there was merely nothing to learn yet.
        document.work.failing_since = None


def postpone(
    document: Any,
    claim: Claim[Any],
    error: str,
    context: Context,
    *,
    retry_after_seconds: float | None = None,
) -> None:
    """Give the work back to be tried again after a growing, jittered pause, and note why it did not work.
    retry_after_seconds: for how long the provider wants to be left alone, which holds for hurried work too.
    Only alters the copy in memory, and only if the claim is still ours."""
    if not holds(document, claim):
        return
    _note_failure(document, context)
    pause = 0.0 if document.work.is_hurried else retry_seconds(claim.attempts)
    pause = max(pause, wait_seconds(retry_after_seconds))
    document.work.is_hurried = None
    document.work.claimed_until = None
    document.work.due_at = context.now() + timedelta(seconds=pause)
    document.work.last_error = error[:REASON_CHARS_MAX]


def crashed(context: Context, model: type[D], document_id: str, kind: str, error: str) -> None:
    """Put work off that a mistake of ours interrupted, so that a poisonous document does not come back at
    once and again. The document keeps its attempts, which make the pause grow."""
    change(model, document_id, lambda document: put_off(document, kind, error, context))


def put_off(document: Any, kind: str, error: str, context: Context) -> bool:
    """Decide what `crashed` writes: give the crashed work back after its pause. Returns False when the one
    that crashed has not had the claim. Only alters the copy in memory."""
    if document.work is None or document.work.kind != kind or document.work.claimed_until is None:
        return False
    if document.work.claimed_by != context.cause.correlation_id:
        # It crashed without having had the claim; who has it goes on.
        return False
    _note_failure(document, context)
    document.work.claimed_until = None
    document.work.due_at = context.now() + timedelta(seconds=retry_seconds(document.work.attempts))
    document.work.last_error = error[:REASON_CHARS_MAX]
    return True


def _note_failure(document: Any, context: Context) -> None:
    """Note since when the work has failed WORK_ATTEMPTS_MAX times, for an alarm. It goes on all the same."""
    if document.work.attempts >= context.limits.work_attempts_max and not document.work.failing_since:
        document.work.failing_since = context.now()


def holds(document: Any, claim: Claim[Any]) -> bool:
    """Return whether the document's work is still the one that was claimed."""
    return (
        document.work is not None
        and document.work.kind == claim.kind
        and document.work.claimed_until == claim.until
    )


def retry_seconds(attempts: int, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """Return the pause after so many attempts: doubling from RETRY_SECONDS_FIRST to RETRY_SECONDS_MAX,
    give or take a quarter so that many documents do not come due at the same instant."""
    pause: float = min(RETRY_SECONDS_MAX, RETRY_SECONDS_FIRST * 2.0 ** min(attempts - 1, 20))
    return pause * jitter(0.75, 1.25)


def wait_seconds(
    retry_after_seconds: float | None, jitter: Callable[[float, float], float] = random.uniform
) -> float:
    """Return how long to leave a provider alone that asked for so long: never less, and up to a quarter more,
    so that those whom it sent away do not all come back at the same instant."""
    return (retry_after_seconds or 0.0) * jitter(1.0, 1.25)


def due(
    model: type[D], now: datetime, limit: int, kinds: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """Return (id, kind) of up to `limit` documents whose work is due, the longest overdue first. kinds: only
    these, which no index serves; None means all."""
    rows = model.objects(work__due_at__lte=now)
    if kinds is not None:
        rows = rows.filter(work__kind__in=kinds)
    rows = rows.order_by("work.due_at").limit(limit).only("id", "work.kind")
    return [(row.id, row.work.kind) for row in rows]
