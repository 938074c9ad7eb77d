"""Work that crashes each time is put off further and further, holds nobody up, and is done once it can be."""

from datetime import timedelta

from gateway.domain.context import utc_now
from gateway.domain.models import Payment, WebhookEvent
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, open_order, paid_order, payment_event, send_webhook
from tests.support.events import captured_event
from tests.support.queue import log_of, make_due
from tests.support.steps import at_rest, finished_event
from tests.support.waiting import wait_until


def tries(event_id: str) -> int:
    """Return how often an event has been tried and given up for the moment."""
    event = WebhookEvent.objects.get(event_id=event_id)
    is_given_up = event.work and event.work.last_error and not event.work.claimed_until
    return event.work.attempts if is_given_up else 0


def test_a_poisonous_event_is_put_off_while_others_are_processed(
    stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    # No code of ours writes such a status; a mistake by hand in the database does.
    Payment._get_collection().update_one({"_id": payment_id}, {"$set": {"status": "NONSENSE"}})
    entity = {"id": f"pay_{payment_id[:8]}", "order_id": order_id, "amount": 50_000, "currency": "INR"}
    event = payment_event("payment.captured", {**entity, "status": "captured", "method": "card"})
    broken = dict(Payment._get_collection().find_one({"_id": payment_id}))

    answer = send_webhook(customer.api, sandbox, event, event_id=payment_id)
    wait_until(lambda: tries(payment_id) == 1, "the first try")
    meanwhile = paid_order(customer, sandbox)
    at_rest(meanwhile.payment_id)
    wait_until(lambda: tries(payment_id) == 3, "the third try")

    poisonous = WebhookEvent.objects.get(event_id=payment_id)
    assert answer.status_code == 200
    assert customer.api.download(meanwhile.receipt).status_code == 200
    assert (poisonous.outcome, poisonous.work.claimed_until) == (None, None)
    assert poisonous.work.last_error == "KeyError"
    # After three tries the pause is four seconds, give or take a quarter.
    assert timedelta(seconds=1.5) < poisonous.work.due_at - utc_now() < timedelta(seconds=5)
    assert dict(Payment._get_collection().find_one({"_id": payment_id})) == broken


def test_a_poisonous_event_is_applied_once_it_can_be(
    stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    Payment._get_collection().update_one({"_id": payment_id}, {"$set": {"status": "NONSENSE"}})
    entity = {"id": f"pay_{payment_id[:8]}", "order_id": order_id, "amount": 50_000, "currency": "INR"}
    event = payment_event("payment.captured", {**entity, "status": "captured", "method": "card"})
    send_webhook(customer.api, sandbox, event, event_id=payment_id)
    wait_until(lambda: tries(payment_id) == 1, "the first try")

    Payment._get_collection().update_one({"_id": payment_id}, {"$set": {"status": "CREATED"}})
    make_due(WebhookEvent.objects.get(event_id=payment_id))

    assert finished_event(payment_id).outcome == "applied"
    assert at_rest(payment_id).status == "PAID"


def test_a_poisonous_event_is_put_aside_in_the_end_and_told_once(
    stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)
    Payment._get_collection().update_one({"_id": payment_id}, {"$set": {"status": "NONSENSE"}})
    event = {**captured_event(order_id), "id": payment_id}
    send_webhook(customer.api, sandbox, event, event_id=payment_id)
    wait_until(lambda: tries(payment_id) == 1, "the first try")

    # As if ten more had crashed.
    WebhookEvent.objects(event_id=payment_id).update_one(set__work__attempts=11, inc__version=1)
    make_due(WebhookEvent.objects.get(event_id=payment_id))
    dead = finished_event(payment_id)
    again = send_webhook(customer.api, sandbox, event, event_id=payment_id)

    assert (dead.outcome, dead.work) == ("dead", None)
    assert dead.why == "given up after 12 tries; the last error: KeyError"
    assert [line["why"] for line in log_of(stack, dead.id) if line["event"] == "webhook.dead"] == [dead.why]
    # Somebody who replays its body does not bring it back to life.
    assert again.status_code == 200
    assert WebhookEvent.objects.get(event_id=payment_id).repeats == 1
    assert WebhookEvent.objects.get(event_id=payment_id).outcome == "dead"
    dead.delete()
