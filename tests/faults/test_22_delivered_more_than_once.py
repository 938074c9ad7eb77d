"""Row 22: the same message is worked on twice at the same time: because the queue's visibility timeout is
shorter than the task, because it was sent more than once, and by two workers. One of them has the claim; the
others find nothing to do, and every effect is there once.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.queues import TaskName
from tests.support.beside import Beside
from tests.support.client import PaidOrder, paid_order
from tests.support.own import OwnStack
from tests.support.queue import send
from tests.support.rounds import repeated
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

# Longer than the messages of the impatient worker stay away, and than its look for them takes to come round.
CALL_SECONDS = 6.0
PATIENT = {"PROVIDER_READ_TIMEOUT_SECONDS": "9", "CLAIM_TTL_SECONDS": "40", "WORKER_CONCURRENCY": "2"}


@contextmanager
def impatient_worker(own: OwnStack, directory: Path) -> Iterator[None]:
    """Run a worker whose messages come back too early; the stack's own one stands still."""
    beside = Beside(own.stack, directory)
    with own.held("worker"), beside.process("worker", app="tests.support.impatient_celery", **PATIENT):
        yield


def told_about(directory: Path, payment_id: str) -> list[dict[str, Any]]:
    """Return the worker's log lines about a payment."""
    lines = [line for log in directory.glob("worker-*.log") for line in log.read_text().splitlines()]
    return [json.loads(line) for line in lines if payment_id in line and line.startswith("{")]


def a_payment_to_refund(own: OwnStack) -> tuple[Any, PaidOrder]:
    """Return a person, and a payment of theirs that is done with."""
    person = own.person()
    own.sandbox.deliveries(paused=True)
    paid = paid_order(person, own.sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    return person, paid


def assert_refunded_once(own: OwnStack, paid: PaidOrder) -> None:
    payment = own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    assert (payment["refunded_minor"], len(payment["refunds"])) == (20_000, 1)
    assert len(calls_to(own.sandbox, "POST", f"{paid.provider_payment_id}/refund")) == 1


def test_a_message_that_comes_back_while_it_is_worked_on_is_harmless(own: OwnStack, tmp_path: Path) -> None:
    person, paid = a_payment_to_refund(own)
    own.sandbox.fault("payments.refund", "slow", seconds=CALL_SECONDS)

    with impatient_worker(own, tmp_path):
        assert person.api.refund(paid.payment_id, 200).status_code == 202

        def came_back() -> bool:
            lines = told_about(tmp_path, paid.payment_id)
            refused = {line["task_id"] for line in lines if line["event"] == "work.nothing_to_claim"}
            done = {line["task_id"] for line in lines if line["event"] == "task.done"}
            claimed = own.payment(paid.payment_id).get("work", {}).get("claimed_by")
            return claimed in refused and claimed not in done - refused

        wait_until(came_back, "the message's second delivery", deadline_seconds=40)
        assert_refunded_once(own, paid)


@repeated()
def test_a_task_on_two_workers_at_once_has_its_effect_once(own: OwnStack, tmp_path: Path) -> None:
    person, paid = a_payment_to_refund(own)
    own.sandbox.fault("payments.refund", "slow", seconds=1)

    with Beside(own.stack, tmp_path).process("worker", WORKER_CONCURRENCY="2"):
        person.api.refund(paid.payment_id, 200)
        send(own.stack, TaskName.ISSUE_REFUND, times=20, payment_id=paid.payment_id)
        assert_refunded_once(own, paid)


@repeated()
@pytest.mark.parametrize("times", [2, 30])
def test_messages_sent_again_and_again_have_one_effect(times: int, own: OwnStack) -> None:
    person, paid = a_payment_to_refund(own)
    own.sandbox.fault("payments.refund", "slow", seconds=1)
    events = [
        TaskName.ISSUE_REFUND,
        TaskName.ISSUE_RECEIPTS,
        TaskName.CONFIRM_PAYMENT,
        TaskName.CAPTURE_PAYMENT,
    ]

    person.api.refund(paid.payment_id, 200)
    for task in events:
        send(own.stack, task, times=times, payment_id=paid.payment_id)

    assert_refunded_once(own, paid)
