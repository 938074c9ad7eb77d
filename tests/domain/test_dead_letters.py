"""Webhook events that crash each time: put aside after so many tries, and brought back by a person alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect, DocumentTooLarge, ExecutionTimeout

from gateway.domain import dead_letters, webhooks, work
from gateway.domain.context import Context, Limits
from gateway.domain.errors import NotRedrivable, TooBusy, WebhookEventNotFound
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, WebhookEvent, Work
from tests.conftest import Stack
from tests.support.client import payment_event
from tests.support.domain import NOW, Clock, a_context, a_payment, raw, runtime_of
from tests.support.events import raw as body_of
from tests.support.racing import before_saving, together

TRIES = 4


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(stack: Stack, clock: Clock) -> Context:
    """The surroundings of a task whose provider's events can be read."""
    provider = runtime_of(stack.environ).context(by="test").provider
    own = replace(a_context(clock, correlation_id=new_id()), provider=provider)
    return replace(own, limits=Limits(webhook_attempts_max=TRIES))


def an_event(order_id: str | None = None, **fields: object) -> WebhookEvent:
    """Store an event, due at NOW, about a capture of an order."""
    entity = {"id": f"pay_{new_id()}", "order_id": order_id or new_id(), "amount": 50_000, "currency": "INR"}
    body = body_of(payment_event("payment.captured", {**entity, "status": "captured", "method": "card"}))
    values = {"work": Work(kind=work.PROCESS_WEBHOOK_EVENT, due_at=NOW), **fields}
    return WebhookEvent(body=body, body_sha256=new_id(), event_id=new_id(), received_at=NOW, **values).save(
        force_insert=True
    )


def a_poisonous_event() -> tuple[WebhookEvent, Payment]:
    """Store an event, and its payment with a status that no code of ours writes."""
    payment = a_payment().save(force_insert=True)
    Payment._get_collection().update_one({"_id": payment.id}, {"$set": {"status": "NONSENSE"}})
    return an_event(payment.provider_order_id), payment


def crash(context: Context, event: WebhookEvent, error: Exception | None = None) -> WebhookEvent:
    """Try the event once, as the worker does, when it is due; returns what is stored of it then."""
    due_at = stored(event).work.due_at
    context.now.now = max(due_at, context.now.now)  # type: ignore[attr-defined]
    if error is None:
        with pytest.raises(KeyError) as raised:
            webhooks.process(context, event.id)
        error = raised.value
    else:
        assert work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)
    dead_letters.crashed(context, event.id, error)
    return stored(event)


def stored(event: WebhookEvent) -> WebhookEvent:
    return WebhookEvent.objects.get(id=event.id)


def a_dead_event(**fields: object) -> WebhookEvent:
    """Store an event that was given up."""
    return an_event(work=None, outcome="dead", why="given up", finished_at=NOW, **fields)


def test_an_event_that_crashes_each_time_is_put_aside_after_its_last_try(context: Context) -> None:
    event, payment = a_poisonous_event()
    before = raw(payment)

    tries = [crash(context, event) for _ in range(TRIES)]

    assert [(each.outcome, each.work is None) for each in tries] == [(None, False)] * 3 + [("dead", True)]
    assert tries[-1].why == "given up after 4 tries; the last error: KeyError"
    assert tries[-1].finished_at == context.now()
    assert tries[-1].body == event.body
    assert raw(payment) == before
    assert webhooks.process(context, event.id) is None


def test_its_pauses_grow_until_then(context: Context) -> None:
    event, _ = a_poisonous_event()

    pauses = [(crash(context, event).work.due_at - context.now()).total_seconds() for _ in range(3)]

    # One, two and four seconds, give or take a quarter.
    assert [round(pause / expected) for pause, expected in zip(pauses, (1, 2, 4), strict=True)] == [1, 1, 1]


def test_a_try_that_ends_with_its_process_counts_too(context: Context, clock: Clock) -> None:
    event, payment = a_poisonous_event()
    for _ in range(TRIES):
        claim = work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)
        assert claim
        clock.now = claim.until
    before = raw(payment)

    assert webhooks.process(context, event.id) is None

    dead = stored(event)
    assert (dead.outcome, dead.work) == ("dead", None)
    assert dead.why == "given up after 4 tries; the last error: its process ended each time"
    assert raw(payment) == before


def test_an_event_is_applied_in_its_last_try_if_it_can_be(context: Context, clock: Clock) -> None:
    event, payment = a_poisonous_event()
    for _ in range(TRIES - 1):
        crash(context, event)
    Payment._get_collection().update_one({"_id": payment.id}, {"$set": {"status": "CREATED"}})
    clock.now = stored(event).work.due_at

    assert webhooks.process(context, event.id).status == "PAID"
    assert stored(event).outcome == "applied"


def test_waiting_for_its_payment_is_no_reason_to_give_an_event_up(context: Context, clock: Clock) -> None:
    event = an_event()
    outcomes = []

    for _ in range(webhooks.MATCH_ATTEMPTS_MAX):
        clock.now = max(clock.now, stored(event).work.due_at)
        webhooks.process(context, event.id)
        outcomes.append(stored(event).outcome)

    assert webhooks.MATCH_ATTEMPTS_MAX > TRIES
    assert outcomes == [None] * 7 + ["foreign"]


def test_an_event_that_has_waited_for_its_payment_has_all_its_tries(context: Context, clock: Clock) -> None:
    payment = a_payment(opened=False).save(force_insert=True)
    event = an_event(f"order_{payment.id}")
    for _ in range(5):
        clock.now = max(clock.now, stored(event).work.due_at)
        webhooks.process(context, event.id)
    Payment._get_collection().update_one(
        {"_id": payment.id}, {"$set": {"status": "NONSENSE", "provider_order_id": f"order_{payment.id}"}}
    )

    tries = [crash(context, event) for _ in range(TRIES)]

    assert [each.outcome for each in tries] == [None, None, None, "dead"]


@pytest.mark.parametrize(
    "error", [AutoReconnect("away"), ExecutionTimeout("slow", 50), TooBusy("too many changes")]
)
def test_what_is_wrong_around_an_event_does_not_count_against_it(context: Context, error: Exception) -> None:
    event, _ = a_poisonous_event()

    for _ in range(TRIES + 2):
        assert crash(context, event, error).outcome is None
    tries = [crash(context, event) for _ in range(TRIES)]

    assert [each.outcome for each in tries] == [None, None, None, "dead"]


def test_an_error_of_the_database_about_the_event_itself_counts(context: Context) -> None:
    event, _ = a_poisonous_event()

    tries = [crash(context, event, DocumentTooLarge("20 MB")) for _ in range(TRIES)]

    assert [each.outcome for each in tries] == [None, None, None, "dead"]
    assert tries[-1].why == "given up after 4 tries; the last error: DocumentTooLarge"


def test_a_task_without_the_claim_puts_nothing_aside(context: Context) -> None:
    event, _ = a_poisonous_event()
    for _ in range(TRIES - 1):
        crash(context, event)
    context.now.now = stored(event).work.due_at  # type: ignore[attr-defined]
    work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)
    before = raw(event)

    dead_letters.crashed(a_context(context.now, correlation_id="another"), event.id, KeyError())  # type: ignore[arg-type]

    assert raw(event) == before


def test_a_claim_that_another_took_over_is_not_buried(
    context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, _ = a_poisonous_event()
    for _ in range(TRIES - 1):
        crash(context, event)
    clock.now = stored(event).work.due_at
    work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)
    clock.now = stored(event).work.due_at
    claim = work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)
    assert claim

    def take_over() -> None:
        clock.advance(26)
        work.claim(context, WebhookEvent, event.id, work.PROCESS_WEBHOOK_EVENT)

    before_saving(monkeypatch, WebhookEvent, take_over)
    dead_letters.bury_if_exhausted(context, claim)

    assert (stored(event).outcome, stored(event).work.attempts) == (None, TRIES + 2)


@pytest.mark.parametrize("outcome", ["dead", "foreign"])
def test_a_redrive_gives_an_event_all_its_tries_again(context: Context, outcome: str) -> None:
    event, payment = a_poisonous_event()
    for _ in range(TRIES):
        crash(context, event)
    WebhookEvent.objects(id=event.id).update_one(set__outcome=outcome)

    assert dead_letters.redrive(event.id, context.now()) == event.id

    redriven = stored(event)
    assert (redriven.outcome, redriven.why, redriven.finished_at) == (None, None, None)
    assert (redriven.work.due_at, redriven.work.attempts) == (context.now(), 0)
    assert [crash(context, event).outcome for _ in range(TRIES)] == [None, None, None, "dead"]

    Payment._get_collection().update_one({"_id": payment.id}, {"$set": {"status": "CREATED"}})
    dead_letters.redrive(event.id, context.now())

    assert webhooks.process(context, event.id).captured_minor == 50_000
    assert stored(event).outcome == "applied"


def test_an_event_is_redriven_by_the_providers_id_of_it_too(context: Context) -> None:
    event = a_dead_event()

    assert dead_letters.redrive(event.event_id, NOW) == event.id
    assert stored(event).work.due_at == NOW


@pytest.mark.parametrize(
    "fields", [{}, {"outcome": "applied", "work": None}, {"outcome": "ignored", "work": None}]
)
def test_other_events_are_not_redriven(stack: Stack, fields: dict[str, object]) -> None:
    event = an_event(**fields)
    before = raw(event)

    with pytest.raises(NotRedrivable):
        dead_letters.redrive(event.id, NOW)

    assert raw(event) == before


def test_an_unknown_event_is_not_redriven(stack: Stack) -> None:
    with pytest.raises(WebhookEventNotFound):
        dead_letters.redrive("evt_unknown", NOW)


def test_of_many_who_redrive_at_once_one_does(stack: Stack) -> None:
    event = a_dead_event()

    results = together(6, lambda _: dead_letters.redrive(event.id, NOW))

    assert sorted(isinstance(result, NotRedrivable) for result in results) == [False] + [True] * 5
    assert stored(event).version == event.version + 1


def test_all_dead_events_are_redriven_and_no_others(stack: Stack) -> None:
    dead = [a_dead_event() for _ in range(3)]
    foreign = an_event(work=None, outcome="foreign", finished_at=NOW)
    before = raw(foreign)

    redriven = list(dead_letters.redrive_all("dead", NOW))

    assert {event.id for event in dead} <= set(redriven)
    assert foreign.id not in redriven
    assert raw(foreign) == before
    assert foreign.id in list(dead_letters.redrive_all("foreign", NOW))


def test_dead_events_are_listed_without_their_bodies_the_oldest_first(stack: Stack) -> None:
    late = a_dead_event()
    early = a_dead_event()
    WebhookEvent.objects(id=early.id).update_one(set__received_at=NOW - timedelta(days=36_000))

    found = dead_letters.listed("dead", 1000)

    assert [event.id for event in found if event.id in (late.id, early.id)] == [early.id, late.id]
    assert {event.body for event in found} == {None}
    assert len(dead_letters.listed("dead", 1)) == 1
