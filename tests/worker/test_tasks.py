"""Every task, sent several times through the real queue to the real worker, has its effect once."""

from typing import Any

import pytest

from config.queues import TaskName
from gateway.domain import refunds
from gateway.domain.context import utc_now
from gateway.domain.models import Payment, Receipt, WebhookEvent, Work
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, open_order, paid_order, payment_event, send_webhook, stored
from tests.support.domain import a_payment, runtime_of
from tests.support.queue import everything_about, log_of, make_due, run, send, worked_off
from tests.support.steps import at_rest, calls_to, changes_to, finished_event
from tests.support.waiting import wait_until

TIMES = 4


def entries(payment: Payment, text: str) -> int:
    """Count the history's entries that say this."""
    return sum(text in entry.why for entry in payment.history)


def all_rendered(payment_id: str, count: int) -> None:
    """Wait until the payment has so many receipts with their PDFs."""
    wait_until(
        lambda: Receipt.objects(payment_id=payment_id, rendered_at__exists=True).count() == count,
        f"{count} receipts",
    )
    at_rest(payment_id)


def heard(sandbox: Sandbox, payment_id: str, order_id: str) -> None:
    """Wait until every event about the payment has been delivered and processed."""

    def all_processed() -> bool:
        deliveries = sandbox.webhooks(order_id=order_id)
        processed = WebhookEvent.objects(payment_id=payment_id, outcome__exists=True).count()
        return {each["state"] for each in deliveries} == {"delivered"} and processed == len(deliveries)

    wait_until(all_processed, "the events about the payment")


@pytest.fixture
def quiet(sandbox: Sandbox) -> Sandbox:
    """The sandbox without its webhooks, so that only the tasks of the test do anything."""
    sandbox.deliveries(paused=True)
    return sandbox


def test_an_order_is_opened_once(stack: Stack, sandbox: Sandbox) -> None:
    now = utc_now()
    payment = a_payment(
        opened=False, created_at=now, updated_at=now, order_requested_at=None, order_wanted_since=now
    )
    payment.work = Work(kind="open_order", due_at=now)
    payment.save()

    run(stack, TaskName.OPEN_ORDER, TIMES, payment_id=payment.id)

    opened = at_rest(payment.id)
    (order,) = sandbox.orders_with_receipt(payment.order_receipt)
    assert (opened.provider_order_id, opened.status) == (order["id"], "CREATED")
    assert entries(opened, "was opened") == 1
    assert opened.needs_review is False


def test_a_payment_is_confirmed_once(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    quiet.pay(order_id)
    make_due(stored(payment_id))

    run(stack, TaskName.CONFIRM_PAYMENT, TIMES, payment_id=payment_id)

    payment = at_rest(payment_id)
    assert (payment.status, payment.captured_minor, payment.attempts) == ("PAID", 50_000, 1)
    assert changes_to(payment, "PAID") == 1
    assert Receipt.objects(payment_id=payment_id).count() == 1


def test_an_authorised_payment_is_captured_once(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    checkout = quiet.pay(order_id, capture=False)
    make_due(stored(payment_id))
    run(stack, TaskName.CONFIRM_PAYMENT, payment_id=payment_id)

    run(stack, TaskName.CAPTURE_PAYMENT, TIMES, payment_id=payment_id)

    payment = at_rest(payment_id)
    assert (payment.status, payment.captured_minor) == ("PAID", 50_000)
    assert changes_to(payment, "PAID") == 1
    assert len(calls_to(quiet, "POST", f"{checkout['razorpay_payment_id']}/capture")) == 1


def test_a_refund_is_issued_once(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    paid = paid_order(customer, quiet)
    context = runtime_of(stack.environ).context(by="test")
    refunds.request(context, at_rest(paid.payment_id), amount_minor=20_000, notes={}, idempotency=None)

    run(stack, TaskName.ISSUE_REFUND, TIMES, payment_id=paid.payment_id)

    payment = at_rest(paid.payment_id)
    (refund,) = quiet.refunds_of(paid.provider_payment_id)
    assert (refund["amount"], refund["receipt"]) == (20_000, payment.refunds[0].id)
    assert (payment.status, payment.refunded_minor) == ("PARTIAL_REFUND", 20_000)
    assert changes_to(payment, "PARTIAL_REFUND") == 1
    assert len(calls_to(quiet, "POST", f"{paid.provider_payment_id}/refund")) == 1


def test_a_pending_refund_is_confirmed_once(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    paid = paid_order(customer, quiet)
    at_rest(paid.payment_id)
    quiet.control("POST", "/refunds", {"mode": "pending"})
    answer = customer.api.refund(paid.payment_id)
    (refund,) = quiet.refunds_of(paid.provider_payment_id)
    quiet.control("POST", f"/refunds/{refund['id']}/process")
    make_due(stored(paid.payment_id))

    run(stack, TaskName.CONFIRM_REFUND, TIMES, payment_id=paid.payment_id)

    payment = at_rest(paid.payment_id)
    assert answer.json()["data"]["refund"]["status"] == "pending"
    assert [each.status for each in payment.refunds] == ["processed"]
    assert (payment.status, payment.refunded_minor) == ("REFUNDED", 50_000)
    assert Receipt.objects(payment_id=paid.payment_id, kind="REFUND_RECEIPT").count() == 1


def test_an_event_is_applied_once(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    entity = {"id": f"pay_{payment_id[:8]}", "order_id": order_id, "amount": 50_000, "currency": "INR"}
    event = payment_event("payment.captured", {**entity, "status": "captured", "method": "card"})
    send_webhook(customer.api, quiet, event, event_id=payment_id)
    finished = finished_event(payment_id)
    all_rendered(payment_id, 1)
    before = everything_about(payment_id)

    run(stack, TaskName.PROCESS_WEBHOOK_EVENT, TIMES, webhook_event_id=finished.id)

    assert finished.outcome == "applied"
    assert everything_about(payment_id) == before
    assert changes_to(stored(payment_id), "PAID") == 1


def test_what_is_done_stays_as_it_is_when_every_task_comes_again(
    stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    paid = paid_order(customer, sandbox)
    refund = customer.api.refund(paid.payment_id, 100).json()["data"]
    customer.api.download(paid.receipt)
    customer.api.download(refund["receipt"])
    heard(sandbox, paid.payment_id, paid.order_id)
    all_rendered(paid.payment_id, 2)
    at_rest(paid.payment_id)
    before = everything_about(paid.payment_id)
    arguments = {
        "payment_id": [paid.payment_id],
        "receipt_id": [receipt["_id"] for receipt in before["receipts"]],
        "webhook_event_id": [event["_id"] for event in before["events"]],
    }
    messages = [
        (task, {argument: each})
        for task, argument in (
            *((task, "payment_id") for task in PAYMENT_TASKS),
            (TaskName.RENDER_RECEIPT, "receipt_id"),
            (TaskName.PROCESS_WEBHOOK_EVENT, "webhook_event_id"),
        )
        for each in arguments[argument]
    ]

    ids = [task_id for task, argument in messages for task_id in send(stack, task, 2, **argument)]

    assert set(worked_off(stack, ids)) == {"task.done"}
    assert everything_about(paid.payment_id) == before
    assert len(before["receipts"]) == 2
    assert len(sandbox.refunds_of(paid.provider_payment_id)) == 1


PAYMENT_TASKS = (
    TaskName.OPEN_ORDER,
    TaskName.CONFIRM_PAYMENT,
    TaskName.CAPTURE_PAYMENT,
    TaskName.ISSUE_REFUND,
    TaskName.CONFIRM_REFUND,
    TaskName.ISSUE_RECEIPTS,
)


@pytest.mark.parametrize(
    ("task", "argument"),
    [
        *((task, "payment_id") for task in PAYMENT_TASKS),
        (TaskName.RENDER_RECEIPT, "receipt_id"),
        (TaskName.PROCESS_WEBHOOK_EVENT, "webhook_event_id"),
    ],
)
def test_a_task_about_a_document_that_is_gone_does_nothing(stack: Stack, task: str, argument: str) -> None:
    (task_id,) = send(stack, task, **{argument: "no such document"})

    assert worked_off(stack, [task_id]) == ["task.done"]
    assert "work.document_missing" in {line["event"] for line in log_of(stack, task_id)}


def test_a_task_tolerates_what_a_newer_release_adds(stack: Stack, customer: Person, quiet: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    quiet.pay(order_id)
    make_due(stored(payment_id))

    arguments: dict[str, Any] = {"payment_id": payment_id, "of_a_newer_release": {"a": 1}}
    run(stack, TaskName.CONFIRM_PAYMENT, **arguments)

    assert at_rest(payment_id).status == "PAID"
