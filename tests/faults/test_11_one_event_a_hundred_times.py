"""Row 11: the same event arrives a hundred times in parallel. It is processed once, and the other ninety-nine
are answered with a quick 200.
"""

import time

import requests

from gateway.domain.models import Receipt, WebhookEvent
from tests.support.client import Api, Person, Sandbox, open_order
from tests.support.genuine import Event, events_of
from tests.support.rounds import repeated
from tests.support.scenario import Scenario
from tests.support.steps import at_once, changes_to, finished_event, has_status
from tests.support.waiting import wait_until

TIMES = 100
# Razorpay waits for 5 seconds. Here a hundred clients and the service share a machine, with other tests.
ANSWERED_SECONDS_MAX = 15.0


@repeated(1, one_in=100)
def test_one_event_a_hundred_times_in_parallel_is_processed_once(
    anonymous: Api, customer: Person, sandbox: Sandbox, scenario: Scenario
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    sandbox.pay(order_id)
    captured = _captured_event(sandbox, order_id)

    answers = at_once(anonymous, TIMES, lambda api, _: _timed(captured, api))

    assert [(answer.status_code, answer.json()) for answer, _ in answers] == [(200, {"status": "ok"})] * TIMES
    slowest = max(seconds for _, seconds in answers)
    assert slowest < ANSWERED_SECONDS_MAX
    scenario.figure(f"the slowest of {TIMES} answers took {slowest:.1f} s")
    kept = finished_event(captured.id)
    assert (kept.outcome, kept.repeats) == ("applied", TIMES - 1)
    assert WebhookEvent.objects(payment_id=payment_id).count() == 1
    payment = has_status(payment_id, "PAID")
    assert (changes_to(payment, "PAID"), payment.captured_minor, payment.attempts) == (1, 50_000, 1)
    assert Receipt.objects(payment_id=payment_id).count() == 1


def _captured_event(sandbox: Sandbox, order_id: str) -> Event:
    def made() -> Event | None:
        found = events_of(sandbox, order_id=order_id)
        return next((each for each in found if each.name == "payment.captured"), None)

    return wait_until(made, "the event of the capture")


def _timed(event: Event, api: Api) -> tuple[requests.Response, float]:
    began = time.monotonic()
    return event.send(api), time.monotonic() - began
