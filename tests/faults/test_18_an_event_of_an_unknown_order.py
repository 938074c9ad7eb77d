"""Row 18: an event about an order that nobody here knows, and one that overtakes our own writing of the
order's id. Both are acknowledged and kept. The first is tried a few times, ever more rarely, and ends as
foreign; the second is matched when the order is there. Neither is an error, and nobody else waits for them.
"""

import json
from datetime import timedelta
from typing import Any

from gateway.domain.context import utc_now
from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.webhooks import MATCH_ATTEMPTS_MAX
from tests.conftest import Stack
from tests.support.client import Api, Person, Sandbox, paid_order, send_webhook, stored
from tests.support.events import captured_event, fresh_id
from tests.support.genuine import events_of
from tests.support.queue import LONG_AGO, make_due
from tests.support.steps import at_rest, changes_to, finished_event, has_status
from tests.support.waiting import wait_until


def test_an_event_about_somebody_elses_order_is_kept_and_ends_foreign(
    anonymous: Api, sandbox: Sandbox
) -> None:
    event_id = fresh_id("evt")

    answer = send_webhook(anonymous, sandbox, captured_event(fresh_id("order")), event_id=event_id)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    waiting = wait_until(lambda: WebhookEvent.objects(event_id=event_id, work__attempts=1).first(), "a try")
    assert waiting.outcome is None
    _let_the_last_try_come(WebhookEvent.objects(event_id=event_id))
    event = finished_event(event_id)
    assert (event.outcome, event.why) == ("foreign", "no payment here has this order")
    assert (event.work, event.payment_id) == (None, None)


def test_events_of_nobodys_orders_hold_nobody_up_and_are_no_errors(
    stack: Stack, anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    ids = [fresh_id("evt") for _ in range(10)]
    for event_id in ids:
        assert send_webhook(anonymous, sandbox, captured_event(fresh_id("order")), event_id=event_id).ok
    wait_until(
        lambda: WebhookEvent.objects(event_id__in=ids, work__attempts__gte=1).count() == len(ids),
        "a try of each",
    )

    meanwhile = paid_order(customer, sandbox)

    at_rest(meanwhile.payment_id)
    events = WebhookEvent.objects(event_id__in=ids)
    assert {event.work.last_error for event in events} == {"no payment here has this order yet"}
    _let_the_last_try_come(events)
    wait_until(lambda: events.filter(outcome="foreign").count() == len(ids), "the end of all events")
    assert _complaints(stack, {event.id for event in events}) == []


def _let_the_last_try_come(events: Any) -> None:
    """Let time pass until the last of the tries, which are spread over minutes."""
    last = MATCH_ATTEMPTS_MAX - 1
    events.update(
        set__work__attempts=last, unset__work__claimed_until=True, set__work__due_at=LONG_AGO, inc__version=1
    )


def _complaints(stack: Stack, document_ids: set[str]) -> list[str]:
    """Return the worker's log lines about these events that an operator would have to read."""
    lines = (stack.directory / "logs" / "worker.log").read_text(errors="replace").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    about = [line for line in told if line.get("webhook_event_id") in document_ids]
    assert about
    return [line["event"] for line in about if line["level"] not in ("info", "debug")]


def test_an_event_that_overtakes_our_own_write_is_matched_later(
    hasty: Api, anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    # The order is there, but its answer is lost, and so is the look for it. The worker's look comes late.
    sandbox.fault("orders.create", "timeout_after")
    sandbox.fault("orders.list", "500")
    payment_id = hasty.create_order(customer.school_id).json()["data"]["payment"]["id"]
    Payment.objects(id=payment_id).update_one(
        set__work__due_at=utc_now() + timedelta(hours=1), inc__version=1
    )
    (order,) = sandbox.orders_with_receipt(stored(payment_id).order_receipt)
    sandbox.pay(order["id"])
    overtaking = events_of(sandbox, order_id=order["id"])[-1]

    early = overtaking.send(anonymous)
    wait_until(
        lambda: WebhookEvent.objects(event_id=overtaking.id, work__last_error__exists=True).first(),
        "a first try",
    )
    then = stored(payment_id)
    make_due(then)

    assert (early.status_code, then.provider_order_id, then.status) == (200, None, "CREATED")
    assert finished_event(overtaking.id).outcome == "applied"
    payment = has_status(payment_id, "PAID")
    assert (changes_to(payment, "PAID"), payment.attempts) == (1, 1)
