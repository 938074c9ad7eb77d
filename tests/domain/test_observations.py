"""What the provider says about a payment, and what comes of it."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.models import HISTORY_ENTRIES_MAX, PROVIDER_PAYMENTS_MAX, Payment
from gateway.domain.observations import observe_payment
from gateway.domain.provider import ProviderPayment
from tests.support.domain import NOW, Clock, a_context, a_payment, seen

CONTEXT = a_context()
FAILURE = "Your bank declined it."


def observe(payment: Payment, *observations: ProviderPayment) -> list[bool]:
    """Take note of them in this order; returns what each changed."""
    return [observe_payment(payment, each, CONTEXT) for each in observations]


@pytest.mark.parametrize("status", ["PAID", "PARTIAL_REFUND", "REFUNDED"])
@pytest.mark.parametrize("late", ["created", "authorized", "failed", "captured", "refunded"])
def test_no_older_news_un_sees_captured_money(status: str, late: str) -> None:
    payment = a_payment()
    observe(payment, seen(payment, "captured"))
    payment.status = status
    before = payment.to_mongo()

    changed = observe(payment, seen(payment, late, failure_reason=FAILURE))

    assert changed == [False]
    assert payment.to_mongo() == before


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"order_id": "order_of_another"}, "it belongs to order order_of_another"),
        ({"order_id": None}, "it belongs to order None"),
        ({"currency": "USD"}, "its currency is USD, not INR"),
        ({"amount_minor": 49_999}, "its amount is 49999, not 50000"),
        ({"amount_minor": 50_001}, "its amount is 50001, not 50000"),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", ["authorized", "captured", "failed"])
def test_a_payment_that_does_not_fit_is_flagged_once_and_changes_nothing_else(
    status: str, other: dict[str, Any], says: str
) -> None:
    payment = a_payment()
    before = payment.to_mongo()

    changed = observe(payment, *[seen(payment, status, **other)] * 3)

    assert changed == [True, False, False]
    after = payment.to_mongo()
    changes = [name for name in after if after[name] != before.get(name)]
    assert changes == ["discrepancies", "needs_review", "history"]
    (discrepancy,) = payment.discrepancies
    assert (discrepancy.kind, discrepancy.state, discrepancy.stored) == ("payment_mismatch", "open", False)
    assert len(payment.history) == 2
    assert says in payment.history[-1].why


def test_a_second_captured_payment_is_flagged_and_returned_once_and_the_first_one_stays() -> None:
    payment = a_payment()

    changed = observe(
        payment,
        seen(payment, "captured", "pay_1"),
        seen(payment, "captured", "pay_2"),
        seen(payment, "captured", "pay_2"),
    )

    assert changed == [True, True, False]
    assert (payment.provider_payment_id, payment.captured_minor, payment.attempts) == ("pay_1", 50_000, 2)
    assert payment.needs_review is True
    assert [entry.why for entry in payment.history[2:]] == [
        "needs review: a second payment, pay_2, was captured for this order; it is being returned"
    ]
    assert [(each.provider_payment_id, each.refund.amount_minor) for each in payment.duplicates] == [
        ("pay_2", 50_000)
    ]
    assert (payment.refunds, payment.refund_reserved_minor) == ([], 0)


def test_a_second_authorised_payment_is_flagged_once_and_the_first_one_stays() -> None:
    payment = a_payment()

    changed = observe(
        payment,
        seen(payment, "authorized", "pay_1"),
        seen(payment, "authorized", "pay_2"),
        seen(payment, "authorized", "pay_2"),
    )

    assert changed == [True, True, False]
    assert (payment.status, payment.provider_payment_id) == ("ATTEMPTED", "pay_1")
    assert payment.needs_review is True


def test_money_that_arrives_after_a_cancellation_is_shown_and_reviewed() -> None:
    payment = a_payment("CANCELLED", cancelled_at=NOW)

    observe(payment, seen(payment, "captured"))

    assert (payment.status, payment.captured_minor, payment.needs_review) == ("PAID", 50_000, True)
    assert [(entry.from_status, entry.to_status) for entry in payment.history[1:]] == [
        ("CANCELLED", "PAID"),
        ("PAID", "PAID"),
    ]


def test_an_authorisation_after_a_cancellation_is_not_captured_but_reviewed_once() -> None:
    payment = a_payment("CANCELLED", cancelled_at=NOW)

    changed = observe(payment, *[seen(payment, "authorized")] * 2)

    assert changed == [True, False]
    assert (payment.status, payment.authorized_at, payment.needs_review) == ("CANCELLED", None, True)


def test_a_failed_payment_may_be_authorised_and_captured_late() -> None:
    payment = a_payment()

    observe(payment, seen(payment, "failed", failure_reason=FAILURE))
    observe(payment, seen(payment, "authorized"), seen(payment, "captured"))

    assert [entry.to_status for entry in payment.history[1:]] == ["FAILED", "ATTEMPTED", "PAID"]
    assert (payment.attempts, payment.failure_reason, payment.needs_review) == (1, None, False)


def test_money_that_went_back_uncaptured_is_a_failure_that_a_person_looks_at() -> None:
    payment = a_payment()

    changed = observe(payment, seen(payment, "authorized"), *[seen(payment, "refunded", captured=False)] * 2)

    assert changed == [True, True, False]
    assert (payment.status, payment.captured_minor, payment.authorized_at) == ("FAILED", 0, None)
    assert "not captured in time" in payment.failure_reason
    assert payment.needs_review is True
    assert payment.receipts == []


def test_that_money_went_back_may_be_heard_before_its_authorisation() -> None:
    """The capture that the late authorisation asks for reads the payment again, and finds it returned."""
    payment = a_payment()
    returned = seen(payment, "refunded", captured=False)

    observe(payment, returned, seen(payment, "authorized"), returned)

    assert (payment.status, payment.captured_minor, payment.authorized_at) == ("FAILED", 0, None)
    assert payment.needs_review is True


def test_the_customer_may_pay_after_money_went_back() -> None:
    payment = a_payment()

    observe(payment, seen(payment, "authorized", "pay_1"), seen(payment, "refunded", "pay_1", captured=False))
    observe(payment, seen(payment, "captured", "pay_2"))

    assert (payment.status, payment.provider_payment_id, payment.captured_minor) == ("PAID", "pay_2", 50_000)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(hours=9), timedelta(hours=5)),
        (None, timedelta(hours=5)),
    ],
    ids=["in between", "in the future", "not told"],
)
def test_the_time_of_payment_is_the_providers_but_never_in_the_future(
    told: timedelta | None, kept: timedelta
) -> None:
    payment, clock = a_payment(), Clock(NOW + timedelta(hours=5))

    observation = seen(payment, "captured", created_at=told and NOW + told)
    observe_payment(payment, observation, a_context(clock=clock))

    assert payment.paid_at == NOW + kept


def test_no_payment_is_made_before_its_creation() -> None:
    """The provider's clock need not agree with ours."""
    payment = a_payment()

    observe(payment, seen(payment, "captured", created_at=NOW - timedelta(seconds=1)))

    assert payment.paid_at == NOW


def test_each_attempt_counts_once_and_their_list_is_bounded() -> None:
    payment = a_payment()
    tries = [
        seen(payment, "failed", f"pay_{n}", failure_reason=FAILURE) for n in range(PROVIDER_PAYMENTS_MAX + 10)
    ]

    observe(payment, *tries, *tries)

    assert payment.attempts == PROVIDER_PAYMENTS_MAX == 50
    assert payment.status == "FAILED"


def test_money_is_seen_also_when_the_list_of_attempts_is_full() -> None:
    payment = a_payment()
    observe(payment, *(seen(payment, "failed", f"pay_{n}") for n in range(PROVIDER_PAYMENTS_MAX)))

    observe(payment, seen(payment, "captured", "pay_last"))

    assert (payment.status, payment.provider_payment_id) == ("PAID", "pay_last")


def test_the_history_is_bounded_and_keeps_its_beginning_and_its_end() -> None:
    payment, clock = a_payment(), Clock()

    for number in range(HISTORY_ENTRIES_MAX + 50):
        clock.advance(1)
        observe_payment(
            payment, seen(payment, "failed", failure_reason=f"reason {number}"), a_context(clock=clock)
        )

    assert len(payment.history) == HISTORY_ENTRIES_MAX == 200
    assert payment.history[0].why == "it was recorded"
    assert payment.history[-1].why == "pay_1 failed: reason 249"
    times = [entry.at for entry in payment.history]
    assert times == sorted(times)


def test_a_providers_long_text_is_cut() -> None:
    payment = a_payment()

    observe(payment, seen(payment, "failed", failure_reason="x" * 10_000))

    assert len(payment.failure_reason) == 500
    assert len(payment.history[-1].why) == 500
    payment.validate()
