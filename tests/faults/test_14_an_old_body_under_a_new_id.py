"""Row 14: somebody has kept genuine, rightly signed webhooks, and sends them again under fresh event ids,
which no signature covers. They have no effect, whatever has become of the payment since, and are counted.
"""

from tests.support.client import Api, Person, Sandbox, open_order, snapshot, stored
from tests.support.events import fresh_id
from tests.support.genuine import Event, events_of
from tests.support.second_door import seen
from tests.support.steps import at_rest, finished_event, has_status

EVENTS = ["payment.failed", "payment.authorized", "payment.captured", "order.paid"]
REFUND_EVENTS = ["refund.created", "refund.processed"]


def a_payment_with_a_past(customer: Person, sandbox: Sandbox) -> tuple[str, list[Event]]:
    """Let a payment fail, be paid and be refunded, and wait until every event of that has been heard."""
    order_id, payment_id = open_order(customer)
    sandbox.fail(order_id)
    has_status(payment_id, "FAILED")
    assert customer.api.verify(sandbox.pay(order_id)).status_code == 200
    assert customer.api.refund(payment_id).status_code == 201
    has_status(payment_id, "REFUNDED")
    events = events_of(sandbox, order_id=order_id)
    for event in events:
        finished_event(event.id)
    at_rest(payment_id)
    return payment_id, events


def test_old_bodies_under_new_ids_have_no_effect_and_are_counted(
    anonymous: Api, customer: Person, sandbox: Sandbox
) -> None:
    payment_id, events = a_payment_with_a_past(customer, sandbox)
    assert sorted(event.name for event in events) == sorted([*EVENTS, *REFUND_EVENTS])
    before = snapshot(payment_id)

    answers = [event.send(anonymous, event_id=fresh_id("evt")) for event in events for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 12
    assert snapshot(payment_id) == before
    assert [finished_event(event.id).repeats for event in events] == [2] * len(events)
    told = [entry["why"] for entry in seen(customer.api, payment_id)["timeline"]]
    assert {f"ignored: {event.name} had been delivered before; it came 2 times more" for event in events} <= {
        *told
    }


def test_an_old_body_without_an_id_has_no_effect(anonymous: Api, customer: Person, sandbox: Sandbox) -> None:
    payment_id, events = a_payment_with_a_past(customer, sandbox)
    before = snapshot(payment_id)
    headers = {"Content-Type": "application/json", "X-Razorpay-Signature": events[-1].signature}

    answer = anonymous.post("/api/v1/payments/webhook", data=events[-1].body, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert snapshot(payment_id) == before
    assert stored(payment_id).status == "REFUNDED"
    assert finished_event(events[-1].id).repeats == 1
