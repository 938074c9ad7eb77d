"""Webhook events: keep each once, then apply it to the payment that it is about. Does not know how an
event is written; the provider's adapter reads it."""

import hashlib
from dataclasses import replace

import structlog
from mongoengine.errors import NotUniqueError

from gateway.domain import dead_letters, differences, duplicates, kill_points, refund_observations, work
from gateway.domain.context import Cause, Context
from gateway.domain.errors import InvalidSignature
from gateway.domain.models import REASON_CHARS_MAX, Payment, WebhookEvent
from gateway.domain.observations import observe_payment
from gateway.domain.provider import MalformedEvent, ProviderEvent
from gateway.domain.store import change, change_where
from gateway.domain.transitions import change_payment, flag_once
from gateway.domain.webhook_outcomes import APPLIED, DEAD, FOREIGN, IGNORED, NO_CHANGE

# An event can overtake our own write of the order's id; after these tries, spread over about four minutes,
# it is about somebody else's order.
MATCH_ATTEMPTS_MAX = 8

log = structlog.get_logger(__name__)


def receive(
    context: Context, body: bytes, *, signature: str | None, event_id: str | None
) -> WebhookEvent | None:
    """Check the signature over the raw body and keep the event, with its processing as due work.

    Writes one document. The same body a second time is only counted, whatever became of the first, and gives
    None. Another body under a known event id is kept as an event without an id: the signature does not cover
    the id, so nothing genuine may be lost because somebody wrote a known one on it.
    Raises InvalidSignature, and MalformedEvent for a signed body that is no event.
    """
    if not context.provider.webhook_signature_is_valid(body, signature):
        raise InvalidSignature("The webhook's signature is not valid.")
    read = context.provider.read_event(body)
    now = context.now()
    event = WebhookEvent(
        event_id=event_id,
        body_sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        name=read.name,
        received_at=now,
        work=work.Work(kind=work.PROCESS_WEBHOOK_EVENT, due_at=now),
    )
    try:
        event.save(force_insert=True)
    except NotUniqueError:
        if _is_counted_as_repeat(event) or not _is_kept_without_event_id(event):
            return None
    kill_points.reach(kill_points.WEBHOOK_EVENT_RECORDED)
    return event


def _is_kept_without_event_id(event: WebhookEvent) -> bool:
    """Keep the event beside the one that has its event id. Returns False when another delivery of it did."""
    event.event_id, event.event_id_taken = None, event.event_id
    try:
        event.save(force_insert=True)
    except NotUniqueError:
        return not _is_counted_as_repeat(event)
    log.warning("webhook.event_id_taken", event_id=event.event_id_taken, webhook_event_id=event.id)
    return True


def _is_counted_as_repeat(again: WebhookEvent) -> bool:
    """Note on the stored event with this body that it came again. Returns False when there is none."""
    stored = WebhookEvent.objects(body_sha256=again.body_sha256).only("id", "outcome").first()
    if stored is None:
        return False
    log.info("webhook.duplicate", event_id=again.event_id, event_name=again.name)
    if stored.outcome == DEAD:
        # Only counted as well: whoever redrives it knows why it died.
        log.warning("webhook.duplicate_of_dead", webhook_event_id=stored.id)
    counted = {"inc__repeats": 1, "set__last_repeat_at": again.received_at}
    change_where(WebhookEvent, stored.id, {}, counted)
    return True


def process(context: Context, webhook_event_id: str) -> Payment | None:
    """Apply a stored event to its payment. Claims the event's work; returns the payment when there is one.

    Dying after the payment was written only means that the event is applied again, which changes nothing.
    """
    claim = work.claim(context, WebhookEvent, webhook_event_id, work.PROCESS_WEBHOOK_EVENT)
    if claim is None or dead_letters.bury_if_exhausted(context, claim):
        return None
    event = claim.document
    context = replace(
        context,
        cause=Cause(by=f"webhook:{event.event_id or event.id}", correlation_id=context.cause.correlation_id),
    )
    try:
        read = context.provider.read_event(event.body)
    except MalformedEvent as error:
        _finish(context, claim, IGNORED, str(error))
        return None
    if read.unreadable:
        # Kept and acknowledged: refusing it would only make the provider repeat it, and give up on us.
        log.error("webhook.unreadable", webhook_event_id=event.id, why=read.unreadable)
        _finish(context, claim, IGNORED, f"{read.name} could not be read: {read.unreadable}")
        return None
    if read.payment is None and read.refund is None:
        _finish(context, claim, IGNORED, f"{read.name} says nothing about a payment or a refund")
        return None
    payment = _find_payment(read)
    if payment is None:
        _not_ours_yet(context, claim)
        return None
    try:
        changed = change_payment(context, payment.id, lambda payment: apply(context, payment, read), payment)
    except NotUniqueError:
        # One provider payment pays one order, which the unique index on its id holds to.
        why = f"{read.name} names a provider payment that belongs to another payment"
        difference = differences.payment_of_another(read.payment.id) if read.payment else None
        payment = flag_once(context, payment.id, why, difference)
        _finish(context, claim, IGNORED, why, payment.id)
        return payment
    _finish(context, claim, APPLIED if changed.written else NO_CHANGE, None, payment.id)
    return changed.document


def _find_payment(read: ProviderEvent) -> Payment | None:
    if read.payment and read.payment.order_id:
        return Payment.objects(provider_order_id=read.payment.order_id).first()
    provider_payment_id = read.payment.id if read.payment else read.refund.payment_id if read.refund else None
    return Payment.objects(provider_payment_id=provider_payment_id).first()


def apply(context: Context, payment: Payment, read: ProviderEvent) -> bool:
    """Take note of what an event says about a payment and its refunds. Only alters the copy in memory. Any
    number of events in any order, and again, end in the same state. Returns whether it changed."""
    changed = False
    if read.payment:
        changed = observe_payment(payment, read.payment, context)
    if read.refund is None:
        return changed
    # The provider also returns money that was never captured; that is no refund of ours to count.
    if payment.captured_minor and payment.provider_payment_id == read.refund.payment_id:
        return refund_observations.observe_refund(payment, read.refund, context) or changed
    return duplicates.observe_refund(payment, read.refund, context) or changed


def _not_ours_yet(context: Context, claim: work.Claim[WebhookEvent]) -> None:
    if claim.attempts >= MATCH_ATTEMPTS_MAX:
        _finish(context, claim, FOREIGN, "no payment here has this order")
        return
    _give_back(context, claim, "no payment here has this order yet")


def _give_back(context: Context, claim: work.Claim[WebhookEvent], why: str) -> None:
    """Leave the event to be tried again after a pause."""

    def decide(event: WebhookEvent) -> bool:
        if work.holds(event, claim):
            event.tries_excused += 1
        work.postpone(event, claim, why, context)
        return True

    change(WebhookEvent, claim.document.id, decide, claim.document)


def _finish(
    context: Context,
    claim: work.Claim[WebhookEvent],
    outcome: str,
    why: str | None,
    payment_id: str | None = None,
) -> None:
    def decide(event: WebhookEvent) -> bool:
        event.outcome = outcome
        event.why = why[:REASON_CHARS_MAX] if why else None
        event.payment_id = payment_id
        event.finished_at = context.now()
        work.release(event, claim)
        return True

    change(WebhookEvent, claim.document.id, decide, claim.document)
    log.info("webhook.finished", webhook_event_id=claim.document.id, outcome=outcome, why=why)
