"""The list of where our records and the provider's differ or differed: stored once each, found again, closed
by a person. What differs is decided in `comparison` and by the observations."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from mongoengine.errors import NotUniqueError

from gateway.domain import reviews, work
from gateway.domain.context import Context
from gateway.domain.discrepancy_models import (
    CLOSED,
    CORRECTED,
    OPEN,
    TEXT_CHARS_MAX,
    Discrepancy,
    DiscrepancyRef,
)
from gateway.domain.errors import DiscrepancyNotFound, DiscrepancyNotOpen
from gateway.domain.models import Payment
from gateway.domain.store import Changed, change
from gateway.domain.transitions import change_claimed

# More than a person reads; the alarm counts no further either.
LISTED_MAX = 1000

log = structlog.get_logger(__name__)


def store(context: Context, payment_id: str) -> Payment | None:
    """Create the documents of the discrepancies that were found on the payment.

    Claims the payment's work; returns None when there was nothing to claim. Every step can be repeated: an
    id is derived from what differs, so a second insert of it is refused by the index and means "found again".
    """
    claim = work.claim(context, Payment, payment_id, work.OPEN_DISCREPANCIES)
    if claim is None:
        return None
    minted = [ref for ref in claim.document.discrepancies if not ref.stored]
    for ref in minted:
        _insert(claim.document, ref)
    stored_ids = {ref.id for ref in minted}

    def decide(payment: Payment) -> bool:
        for ref in payment.discrepancies:
            if ref.id in stored_ids:
                ref.stored = True
        work.release(payment, claim)
        return True

    return change_claimed(context, claim, decide).document


def _insert(payment: Payment, ref: DiscrepancyRef) -> None:
    discrepancy = Discrepancy(
        id=ref.id,
        payment_id=payment.id,
        kind=ref.kind,
        state=ref.state,
        ours=ref.ours,
        theirs=ref.theirs,
        sentence=ref.sentence,
        provider_order_id=ref.provider_order_id,
        provider_payment_id=ref.provider_payment_id,
        provider_refund_id=ref.provider_refund_id,
        found_at=ref.found_at,
        found_by=ref.found_by,
        correlation_id=ref.correlation_id,
        last_found_at=ref.found_at,
        corrected_at=ref.found_at if ref.state == CORRECTED else None,
    )
    try:
        discrepancy.save(force_insert=True)
    except NotUniqueError:
        # Either a worker that died before it could say so has inserted it, or the payment had forgotten it.
        found_again(ref.id, ref.found_at)
        return
    say = log.warning if ref.state == OPEN else log.info
    say(f"discrepancy.{ref.state}", payment_id=payment.id, kind=ref.kind, sentence=ref.sentence)


def found_again(discrepancy_id: str, at: datetime) -> Discrepancy | None:
    """Count that a difference was found once more, unless this very time was counted. Writes one document.
    A closed one stays closed: the person knew that it would be found again. Returns None when the document is
    only just being stored."""

    def decide(discrepancy: Discrepancy) -> bool:
        if at <= discrepancy.last_found_at:
            return False
        discrepancy.found_count += 1
        discrepancy.last_found_at = at
        return True

    try:
        return change(Discrepancy, discrepancy_id, decide).document
    except Discrepancy.DoesNotExist:
        log.info("discrepancy.not_stored_yet", discrepancy_id=discrepancy_id)
        return None


def close(discrepancy_id: str, note: str, context: Context) -> Changed[Discrepancy]:
    """Write down what a person has decided about an open discrepancy. Writes it, and the payment, which waits
    for nobody any more once its last discrepancy is closed; its money and status stay as they are. Safe to
    repeat with the same note, also when this died in between. Raises DiscrepancyNotFound, DiscrepancyNotOpen.
    """
    note = note[:TEXT_CHARS_MAX]

    def decide(discrepancy: Discrepancy) -> bool:
        if discrepancy.state == CLOSED and discrepancy.note == note:
            return False
        if discrepancy.state != OPEN:
            raise DiscrepancyNotOpen("This discrepancy is not open.", state=discrepancy.state)
        discrepancy.state = CLOSED
        discrepancy.closed_at = context.now()
        discrepancy.closed_by = context.cause.by
        discrepancy.note = note
        return True

    try:
        closed = change(Discrepancy, discrepancy_id, decide)
    except Discrepancy.DoesNotExist as error:
        raise DiscrepancyNotFound("There is no such discrepancy.") from error
    payment_id = closed.document.payment_id
    if not any(each.state == OPEN for each in Discrepancy.objects(payment_id=payment_id).only("state")):
        reviews.finish(context, payment_id, note)
    return closed


def listed(state: str | None = OPEN) -> Sequence[Discrepancy]:
    """Return the newest LISTED_MAX discrepancies in this state, or in any, the newest first."""
    query = {"state": state} if state else {}
    return list(Discrepancy.objects(**query).order_by("-found_at").limit(LISTED_MAX))


def open_count() -> int:
    """Return how many wait for a person; at most LISTED_MAX."""
    return int(Discrepancy._get_collection().count_documents({"state": OPEN}, limit=LISTED_MAX))
