"""Row 12: every permutation of the events of one payment, from the failed try to the refund. All of them end
in the same state, and money that has been seen is never un-seen on the way.

All 720 go through the decision alone; through the inbox, its claims and the database go a few in CI, and all
of them when there are as many rounds.
"""

import secrets
from itertools import pairwise, permutations
from typing import Any

import pytest

from gateway.domain import webhooks
from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.provider import ProviderEvent
from gateway.domain.states import MAY_GO_TO, SUCCESSFUL
from tests.support.domain import a_payment
from tests.support.memory_account import Event
from tests.support.memory_provider import WEBHOOK_SIGNATURE
from tests.support.memory_scene import AMOUNT_MINOR, Scene
from tests.support.rounds import rounds
from tests.support.scenario import Scenario

NAMES = (
    *("payment.failed", "payment.authorized", "payment.captured", "order.paid"),
    *("refund.created", "refund.processed"),
)
EVERY_ORDER = list(permutations(range(len(NAMES))))
REFUNDED_MINOR = 20_000
IN_CI = 12


def events_of_a_story(scene: Scene, order_id: str) -> list[Event]:
    """Let a customer fail, then pay, and a part go back; returns the events in the order of NAMES."""
    scene.account.pay(order_id, "failed")
    scene.account.pay(order_id, "captured")
    paid_id = list(scene.account.payments)[-1]
    scene.account.refund_at_dashboard(paid_id, REFUNDED_MINOR)
    scene.account.move_refund(next(iter(scene.account.refunds)), "processed")
    events = {event.name: event for event in scene.account.events}
    return [events[name] for name in NAMES]


def outcome(payment: Payment) -> dict[str, Any]:
    """Return what must not depend on the order; the history tells it as it came."""
    return {
        "status": payment.status,
        "captured_minor": payment.captured_minor,
        "refunded_minor": payment.refunded_minor,
        "refund_reserved_minor": payment.refund_reserved_minor,
        "attempts": payment.attempts,
        "refunds": [(each.amount_minor, each.status) for each in payment.refunds],
        "receipts": sorted(receipt.kind for receipt in payment.receipts),
        "failure_reason": payment.failure_reason,
        "needs_review": payment.needs_review,
    }


EXPECTED = {
    "status": "PARTIAL_REFUND",
    "captured_minor": AMOUNT_MINOR,
    "refunded_minor": REFUNDED_MINOR,
    "refund_reserved_minor": REFUNDED_MINOR,
    "attempts": 2,
    "refunds": [(REFUNDED_MINOR, "processed")],
    "receipts": ["PAYMENT_RECEIPT", "REFUND_RECEIPT"],
    "failure_reason": None,
    "needs_review": False,
}


def assert_no_regression(payment: Payment) -> None:
    """Check that every step was a legal one, and that none led away from the money."""
    for earlier, later in pairwise(payment.history):
        assert earlier.to_status == later.from_status
        assert later.to_status == later.from_status or later.to_status in MAY_GO_TO[later.from_status]
        assert earlier.to_status not in SUCCESSFUL or later.to_status in SUCCESSFUL


@pytest.mark.parametrize("first", range(len(NAMES)), ids=lambda first: f"{NAMES[first]} first")
def test_every_order_of_the_events_ends_in_the_same_state(first: int, scenario: Scenario) -> None:
    orders = [order for order in EVERY_ORDER if order[0] == first]
    for order in orders:
        scene = Scene(says_order_paid=True)
        opened = scene.account.open_order(AMOUNT_MINOR, "INR", "receipt")
        read = [scene.provider.read_event(each.body) for each in events_of_a_story(scene, opened.id)]
        payment = a_payment(provider_order_id=opened.id)

        for number in order:
            webhooks.apply(scene.context, payment, read[number])

        assert (order, outcome(payment)) == (order, EXPECTED)
        assert_no_regression(payment)
        assert _apply_all_again(scene, payment, read) == [False] * len(NAMES)
    scenario.rounds = len(orders)


def _apply_all_again(scene: Scene, payment: Payment, read: list[ProviderEvent]) -> list[bool]:
    return [webhooks.apply(scene.context, payment, each) for each in read]


@pytest.mark.usefixtures("stack")
def test_the_inbox_takes_the_events_in_any_order(scenario: Scenario) -> None:
    orders = list(EVERY_ORDER)
    secrets.SystemRandom().shuffle(orders)
    scenario.rounds = min(len(orders), rounds(IN_CI))
    for order in orders[: scenario.rounds]:
        scene = Scene(says_order_paid=True)
        payment = scene.opened()
        events = events_of_a_story(scene, payment.provider_order_id)

        for number in order:
            event = events[number]
            stored = webhooks.receive(
                scene.context, event.body, signature=WEBHOOK_SIGNATURE, event_id=event.id
            )
            assert stored
            scene.process(stored)
            kept = WebhookEvent.objects.get(id=stored.id)
            assert (order, kept.work) == (order, None)
            assert kept.outcome in ("applied", "no_change")

        done = scene.work(payment)
        assert (order, outcome(done)) == (order, EXPECTED)
        assert_no_regression(done)
        assert scene.receipts(payment) == EXPECTED["receipts"]
        assert done.work is None
