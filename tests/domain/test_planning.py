"""What a payment asks for next, derived from nothing but its state."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import planning, work
from gateway.domain.context import Limits
from gateway.domain.discrepancy_models import DiscrepancyRef
from gateway.domain.models import Payment, ReceiptRef, Refund, UpiCollect, Work
from tests.support.domain import NOW, a_paid_payment, a_payment

OWED = ReceiptRef(id="receipt", number="RCP_1", kind="PAYMENT_RECEIPT", issued_at=NOW)
STORED = ReceiptRef(id="receipt", number="RCP_1", kind="PAYMENT_RECEIPT", issued_at=NOW, stored=True)
FIRST_LOOK = NOW + timedelta(minutes=15)
ABANDONED = NOW + timedelta(days=30)


def a_refund(status: str = "pending", provider_refund_id: str | None = None) -> Refund:
    """Return a refund of one rupee."""
    return Refund(
        id="refund",
        amount_minor=100,
        status=status,
        provider_refund_id=provider_refund_id,
        requested_by="test",
        requested_at=NOW,
        idempotency_key="refund",
    )


def a_discrepancy(**fields: Any) -> DiscrepancyRef:
    """Return a difference that was found on a payment."""
    return DiscrepancyRef(
        id="discrepancy",
        kind="capture_missing",
        state="open",
        ours="captured 500.00 INR",
        theirs="unknown",
        sentence="unknown at provider, paid here → left for a person",
        found_at=NOW,
        found_by="test",
        **fields,
    )


def a_collect(**fields: Any) -> UpiCollect:
    """Return a UPI request that was asked for now."""
    return UpiCollect(id="collect", vpa="asha@bank", requested_at=NOW, **fields)


def planned(payment: Payment, now: Any = NOW) -> tuple[str, Any] | None:
    """Plan, and return the kind of work and when it is due."""
    planning.plan_payment(payment, now, Limits())
    return payment.work and (payment.work.kind, payment.work.due_at)


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        (a_payment("CREATED", opened=False, order_requested_at=None), (work.ABANDON_PAYMENT, ABANDONED)),
        # As the first release recorded it.
        (a_payment("CREATED", opened=False), (work.OPEN_ORDER, NOW)),
        (a_payment("CREATED", opened=False, order_wanted_since=NOW), (work.OPEN_ORDER, NOW)),
        (a_payment("FAILED", opened=False), None),
        (a_payment("FAILED", opened=False, order_wanted_since=NOW), (work.OPEN_ORDER, NOW)),
        (a_payment("CREATED", upi_collect=a_collect()), (work.COLLECT_PAYMENT, NOW)),
        (a_payment("FAILED", upi_collect=a_collect()), (work.COLLECT_PAYMENT, NOW)),
        (a_payment("CREATED", upi_collect=a_collect(asked_at=NOW)), (work.COLLECT_PAYMENT, NOW)),
        (
            a_payment("CREATED", upi_collect=a_collect(asked_at=NOW, provider_payment_id="pay_1")),
            (work.CONFIRM_PAYMENT, NOW + timedelta(seconds=20)),
        ),
        (
            a_payment("CREATED", upi_collect=a_collect(failure_reason="no")),
            (work.CONFIRM_PAYMENT, FIRST_LOOK),
        ),
        (a_payment("CANCELLED", upi_collect=a_collect()), (work.CONFIRM_PAYMENT, FIRST_LOOK)),
        (a_payment("ATTEMPTED", authorized_at=NOW, upi_collect=a_collect()), (work.CAPTURE_PAYMENT, NOW)),
        (a_paid_payment(upi_collect=a_collect()), None),
        (a_payment("CREATED"), (work.CONFIRM_PAYMENT, FIRST_LOOK)),
        (a_payment("CREATED", unread_provider_payment_id="pay_1"), (work.CONFIRM_PAYMENT, NOW)),
        (a_payment("ATTEMPTED"), (work.CONFIRM_PAYMENT, FIRST_LOOK)),
        (a_payment("ATTEMPTED", authorized_at=NOW), (work.CAPTURE_PAYMENT, NOW)),
        (a_payment("FAILED"), (work.CONFIRM_PAYMENT, FIRST_LOOK)),
        (a_payment("CANCELLED"), (work.CONFIRM_PAYMENT, FIRST_LOOK)),
        (a_payment("CANCELLED", receipts=[OWED]), (work.ISSUE_RECEIPTS, NOW)),
        (a_payment("CANCELLED", authorized_at=NOW), (work.CAPTURE_PAYMENT, NOW)),
        (a_payment("CANCELLED", provider_order_id=None), None),
        (a_paid_payment(), None),
        (a_paid_payment(receipts=[STORED]), None),
        (a_paid_payment(receipts=[STORED, OWED]), (work.ISSUE_RECEIPTS, NOW)),
        (a_paid_payment(refunds=[a_refund()]), (work.ISSUE_REFUND, NOW)),
        (a_paid_payment(refunds=[a_refund(), a_refund("pending", "rfnd_1")]), (work.ISSUE_REFUND, NOW)),
        (
            a_paid_payment(refunds=[a_refund("pending", "rfnd_1")]),
            (work.CONFIRM_REFUND, NOW + timedelta(minutes=10)),
        ),
        (a_paid_payment(refunds=[a_refund("processed", "rfnd_1"), a_refund("failed")]), None),
        (a_paid_payment(receipts=[OWED], refunds=[a_refund()]), (work.ISSUE_RECEIPTS, NOW)),
        (
            a_paid_payment(receipts=[OWED], discrepancies=[a_discrepancy()]),
            (work.OPEN_DISCREPANCIES, NOW),
        ),
        (
            a_paid_payment(receipts=[OWED], discrepancies=[a_discrepancy(stored=True)]),
            (work.ISSUE_RECEIPTS, NOW),
        ),
    ],
    ids=lambda each: each.status if isinstance(each, Payment) else None,
)
def test_each_state_asks_for_its_next_work(payment: Payment, expected: tuple[str, Any] | None) -> None:
    assert planned(payment) == expected


@pytest.mark.parametrize(
    ("age", "next_look"),
    [
        (timedelta(0), timedelta(minutes=15)),
        (timedelta(minutes=15), timedelta(hours=1)),
        (timedelta(minutes=59), timedelta(hours=1)),
        (timedelta(hours=1), timedelta(hours=6)),
        (timedelta(hours=6), timedelta(hours=24)),
        (timedelta(hours=24), timedelta(hours=48)),
        (timedelta(days=4), timedelta(days=7)),
        (timedelta(days=60), timedelta(days=90)),
    ],
)
def test_an_open_order_is_looked_at_again_and_again_for_three_months(
    age: timedelta, next_look: timedelta
) -> None:
    assert planned(a_payment("FAILED"), NOW + age) == (work.CONFIRM_PAYMENT, NOW + next_look)


def test_after_three_months_an_open_order_is_left_alone() -> None:
    assert planned(a_payment("FAILED"), NOW + timedelta(days=90)) is None


@pytest.mark.parametrize("status", ["CREATED", "ATTEMPTED"])
def test_an_order_that_nobody_tries_to_pay_is_given_up_after_a_month(status: str) -> None:
    second_look = NOW + timedelta(days=14)

    assert planned(a_payment(status), second_look) == (work.ABANDON_PAYMENT, ABANDONED)
    assert planned(a_payment(status), ABANDONED) == (work.ABANDON_PAYMENT, ABANDONED)


def test_a_payment_to_which_something_happened_counts_from_then() -> None:
    payment = a_payment("ATTEMPTED", updated_at=NOW + timedelta(days=20))

    assert planned(payment, NOW + timedelta(days=49)) == (work.ABANDON_PAYMENT, NOW + timedelta(days=50))


def test_a_payment_waiting_to_be_read_is_captured_first_when_it_is_known_to_be_authorised() -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW, unread_provider_payment_id="pay_2")

    assert planned(payment) == (work.CAPTURE_PAYMENT, NOW)


def test_planning_leaves_work_of_the_same_kind_with_its_claim_and_attempts() -> None:
    until = NOW + timedelta(seconds=25)
    payment = a_payment("ATTEMPTED", authorized_at=NOW)
    payment.work = Work(kind=work.CAPTURE_PAYMENT, due_at=until, claimed_until=until, attempts=7)

    planning.plan_payment(payment, NOW, Limits())

    assert (payment.work.due_at, payment.work.claimed_until, payment.work.attempts) == (until, until, 7)


def test_planning_replaces_work_of_another_kind() -> None:
    payment = a_paid_payment(refunds=[a_refund()])
    payment.work = Work(kind=work.CAPTURE_PAYMENT, due_at=NOW + timedelta(hours=1), attempts=7)

    planning.plan_payment(payment, NOW, Limits())

    assert (payment.work.kind, payment.work.due_at, payment.work.attempts) == (work.ISSUE_REFUND, NOW, 0)


def test_a_hurry_ends_a_pause() -> None:
    payment = a_paid_payment(refunds=[a_refund()])
    payment.work = Work(kind=work.ISSUE_REFUND, due_at=NOW + timedelta(minutes=5), attempts=7)

    planning.hurry(payment)

    assert planned(payment) == (work.ISSUE_REFUND, NOW)


def test_a_hurry_does_not_take_a_claim_away() -> None:
    until = NOW + timedelta(seconds=25)
    payment = a_paid_payment(refunds=[a_refund()])
    payment.work = Work(kind=work.ISSUE_REFUND, due_at=until, claimed_until=until, attempts=1)

    planning.hurry(payment)

    assert planned(payment) == (work.ISSUE_REFUND, until)
    assert payment.work.claimed_until == until


def test_a_hurry_without_work_is_harmless() -> None:
    payment = a_paid_payment()

    planning.hurry(payment)

    assert planned(payment) is None


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 512), (11, 600), (50, 600), (10_000, 600)],
)
def test_the_pause_doubles_up_to_ten_minutes(attempts: int, seconds: float) -> None:
    assert work.retry_seconds(attempts, jitter=lambda low, high: (low + high) / 2) == seconds
    assert work.retry_seconds(attempts, jitter=min) == seconds * 0.75
    assert work.retry_seconds(attempts, jitter=max) == seconds * 1.25


def test_the_pauses_of_many_documents_differ() -> None:
    pauses = {work.retry_seconds(5) for _ in range(20)}

    assert len(pauses) > 1
    assert min(pauses) >= 12
    assert max(pauses) <= 20
