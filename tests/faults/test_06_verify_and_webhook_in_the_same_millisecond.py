"""Row 6: the client verifies a payment in the same millisecond in which its webhook is processed, a thousand
times. Each time there is one transition and one receipt, whoever comes first.

A thousand rounds go through the domain, with two threads that meet between reading and writing; over HTTP go
as many as there are rounds. test_races_of_incoming_money.py lets each of the two be first, write by write.
"""

from collections import Counter
from threading import Barrier

import pytest

from gateway.domain import kill_points, receipts, webhooks, work
from gateway.domain.models import Payment, Receipt
from tests.support.client import Api, Person, Sandbox, open_order
from tests.support.domain import a_payment
from tests.support.genuine import events_of
from tests.support.memory_scene import AMOUNT_MINOR, Scene
from tests.support.racing import together
from tests.support.rounds import rounds
from tests.support.scenario import Scenario
from tests.support.steps import at_once, changes_to, has_status
from tests.support.waiting import wait_until

ROUNDS_IN_THE_DOMAIN = 1_000
PARTS = 5
ROUNDS_OVER_HTTP = rounds(4)
SECONDS_PER_ROUND_MAX = 10
# After this, each of the two has read, and is about to write.
MEETING_POINTS = ("fetch_payment.after", f"{work.PROCESS_WEBHOOK_EVENT}.claimed")
MEETING_SECONDS_MAX = 20
STORY = ["CREATED", "PAID"]


@pytest.mark.usefixtures("database_of_its_own")
@pytest.mark.parametrize("part", range(PARTS))
def test_verify_and_webhook_meet_between_reading_and_writing(part: int, scenario: Scenario) -> None:
    scenario.rounds = ROUNDS_IN_THE_DOMAIN // PARTS
    first = Counter(_meet() for _ in range(scenario.rounds))

    assert sum(first.values()) == scenario.rounds
    scenario.figure(f"verify was first in {first['test']} of {scenario.rounds} rounds")


def _meet() -> str:
    """Let the two meet once; returns who was first."""
    scene = Scene()
    order = scene.account.open_order(AMOUNT_MINOR, "INR", "receipt")
    payment = a_payment(provider_order_id=order.id).save(force_insert=True)
    paid = scene.paid(payment)
    event = scene.receive("payment.captured")
    meeting = Barrier(2, timeout=MEETING_SECONDS_MAX)
    kill_points.install(lambda point: meeting.wait() and None if point in MEETING_POINTS else None)
    try:
        answers = together(
            2,
            lambda number: (
                _follow(scene, scene.verify(payment, paid))
                if number
                else _follow(scene, webhooks.process(scene.context, event.id))
            ),
        )
    finally:
        kill_points.install(None)

    assert answers == ["PAID", "PAID"]
    stored = scene.stored(payment)
    assert (stored.status, stored.captured_minor, stored.attempts) == ("PAID", AMOUNT_MINOR, 1)
    assert [entry.to_status for entry in stored.history] == STORY
    assert [receipt.kind for receipt in stored.receipts] == ["PAYMENT_RECEIPT"]
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]
    assert (stored.work, stored.needs_review, stored.duplicates) == (None, False, [])
    assert scene.provider.calls == {"fetch_payment": 1}
    return str(stored.history[-1].by.partition(":")[0])


def _follow(scene: Scene, payment: Payment | None) -> str:
    """Issue the receipts, which both have enqueued, and return the payment's status."""
    assert payment
    receipts.issue(scene.context, payment.id)
    return str(payment.status)


@pytest.mark.timeout(120 + ROUNDS_OVER_HTTP * SECONDS_PER_ROUND_MAX)
def test_verify_and_webhook_arrive_in_the_same_millisecond(
    customer: Person, sandbox: Sandbox, scenario: Scenario
) -> None:
    scenario.rounds = ROUNDS_OVER_HTTP
    sandbox.deliveries(paused=True)
    for _ in range(ROUNDS_OVER_HTTP):
        order_id, payment_id = open_order(customer)
        checkout = sandbox.pay(order_id)
        events = wait_until(lambda order_id=order_id: events_of(sandbox, order_id=order_id), "the events")
        captured = next(event for event in events if event.name == "payment.captured")

        def arrive(api: Api, number: int, checkout: dict[str, str] = checkout, event=captured) -> int:
            answer = api.verify(checkout) if number else event.send(api)
            return answer.status_code

        assert at_once(customer.api, 2, arrive) == [200, 200]
        payment = has_status(payment_id, "PAID")
        assert (changes_to(payment, "PAID"), payment.captured_minor, payment.attempts) == (1, 50_000, 1)
        assert [entry.to_status for entry in payment.history] == ["CREATED", *STORY]
        assert Receipt.objects(payment_id=payment_id).count() == 1
        assert payment.needs_review is False
