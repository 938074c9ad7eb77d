"""The sweep: what nobody enqueued is found in the database and done; sweeping more often does no harm."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from config.queues import Queue, TaskName
from gateway.domain import planning, receipts, work
from gateway.domain.context import Limits, utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, Receipt, WebhookEvent, Work
from tests.conftest import Stack
from tests.support.backlog import Backlog
from tests.support.client import Person, Sandbox, open_order, payment_event, stored
from tests.support.domain import a_paid_payment, a_payment
from tests.support.queue import make_due, send
from tests.support.steps import at_rest, changes_to
from tests.support.waiting import wait_until


def an_unopened_payment() -> Payment:
    """Store a payment whose order nobody opens."""
    now = utc_now()
    payment = a_payment(
        opened=False, created_at=now, updated_at=now, order_requested_at=None, order_wanted_since=now
    )
    payment.work = Work(kind=work.OPEN_ORDER, due_at=now)
    return payment.save()


def an_unapplied_event(order_id: str) -> WebhookEvent:
    """Store an event that nobody applies."""
    entity = {"id": f"pay_{new_id()}", "order_id": order_id, "amount": 50_000, "currency": "INR"}
    body = json.dumps(payment_event("payment.captured", {**entity, "status": "captured"})).encode()
    due = Work(kind=work.PROCESS_WEBHOOK_EVENT, due_at=utc_now())
    return WebhookEvent(body=body, body_sha256=new_id(), received_at=utc_now(), work=due).save()


def an_unrendered_receipt() -> Receipt:
    """Store a paid payment whose receipt nobody issues; returns what the receipt will be."""
    now = utc_now()
    payment = a_paid_payment(created_at=now, updated_at=now)
    ref = receipts.mint(payment, "PAYMENT_RECEIPT", now)
    planning.plan_payment(payment, now, Limits())
    payment.save()
    return Receipt(id=ref.id, number=ref.number)


def test_an_order_that_nobody_opens_is_opened(stack: Stack, sandbox: Sandbox) -> None:
    payment = an_unopened_payment()

    wait_until(lambda: stored(payment.id).provider_order_id, "the order")

    (order,) = sandbox.orders_with_receipt(payment.order_receipt)
    assert at_rest(payment.id).provider_order_id == order["id"]


def test_an_event_that_nobody_applies_is_applied(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)

    event = an_unapplied_event(order_id)

    wait_until(lambda: WebhookEvent.objects.get(id=event.id).outcome == "applied", "the event's end")
    assert at_rest(payment_id).status == "PAID"


def test_a_receipt_that_nobody_issues_is_issued_and_rendered(stack: Stack) -> None:
    receipt = an_unrendered_receipt()

    found = wait_until(lambda: receipts.rendered(receipt.id), "the receipt's PDF")

    assert found.number == receipt.number
    assert found.pdf.startswith(b"%PDF-")


def test_a_lost_webhook_is_made_up_for_when_the_order_is_looked_at(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    sandbox.pay(order_id)

    make_due(stored(payment_id))

    wait_until(lambda: stored(payment_id).status == "PAID", "the payment")
    assert at_rest(payment_id).captured_minor == 50_000


def test_a_claim_that_its_worker_left_behind_is_taken_over_when_it_expires(
    stack: Stack, sandbox: Sandbox
) -> None:
    now = utc_now()
    payment = a_payment(opened=False, created_at=now, updated_at=now, order_wanted_since=now)
    payment.work = work.claimed(work.OPEN_ORDER, now, ttl_seconds=2)
    # The call of the worker that died was so long ago that it can no longer be under way.
    payment.order_requested_at = now - timedelta(minutes=1)
    payment.save()

    opened = wait_until(
        lambda: (found := stored(payment.id)).provider_order_id and found, "the order of the dead worker"
    )

    assert len(sandbox.orders_with_receipt(payment.order_receipt)) == 1
    assert opened.history[-1].at >= now + timedelta(seconds=2)


def test_many_sweeps_at_once_are_harmless(stack: Stack, customer: Person, sandbox: Sandbox) -> None:
    payments = [an_unopened_payment() for _ in range(5)]
    orders = [open_order(customer) for _ in range(3)]
    events = [an_unapplied_event(order_id) for order_id, _ in orders]

    send(stack, TaskName.SWEEP_DUE_WORK, 6)

    opened = [at_rest(payment.id) for payment in payments]
    wait_until(lambda: all(WebhookEvent.objects.get(id=event.id).outcome for event in events), "the events")
    found = [sandbox.orders_with_receipt(payment.order_receipt) for payment in payments]
    assert [[order["id"] for order in each] for each in found] == [
        [payment.provider_order_id] for payment in opened
    ]
    assert [changes_to(at_rest(payment_id), "PAID") for _, payment_id in orders] == [1, 1, 1]


@pytest.fixture
def backlog(stack: Stack) -> Iterator[Backlog]:
    """Five due payments, where a sweep takes three."""
    with Backlog(stack) as backlog:
        backlog.add(5)
        yield backlog


def test_sweeping_while_no_worker_works_does_not_pile_messages_up(backlog: Backlog) -> None:
    first = backlog.sweep()
    second = backlog.sweep()

    assert first == ["0", "1", "2"]
    assert second == first


def test_a_queue_is_filled_up_to_its_bound_once_it_is_nearly_empty(stack: Stack) -> None:
    with Backlog(stack, SWEEP_BATCH_SIZE="8") as backlog:
        ids = backlog.add(8)
        waiting = [backlog.sweep()]
        for taken in (5, 1):
            # The next message is the last in Redis's list.
            backlog.redis.rpop(Queue.PAYMENTS, taken)
            waiting.append(backlog.sweep())

    assert waiting == [ids, ids[5:], ids[6:] + ids[:6]]
