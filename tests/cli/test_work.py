"""`flask work redrive`: after an outage nobody waits for a pause to end."""

from datetime import timedelta

import pytest

from gateway.domain.context import utc_now
from gateway.domain.models import Payment, WebhookEvent, Work
from tests.cli.conftest import Flask, run
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, open_order
from tests.support.domain import a_payment, raw
from tests.support.steps import has_status
from tests.support.waiting import wait_until

TOMORROW = timedelta(days=1)


def postponed(payment_id: str) -> None:
    """Let a payment's work wait until tomorrow, as if it had failed often."""
    work = Work(kind="confirm_payment", due_at=utc_now() + TOMORROW, attempts=9, last_error="it timed out")
    Payment.objects(id=payment_id).update_one(set__work=work, inc__version=1)


def test_a_payments_work_is_done_at_once(customer: Person, sandbox: Sandbox, flask: Flask) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    postponed(payment_id)
    sandbox.pay(order_id)

    first = flask("work", "redrive", "--payment-id", order_id)

    assert (first.code, first.errors) == (0, "")
    assert first.output == "made due now: 1\n  confirm_payment: 1\nenqueued: 1\n"
    assert has_status(payment_id, "PAID").captured_minor == 50_000

    second = flask("work", "redrive", "--payment-id", payment_id)

    assert (second.code, second.output) == (0, "made due now: 0\nenqueued: 0\n")


def test_all_work_is_made_due_even_while_the_broker_is_away(stack: Stack) -> None:
    waiting = [
        WebhookEvent(
            body_sha256=f"cli-{utc_now().timestamp()}-{number}",
            body=b"{}",
            received_at=utc_now(),
            work=Work(kind="process_webhook_event", due_at=utc_now() + TOMORROW, attempts=2),
        ).save()
        for number in range(2)
    ]

    ended = run(stack.environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}, "work", "redrive", "--all")

    assert ended.code == 0
    assert ended.output.splitlines()[-1] == "enqueued: 0"
    assert ended.error == "The sweep brings the rest to the workers."
    for event in waiting:
        wait_until(lambda event=event: WebhookEvent.objects.get(id=event.id).outcome, "the sweep")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ((), 2, "Error: Say which work: either --all, or --kind or --payment-id or both."),
        (("--all", "--kind", "issue_refund"), 2, "Error: Say which work:"),
        (("--payment-id", "no-such-payment"), 1, "Error: There is no such payment."),
    ],
)
def test_a_redrive_that_is_refused_makes_nothing_due(
    stack: Stack, flask: Flask, words: tuple[str, ...], code: int, error: str
) -> None:
    payment = a_payment().save(force_insert=True)
    postponed(payment.id)
    before = raw(payment)

    ended = flask("work", "redrive", *words)

    assert (ended.code, ended.output) == (code, "")
    assert ended.error.startswith(error)
    assert raw(payment) == before
