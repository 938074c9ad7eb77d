"""Refunds asked for, against the sum that was captured: reserved, and never too much."""

from collections.abc import Callable

import pytest

from gateway.domain.errors import IdempotencyMismatch, RefundRefused
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import REFUNDS_PER_PAYMENT_MAX, Payment
from gateway.domain.refunds import Requested
from tests.support.domain import a_paid_payment, a_payment, raw
from tests.support.racing import before_saving, together
from tests.support.refunding import ask, figures, hear

pytestmark = pytest.mark.usefixtures("stack")


def test_a_request_reserves_its_amount_and_moves_no_status() -> None:
    payment = a_paid_payment().save()

    requested = ask(payment, 20_000, notes={"reason": "moved"})

    assert figures(payment) == ("PAID", 20_000, 0)
    assert (requested.refund.amount_minor, requested.refund.status) == (20_000, "pending")
    assert requested.refund.notes == {"reason": "moved"}
    assert requested.payment.work.kind == "issue_refund"


def test_without_an_amount_all_that_is_left_is_refunded() -> None:
    payment = a_paid_payment().save()
    ask(payment, 20_000)

    requested = ask(payment, None)

    assert requested.refund.amount_minor == 30_000
    assert figures(payment) == ("PAID", 50_000, 0)


def test_parts_that_add_up_to_the_whole_end_in_refunded() -> None:
    payment = a_paid_payment().save()
    first, second = ask(payment, 20_000).refund, ask(payment, 30_000).refund

    hear(payment, first, "processed")
    after_first = figures(payment)
    hear(payment, second, "processed")

    assert after_first == ("PARTIAL_REFUND", 50_000, 20_000)
    assert figures(payment) == ("REFUNDED", 50_000, 50_000)


@pytest.mark.parametrize(
    ("payment", "amount_minor", "left"),
    [
        (a_paid_payment, 50_001, "500.00"),
        (lambda: a_paid_payment(refund_reserved_minor=49_999), 2, "0.01"),
        (lambda: a_paid_payment(refund_reserved_minor=50_000), 1, "0.00"),
        (lambda: a_paid_payment(refund_reserved_minor=50_000), None, "0.00"),
        (lambda: a_payment("CREATED"), 1, "0.00"),
        (lambda: a_payment("ATTEMPTED"), None, "0.00"),
        (lambda: a_payment("FAILED"), 1, "0.00"),
        (lambda: a_payment("CANCELLED"), 1, "0.00"),
    ],
    ids=[
        "too much",
        "one too much",
        "nothing left",
        "none left",
        "created",
        "attempted",
        "failed",
        "cancelled",
    ],
)
def test_what_is_not_there_is_refused_and_nothing_is_written(
    payment: Callable[[], Payment], amount_minor: int | None, left: str
) -> None:
    document = payment().save()
    before = raw(document)

    with pytest.raises(RefundRefused) as refused:
        ask(document, amount_minor)

    assert str(refused.value.details["refundableAmount"]) == left
    assert raw(document) == before


def test_the_number_of_refunds_is_bounded() -> None:
    payment = a_paid_payment().save()
    for _ in range(REFUNDS_PER_PAYMENT_MAX):
        ask(payment, 100)
    before = raw(payment)

    with pytest.raises(RefundRefused, match="at most 50 refunds"):
        ask(payment, 100)

    assert raw(payment) == before


def test_of_many_requests_at_once_those_that_fit_are_accepted() -> None:
    payment = a_paid_payment().save()

    results = together(12, lambda _: ask(payment, 15_000))

    assert sum(isinstance(result, Requested) for result in results) == 3
    assert sum(isinstance(result, RefundRefused) for result in results) == 9
    assert figures(payment) == ("PAID", 45_000, 0)
    assert len(Payment.objects.get(id=payment.id).refunds) == 3


def test_a_request_that_is_overtaken_counts_what_the_other_one_took(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = a_paid_payment().save()

    before_saving(monkeypatch, Payment, lambda: ask(payment, 30_000))
    with pytest.raises(RefundRefused):
        ask(payment, 30_000)

    assert figures(payment) == ("PAID", 30_000, 0)


def a_key(payment: Payment, amount_minor: int) -> Idempotency:
    """Return the stored form of the client's key for this request."""
    return Idempotency.of(
        user_id=payment.user_id,
        operation="create_refund",
        client_key="key",
        request={"paymentId": payment.id, "amount_minor": amount_minor},
    )


def test_one_key_is_one_refund_however_often_and_however_fast_it_comes() -> None:
    payment = a_paid_payment().save()

    results = together(10, lambda _: ask(payment, 10_000, idempotency=a_key(payment, 10_000)))

    assert len({result.refund.id for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False] + [True] * 9
    assert figures(payment) == ("PAID", 10_000, 0)


def test_one_key_for_two_payments_is_refused_and_nothing_is_written() -> None:
    first = a_paid_payment().save()
    second = a_paid_payment(user_id=first.user_id).save()
    ask(first, 10_000, idempotency=a_key(first, 10_000))
    before = raw(second)

    with pytest.raises(IdempotencyMismatch):
        ask(second, 10_000, idempotency=a_key(second, 10_000))

    assert raw(second) == before
