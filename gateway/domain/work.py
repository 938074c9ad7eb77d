"""What must still happen to a document: derived from its state, claimed before it is done, retried later.

`plan_payment` derives a payment's next work from what the payment says, so that no code path can forget
to ask for it. A claim is a conditional update with an expiry: a worker that dies leaves work that comes
due again by itself.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog
from mongoengine import Document

from gateway.domain import kill_points
from gateway.domain.context import Context
from gateway.domain.models import REASON_CHARS_MAX, Payment, Work
from gateway.domain.states import ATTEMPTED, CANCELLED, CREATED, OPEN, REFUND_PENDING
from gateway.domain.store import change

OPEN_ORDER = "open_order"
COLLECT_PAYMENT = "collect_payment"
CONFIRM_PAYMENT = "confirm_payment"
CAPTURE_PAYMENT = "capture_payment"
ISSUE_REFUND = "issue_refund"
CONFIRM_REFUND = "confirm_refund"
ISSUE_RECEIPTS = "issue_receipts"
RENDER_RECEIPT = "render_receipt"
PROCESS_WEBHOOK_EVENT = "process_webhook_event"
SEND_RESET_MAIL = "send_reset_mail"

KINDS = (
    OPEN_ORDER,
    COLLECT_PAYMENT,
    CONFIRM_PAYMENT,
    CAPTURE_PAYMENT,
    ISSUE_REFUND,
    CONFIRM_REFUND,
    ISSUE_RECEIPTS,
    RENDER_RECEIPT,
    PROCESS_WEBHOOK_EVENT,
    SEND_RESET_MAIL,
)

RETRY_SECONDS_FIRST = 1.0
RETRY_SECONDS_MAX = 600.0
# Razorpay's advice is to ask about orders that are still open after 15 minutes; later looks catch money
# that was authorised late, which its documents bound at three days.
# An order never expires at Razorpay, so the looks go on, ever more rarely, for three months.
OPEN_ORDER_LOOKS_AFTER = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=days) for days in (1, 2, 3, 4, 7, 14, 30, 60, 90)),
)
# A customer approves a UPI request within minutes, on another screen, and no browser comes back to tell.
COLLECT_LOOKS_AFTER = tuple(timedelta(seconds=seconds) for seconds in (20, 60, 150, 330))
# A refund's webhook is the authority; asking is for the case that it never comes.
PENDING_REFUND_LOOK_AFTER = timedelta(minutes=10)

D = TypeVar("D", bound=Document)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim(Generic[D]):
    """The right to do one piece of work until `until`. attempts counts this one."""

    document: D
    kind: str
    until: datetime
    attempts: int


def plan_payment(payment: Payment, now: datetime) -> None:
    """Set `payment.work` to what its state asks for. Leaves work of the same kind alone, with its claim,
    attempts and due time; `hurry` makes that due at once. Only alters the copy in memory."""
    wanted = _payment_needs(payment, now)
    if wanted is None:
        payment.work = None
        return
    kind, due_at = wanted
    if payment.work is None or payment.work.kind != kind:
        payment.work = Work(kind=kind, due_at=due_at)


def hurry(payment: Payment) -> None:
    """Forget a pause that the payment's work is waiting out, so that planning makes it due at once. A claim
    is left alone: when its holder finishes, planning follows, and when it postpones, the work comes due at
    once. Only alters the copy in memory."""
    if payment.work is None:
        return
    if payment.work.claimed_until is None:
        payment.work = None
    else:
        payment.work.is_hurried = True


def _payment_needs(payment: Payment, now: datetime) -> tuple[str, datetime] | None:
    """Return the kind of work and when it is due. Receipts come first, because they only take one insert
    and the provider cannot hold them up."""
    if any(not receipt.stored for receipt in payment.receipts):
        return ISSUE_RECEIPTS, now
    if payment.provider_order_id is None:
        return (OPEN_ORDER, now) if order_is_wanted(payment) else None
    if payment.status == ATTEMPTED and payment.authorized_at and not payment.captured_minor:
        return CAPTURE_PAYMENT, now
    if payment.unread_provider_payment_id:
        return CONFIRM_PAYMENT, now
    if payment.status in OPEN and collect_is_unsent(payment):
        return COLLECT_PAYMENT, now
    pending = [refund for refund in payment.refunds if refund.status == REFUND_PENDING]
    if any(refund.provider_refund_id is None for refund in pending):
        return ISSUE_REFUND, now
    if pending:
        return CONFIRM_REFUND, now + PENDING_REFUND_LOOK_AFTER
    if payment.status in OPEN or payment.status == CANCELLED:
        # A cancelled order can still be paid at the provider, by a page that the customer left open.
        next_look = min((look for look in _looks(payment) if look > now), default=None)
        return (CONFIRM_PAYMENT, next_look) if next_look else None
    return None


def order_is_wanted(payment: Payment) -> bool:
    """Return whether somebody wants the payment's order open. Payments of the first release do not say since
    when; they were recorded with the call for their order."""
    if payment.order_wanted_since:
        return True
    return payment.status == CREATED and payment.order_requested_at is not None


def collect_is_unsent(payment: Payment) -> bool:
    """Return whether a UPI request is to be sent, or may have been sent by a call whose answer was lost."""
    collect = payment.upi_collect
    return collect is not None and not collect.provider_payment_id and not collect.failure_reason


def _looks(payment: Payment) -> Iterator[datetime]:
    since = payment.cancelled_at or payment.order_wanted_since or payment.created_at
    yield from (since + after for after in OPEN_ORDER_LOOKS_AFTER)
    if payment.upi_collect and payment.upi_collect.asked_at:
        yield from (payment.upi_collect.asked_at + after for after in COLLECT_LOOKS_AFTER)


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

    def take(document: Any) -> bool:
        if document.work is None or document.work.kind != kind or document.work.due_at > now:
            return False
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
    kill_points.reach(f"{kind}.claimed")
    return Claim(changed.document, kind, until, changed.document.work.attempts)


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
    else:
        postpone(document, claim, "nothing new came of it", context)


def postpone(document: Any, claim: Claim[Any], error: str, context: Context) -> None:
    """Give the work back to be tried again after a growing, jittered pause, and note why it did not work.
    Only alters the copy in memory, and only if the claim is still ours."""
    if not holds(document, claim):
        return
    pause = 0 if document.work.is_hurried else retry_seconds(claim.attempts)
    document.work.is_hurried = None
    document.work.claimed_until = None
    document.work.due_at = context.now() + timedelta(seconds=pause)
    document.work.last_error = error[:REASON_CHARS_MAX]


def crashed(context: Context, model: type[D], document_id: str, kind: str, error: str) -> None:
    """Put work off that a mistake of ours interrupted, so that a poisonous document does not come back at
    once and again. The document keeps its attempts, which make the pause grow."""

    def decide(document: Any) -> bool:
        if document.work is None or document.work.kind != kind or document.work.claimed_until is None:
            return False
        if document.work.claimed_by != context.cause.correlation_id:
            # It crashed without having had the claim; who has it goes on.
            return False
        document.work.claimed_until = None
        document.work.due_at = context.now() + timedelta(seconds=retry_seconds(document.work.attempts))
        document.work.last_error = error[:REASON_CHARS_MAX]
        return True

    change(model, document_id, decide)


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


def due(model: type[D], now: datetime, limit: int) -> list[tuple[str, str]]:
    """Return (id, kind) of up to `limit` documents whose work is due, the longest overdue first."""
    rows = model.objects(work__due_at__lte=now).order_by("work.due_at").limit(limit).only("id", "work.kind")
    return [(row.id, row.work.kind) for row in rows]
