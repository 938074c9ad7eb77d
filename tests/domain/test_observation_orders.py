"""The same news in every order and again: the state that it ends in is the same."""

from itertools import permutations
from typing import Any

import pytest

from gateway.domain.models import Payment
from gateway.domain.observations import observe_payment, observe_payments
from gateway.domain.provider import ProviderPayment
from tests.support.domain import NOW, a_context, a_payment, seen

CONTEXT = a_context()
FAILURE = "Your bank declined it."


def observe(payment: Payment, *observations: ProviderPayment) -> list[bool]:
    """Take note of them in this order; returns what each changed."""
    return [observe_payment(payment, each, CONTEXT) for each in observations]


def outcome(payment: Payment) -> dict[str, Any]:
    """Return what must not depend on the order; the history tells it as it came."""
    return {
        "status": payment.status,
        "captured_minor": payment.captured_minor,
        "provider_payment_id": payment.provider_payment_id,
        "payment_method": payment.payment_method,
        "attempts": sorted(payment.provider_payments_seen),
        "failure_reason": payment.failure_reason,
        "paid_at": payment.paid_at,
        "needs_review": payment.needs_review,
        "receipts": [receipt.kind for receipt in payment.receipts],
    }


def story(payment: Payment) -> tuple[ProviderPayment, ...]:
    """Return a failed try, and one that was authorised, captured, reported twice, and refunded."""
    return (
        seen(payment, "failed", "pay_a", method="card", failure_reason=FAILURE),
        seen(payment, "authorized", "pay_b"),
        seen(payment, "captured", "pay_b"),
        seen(payment, "captured", "pay_b", created_at=NOW),
        seen(payment, "refunded", "pay_b", captured=True),
    )


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=lambda order: "".join(map(str, order)))
def test_every_order_of_the_same_news_ends_in_the_same_state(order: tuple[int, ...]) -> None:
    payment = a_payment()
    news = story(payment)

    observe(payment, *(news[number] for number in order))

    assert outcome(payment) == {
        "status": "PAID",
        "captured_minor": 50_000,
        "provider_payment_id": "pay_b",
        "payment_method": "upi",
        "attempts": ["pay_a", "pay_b"],
        "failure_reason": None,
        "paid_at": NOW,
        "needs_review": False,
        "receipts": ["PAYMENT_RECEIPT"],
    }


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_every_order_of_news_about_unpaid_money_ends_in_the_same_state(order: tuple[int, ...]) -> None:
    payment = a_payment()
    news = (
        seen(payment, "created", "pay_b"),
        seen(payment, "failed", "pay_a", failure_reason=FAILURE),
        seen(payment, "authorized", "pay_b"),
    )

    observe(payment, *(news[number] for number in order))

    assert (payment.status, payment.provider_payment_id, payment.attempts) == ("ATTEMPTED", "pay_b", 2)
    assert payment.authorized_at == NOW
    assert payment.failure_reason is None


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_every_order_of_news_after_a_cancellation_ends_in_the_same_state(order: tuple[int, ...]) -> None:
    payment = a_payment("CANCELLED", cancelled_at=NOW)
    news = (
        seen(payment, "failed", "pay_a", failure_reason=FAILURE),
        seen(payment, "authorized", "pay_b"),
        seen(payment, "captured", "pay_b"),
        seen(payment, "captured", "pay_b"),
    )

    observe(payment, *(news[number] for number in order))

    assert (payment.status, payment.captured_minor, payment.needs_review) == ("PAID", 50_000, True)
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_a_list_in_any_order_tells_of_money_that_was_authorised_after_other_money_went_back(
    order: tuple[int, ...],
) -> None:
    payment = a_payment()
    observe(payment, seen(payment, "failed", "pay_a"), seen(payment, "authorized", "pay_b"))
    listed = (
        seen(payment, "failed", "pay_a", failure_reason=FAILURE),
        seen(payment, "refunded", "pay_b", captured=False),
        seen(payment, "authorized", "pay_c"),
    )

    changed = observe_payments(payment, [listed[number] for number in order], CONTEXT)

    assert changed is True
    assert (payment.status, payment.provider_payment_id, payment.attempts) == ("ATTEMPTED", "pay_c", 3)
    assert payment.authorized_at == NOW
    assert observe_payments(payment, listed, CONTEXT) is False


@pytest.mark.parametrize("number", range(5))
def test_the_same_news_again_changes_nothing(number: int) -> None:
    payment = a_payment()
    news = story(payment)
    observe(payment, *news[: number + 1])
    before = payment.to_mongo()

    changed = observe(payment, *news[: number + 1])

    assert changed == [False] * (number + 1)
    assert payment.to_mongo() == before
