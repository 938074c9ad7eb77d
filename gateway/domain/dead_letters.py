"""Webhook events whose handling crashes, or kills its process, every time: after WEBHOOK_ATTEMPTS_MAX such
tries they are put aside, so that they do not come back for ever, and a person redrives them once the mistake
is found. They are never thrown away, and hold nobody up meanwhile.

It was acknowledged, so the provider does not repeat it. When the same body comes again all the same, that is
only counted: a dead event does not come back to life because somebody replays it.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog
from pymongo.errors import ConnectionFailure, PyMongoError

from gateway.domain import work
from gateway.domain.context import Context
from gateway.domain.errors import NotRedrivable, TooBusy, WebhookEventNotFound
from gateway.domain.models import REASON_CHARS_MAX, WebhookEvent, Work
from gateway.domain.store import Changed, change
from gateway.domain.webhook_outcomes import DEAD, FOREIGN

# What a redrive brings back. The handling of the others has come to an end that it would come to again.
REDRIVABLE = (DEAD, FOREIGN)

log = structlog.get_logger(__name__)


def crashed(context: Context, webhook_event_id: str, error: Exception) -> None:
    """Put the event off after a crash of its handling, or put it aside after the last try. Writes one
    document, if the one that crashed had the claim."""

    def decide(event: WebhookEvent) -> bool:
        if not work.put_off(event, work.PROCESS_WEBHOOK_EVENT, type(error).__name__, context):
            return False
        if _is_of_the_surroundings(error):
            event.tries_excused += 1
        elif event.work.attempts - event.tries_excused >= context.limits.webhook_attempts_max:
            _bury(event, context)
        return True

    _tell(change(WebhookEvent, webhook_event_id, decide))


def bury_if_exhausted(context: Context, claim: work.Claim[WebhookEvent]) -> bool:
    """Put the claimed event aside if each of its tries is used up, which those that ended with their process
    have not said. Returns False, and writes nothing, when this try is one of those that it has."""
    event = claim.document
    if claim.attempts - event.tries_excused <= context.limits.webhook_attempts_max:
        return False

    def decide(event: WebhookEvent) -> bool:
        if not work.holds(event, claim):
            return False
        _bury(event, context)
        return True

    _tell(change(WebhookEvent, event.id, decide, event))
    return True


def listed(outcome: str, limit: int) -> list[WebhookEvent]:
    """Return up to `limit` events that ended so, the oldest first, without their bodies."""
    events = WebhookEvent.objects(outcome=outcome).order_by("received_at")
    return list(events.exclude("body").limit(limit))


def redrive(webhook_event_id: str, now: datetime) -> str:
    """Give a dead or foreign event all its tries again, due now; returns our id of it, to be enqueued.
    webhook_event_id: ours, or the provider's event id. Writes one document.
    Raises WebhookEventNotFound, NotRedrivable for any other event, and TooBusy."""
    event = (
        WebhookEvent.objects(id=webhook_event_id).only("id").first()
        or WebhookEvent.objects(event_id=webhook_event_id).only("id").first()
    )
    if event is None:
        raise WebhookEventNotFound("There is no such webhook event.")
    if not _revive(event.id, now):
        raise NotRedrivable("The webhook event is neither dead nor foreign.")
    return str(event.id)


def redrive_all(outcome: str, now: datetime) -> Iterator[str]:
    """Give every event that ended so, one of REDRIVABLE, all its tries again, and yield our ids of them.
    Writes one document for each that is yielded. Safe to repeat and to break off."""
    # All at once: what is redriven may end the same way while the rest is still being read.
    rows = WebhookEvent.objects(outcome=outcome).order_by("received_at").only("id")
    for webhook_event_id in [row.id for row in rows]:
        try:
            is_revived = _revive(webhook_event_id, now)
        except (TooBusy, WebhookEvent.DoesNotExist) as error:
            log.warning("webhook.not_redriven", webhook_event_id=webhook_event_id, error=type(error).__name__)
            continue
        if is_revived:
            yield webhook_event_id


def _revive(webhook_event_id: str, now: datetime) -> bool:
    def decide(event: WebhookEvent) -> bool:
        if event.outcome not in REDRIVABLE:
            return False
        event.outcome = event.why = event.finished_at = None
        event.tries_excused = 0
        event.work = Work(kind=work.PROCESS_WEBHOOK_EVENT, due_at=now)
        return True

    changed = change(WebhookEvent, webhook_event_id, decide)
    if changed.written:
        log.info("webhook.redriven", webhook_event_id=webhook_event_id)
    return changed.written


def _bury(event: WebhookEvent, context: Context) -> None:
    last_error = event.work.last_error or "its process ended each time"
    tries = context.limits.webhook_attempts_max
    event.outcome = DEAD
    event.why = f"given up after {tries} tries; the last error: {last_error}"[:REASON_CHARS_MAX]
    event.finished_at = context.now()
    event.work = None


def _tell(changed: Changed[WebhookEvent]) -> None:
    event = changed.document
    if changed.written and event.outcome == DEAD:
        log.error("webhook.dead", webhook_event_id=event.id, event_id=event.event_id, why=event.why)


def _is_of_the_surroundings(error: Exception) -> bool:
    """Return whether the database was away, or many others changed the same payment, which says nothing
    about the event."""
    is_away = isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout)
    return is_away or isinstance(error, TooBusy)
