"""Money for a payment that was cancelled: accepted, returned or held, as configured, never silently."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.domain import planning, work
from gateway.domain.context import Limits, Policies
from gateway.domain.models import Payment
from gateway.domain.observations import observe_payment
from tests.support.domain import NOW, a_context, a_payment, seen

LATE = "money arrived after the order was cancelled"
LEFT_ALONE = (
    "pay_1 was authorised after the order was cancelled; it is not taken, and goes back when its time is over"
)


def observe(payment: Payment, policy: Any, *statuses: str) -> list[bool]:
    """Tell a payment about one attempt in these states, one after the other, and plan its work."""
    context = replace(a_context(), policies=Policies(late_payment=policy))
    changed = [observe_payment(payment, seen(payment, status), context) for status in statuses]
    planning.plan_payment(payment, NOW, Limits())
    return changed


def a_cancelled_payment() -> Payment:
    """Return a payment that was given up."""
    return a_payment("CANCELLED", cancelled_at=NOW)


def told(payment: Payment) -> list[str]:
    """Return what the history says after the payment was recorded."""
    return [entry.why for entry in payment.history[1:]]


def test_accepted_money_is_captured_and_becomes_an_ordinary_payment() -> None:
    payment = a_cancelled_payment()

    assert observe(payment, "accept", "authorized", "authorized") == [True, False]
    assert (payment.status, payment.work.kind) == ("CANCELLED", work.CAPTURE_PAYMENT)
    assert observe(payment, "accept", "captured", "captured") == [True, False]

    assert (payment.status, payment.captured_minor, payment.needs_review) == ("PAID", 50_000, False)
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert told(payment) == [
        "pay_1 was authorised; the late-payment policy accepts it",
        "pay_1 was captured",
        "money arrived after the order was cancelled; the late-payment policy accepts it",
    ]


def test_money_to_be_returned_is_shown_as_paid_and_refunded_in_full_once() -> None:
    payment = a_cancelled_payment()

    assert observe(payment, "refund", "captured", "captured") == [True, False]

    assert (payment.status, payment.captured_minor, payment.needs_review) == ("PAID", 50_000, False)
    assert [(each.amount_minor, each.status, each.requested_by) for each in payment.refunds] == [
        (50_000, "pending", "policy:late-payment")
    ]
    assert payment.refund_reserved_minor == 50_000
    assert told(payment)[-1] == LATE + "; the late-payment policy returns it"


def test_money_to_be_returned_that_is_only_authorised_is_left_to_go_back() -> None:
    payment = a_cancelled_payment()

    assert observe(payment, "refund", "authorized", "authorized") == [True, False]

    assert (payment.status, payment.authorized_at, payment.needs_review) == ("CANCELLED", None, False)
    assert payment.work.kind == work.CONFIRM_PAYMENT
    assert told(payment) == [LEFT_ALONE]


@pytest.mark.parametrize(
    ("status", "end", "says"),
    [
        ("authorized", "CANCELLED", "needs review: pay_1 was authorised after the order was cancelled"),
        ("captured", "PAID", "needs review: money arrived after the order was cancelled"),
    ],
)
def test_held_money_is_left_as_it_is_for_a_person(status: str, end: str, says: str) -> None:
    payment = a_cancelled_payment()

    assert observe(payment, "hold", status, status) == [True, False]

    assert (payment.status, payment.needs_review, payment.refunds) == (end, True, [])
    assert told(payment)[-1] == says


@pytest.mark.parametrize("policy", ["accept", "refund", "hold"])
def test_money_that_was_not_taken_in_time_leaves_a_trace_once(policy: str) -> None:
    payment = a_cancelled_payment()

    observe(payment, policy, "authorized")
    assert observe(payment, policy, "refunded", "refunded") == [True, False]

    assert (payment.status, payment.captured_minor, payment.authorized_at) == ("CANCELLED", 0, None)
    assert told(payment)[-1] == "pay_1 went back to the customer without having been taken"


@pytest.mark.parametrize("policy", ["accept", "refund", "hold"])
def test_a_payment_that_was_not_cancelled_knows_no_policy(policy: str) -> None:
    payment = a_payment("FAILED")

    observe(payment, policy, "authorized", "captured")

    assert (payment.status, payment.needs_review, payment.refunds) == ("PAID", False, [])
