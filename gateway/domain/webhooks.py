"""Webhook events: keep each once, then apply it to the payment that it is about. Does not know how an
event is written; the provider's adapter reads it."""

import hashlib
from dataclasses import replace

import structlog
from mongoengine.errors import NotUniqueError

from gateway.domain import kill_points, refund_observations, work
from gateway.domain.context import Cause, Context
from gateway.domain.errors import InvalidSignature, TooBusy
from gateway.domain.models import REASON_CHARS_MAX, Payment, WebhookEvent
from gateway.domain.observations import observe_payment
from gateway.domain.provider import MalformedEvent, ProviderEvent
from gateway.domain.store import change
from gateway.domain.transitions import change_payment, flag_once

APPLIED = "applied"
NO_CHANGE = "no_change"
IGNORED = "ignored"
FOREIGN = "foreign"

# An event can overtake our own write of the order's id; after these tries, spread over about four minutes,
# it is about somebody else's order.
MATCH_ATTEMPTS_MAX = 8

log = structlog.get_logger(__name__)


def receive(
    context: Context, body: bytes, *, signature: str | None, event_id: str | None
) -> WebhookEvent | None:
    """Check the signature over the raw body and keep the event, with its processing as due work.

    Writes one document. The same event id or the same body a second time is only counted, and gives None.
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
        _count_repeat(event)
        return None
    kill_points.reach(kill_points.WEBHOOK_EVENT_RECORDED)
    return event


def _count_repeat(again: WebhookEvent) -> None:
    """Note on the stored event that it was delivered again. The signed body says more about which one it is
    than the event id, which anyone may write on it."""
    stored = WebhookEvent.objects(body_sha256=again.body_sha256).only("id").first()
    if stored is None and again.event_id:
        stored = WebhookEvent.objects(event_id=again.event_id).only("id").first()
    log.info("webhook.duplicate", event_id=again.event_id, event_name=again.name)

    def decide(event: WebhookEvent) -> bool:
        event.repeats += 1
        event.last_repeat_at = again.received_at
        return True

    try:
        change(WebhookEvent, stored.id if stored else again.id, decide)
    except (TooBusy, WebhookEvent.DoesNotExist) as error:
        # The event is kept all the same; refusing this delivery would only bring it once more.
        log.warning("webhook.repeat_not_counted", event_id=again.event_id, error=type(error).__name__)


def process(context: Context, webhook_event_id: str) -> Payment | None:
    """Apply a stored event to its payment. Claims the event's work; returns the payment when there is one.

    Dying after the payment was written only means that the event is applied again, which changes nothing.
    """
    claim = work.claim(context, WebhookEvent, webhook_event_id, work.PROCESS_WEBHOOK_EVENT)
    if claim is None:
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
        changed = change_payment(context, payment.id, lambda payment: _apply(context, payment, read))
    except NotUniqueError:
        # One provider payment pays one order, which the unique index on its id holds to.
        why = f"{read.name} names a provider payment that belongs to another payment"
        flag_once(context, payment.id, why)
        _finish(context, claim, IGNORED, why, payment.id)
        return payment
    _finish(context, claim, APPLIED if changed.written else NO_CHANGE, None, payment.id)
    return changed.document


def _find_payment(read: ProviderEvent) -> Payment | None:
    if read.payment and read.payment.order_id:
        return Payment.objects(provider_order_id=read.payment.order_id).first()
    provider_payment_id = read.payment.id if read.payment else read.refund.payment_id if read.refund else None
    return Payment.objects(provider_payment_id=provider_payment_id).first()


def _apply(context: Context, payment: Payment, read: ProviderEvent) -> bool:
    changed = False
    if read.payment:
        changed = observe_payment(payment, read.payment, context)
    # The provider also returns money that was never captured; that is no refund of ours to count.
    if read.refund and payment.captured_minor and payment.provider_payment_id == read.refund.payment_id:
        changed = refund_observations.observe_refund(payment, read.refund, context) or changed
    return changed


def _not_ours_yet(context: Context, claim: work.Claim[WebhookEvent]) -> None:
    if claim.attempts >= MATCH_ATTEMPTS_MAX:
        _finish(context, claim, FOREIGN, "no payment here has this order")
        return
    _give_back(context, claim, "no payment here has this order yet")


def _give_back(context: Context, claim: work.Claim[WebhookEvent], why: str) -> None:
    """Leave the event to be tried again after a pause."""

    def decide(event: WebhookEvent) -> bool:
        work.postpone(event, claim, why, context)
        return True

    change(WebhookEvent, claim.document.id, decide)


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

    change(WebhookEvent, claim.document.id, decide)
    log.info("webhook.finished", webhook_event_id=claim.document.id, outcome=outcome, why=why)
