"""Redriving: what waits for its retry is made due, and nothing else is touched."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import redrive, work
from gateway.domain.models import Payment, Receipt, WebhookEvent, Work
from gateway.domain.store import change
from tests.support.domain import NOW, Clock, a_context, a_paid_payment, a_payment, raw
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

LATER = NOW + timedelta(minutes=10)


def waiting(kind: str = "confirm_payment", **fields: Any) -> Payment:
    """Return a stored payment whose work has failed and waits for its retry."""
    values = {"kind": kind, "due_at": LATER, "attempts": 3, "last_error": "it timed out"} | fields
    return a_paid_payment(work=Work(**values)).save(force_insert=True)


def redriven(payment: Payment, **more: Any) -> list[tuple[str, str]]:
    """Redrive the work of one payment; returns what was made due."""
    return list(redrive.make_due(NOW, payment_id=payment.id, **more))


def test_work_that_waits_for_its_retry_is_made_due_and_stays_what_it_is() -> None:
    payment = waiting()

    assert redriven(payment) == [("confirm_payment", payment.id)]

    stored = Payment.objects.get(id=payment.id)
    assert (stored.work.due_at, stored.work.attempts, stored.work.last_error) == (NOW, 3, "it timed out")
    assert stored.version == payment.version + 1
    assert work.claim(a_context(), Payment, payment.id, "confirm_payment") is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"claimed_until": LATER, "claimed_by": "a task"},
        {"attempts": 0},
        {"due_at": NOW},
        {"due_at": NOW - timedelta(minutes=1)},
    ],
    ids=["claimed", "planned, not tried", "due", "overdue"],
)
def test_other_work_is_left_alone(fields: dict[str, Any]) -> None:
    payment = waiting(**fields)
    before = raw(payment)

    assert redriven(payment) == []
    assert raw(payment) == before


def test_a_payment_without_work_is_left_alone() -> None:
    payment = a_payment().save(force_insert=True)
    before = raw(payment)

    assert redriven(payment) == []
    assert raw(payment) == before


def test_a_kind_leaves_the_others_waiting() -> None:
    refund, look = waiting("issue_refund"), waiting("confirm_payment")
    before = raw(look)

    made_due = list(redrive.make_due(NOW, kind="issue_refund"))

    assert ("issue_refund", refund.id) in made_due
    assert {kind for kind, _ in made_due} == {"issue_refund"}
    assert raw(look) == before
    assert redriven(look, kind="issue_refund") == []


def test_a_payments_receipts_belong_to_it() -> None:
    payment = a_paid_payment().save(force_insert=True)
    receipt = Receipt(
        id=f"receipt of {payment.id}",
        payment_id=payment.id,
        kind="PAYMENT_RECEIPT",
        number=f"RCP_{payment.id}",
        contents="{}",
        work=Work(kind="render_receipt", due_at=LATER, attempts=1),
    ).save(force_insert=True)

    assert redriven(payment) == [("render_receipt", receipt.id)]


def test_all_means_every_collection() -> None:
    payment = waiting()
    event = WebhookEvent(
        body_sha256=f"sha of {payment.id}",
        body=b"{}",
        received_at=NOW,
        work=Work(kind="process_webhook_event", due_at=LATER, attempts=1),
    ).save(force_insert=True)

    made_due = list(redrive.make_due(NOW))

    assert {("confirm_payment", payment.id), ("process_webhook_event", event.id)} <= set(made_due)


def test_a_worker_that_is_faster_keeps_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    payment, claims = waiting(), []
    clock = Clock(LATER)

    before_saving(
        monkeypatch,
        Payment,
        lambda: claims.append(work.claim(a_context(clock), Payment, payment.id, "confirm_payment")),
    )

    assert redriven(payment) == []
    stored = Payment.objects.get(id=payment.id).work
    assert (stored.claimed_until, stored.due_at) == (claims[0].until, claims[0].until)


def test_work_that_is_done_meanwhile_is_not_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = waiting()

    def finish(fresh: Payment) -> bool:
        fresh.work = None
        return True

    before_saving(monkeypatch, Payment, lambda: change(Payment, payment.id, finish))

    assert redriven(payment) == []
    assert Payment.objects.get(id=payment.id).work is None


def test_of_many_who_redrive_at_once_one_does() -> None:
    payment = waiting()

    results = together(8, lambda _: redriven(payment))

    assert sorted(map(len, results)) == [0] * 7 + [1]
    assert Payment.objects.get(id=payment.id).version == payment.version + 1
