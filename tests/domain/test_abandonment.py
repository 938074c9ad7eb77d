"""Orders that nobody pays: after a month the provider is asked, and then they are cancelled at our side."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, work
from gateway.domain.models import Payment, UpiCollect, Work
from gateway.domain.provider import ProviderUnavailable
from tests.support.domain import NOW, Clock, a_payment, raw, seen
from tests.support.stubborn import Stubborn, asking

pytestmark = pytest.mark.usefixtures("stack")

A_MONTH = timedelta(days=30)
AWAY = ProviderUnavailable("the provider could not be reached")


def an_old_payment(status: str = "CREATED", **fields: Any) -> Payment:
    """Store a payment whose time to be given up has come."""
    payment = a_payment(status, **fields)
    payment.work = Work(kind=work.ABANDON_PAYMENT, due_at=NOW + A_MONTH)
    return payment.save(force_insert=True)


def abandon(payment: Payment, provider: Stubborn, after: timedelta = A_MONTH) -> Payment:
    """Let a worker give the payment up, and return it as stored."""
    cancellation.abandon(asking(provider, Clock(NOW + after)), payment.id)
    return Payment.objects.get(id=payment.id)


@pytest.mark.parametrize("status", ["CREATED", "ATTEMPTED"])
def test_an_unpaid_order_is_cancelled_after_asking_and_watched_from_then_on(status: str) -> None:
    payment, provider = an_old_payment(status), Stubborn(order_payments=[[]])

    given_up = abandon(payment, provider)

    assert provider.calls == ["order_payments"]
    assert (given_up.status, given_up.cancelled_at, given_up.receipts) == ("CANCELLED", NOW + A_MONTH, [])
    assert given_up.history[-1].why == "abandoned: nobody paid it for 30 days"
    assert (given_up.work.kind, given_up.work.due_at) == (
        work.CONFIRM_PAYMENT,
        NOW + A_MONTH + timedelta(minutes=15),
    )


def test_a_payment_that_was_never_processed_is_cancelled_without_asking() -> None:
    payment = an_old_payment(opened=False, order_requested_at=None)

    given_up = abandon(payment, Stubborn())

    assert (given_up.status, given_up.work) == ("CANCELLED", None)


@pytest.mark.parametrize(
    ("at_provider", "status"), [("captured", "PAID"), ("authorized", "ATTEMPTED"), ("failed", "FAILED")]
)
def test_what_the_provider_knows_is_believed(at_provider: str, status: str) -> None:
    payment = an_old_payment()

    found = abandon(payment, Stubborn(order_payments=[[seen(payment, at_provider, f"pay_{payment.id}")]]))

    assert (found.status, found.cancelled_at) == (status, None)


def test_nothing_is_given_up_while_the_provider_is_away() -> None:
    payment = an_old_payment()

    found = abandon(payment, Stubborn(order_payments=[AWAY]))

    assert (found.status, found.work.kind, found.work.attempts) == ("CREATED", work.ABANDON_PAYMENT, 1)
    assert found.work.due_at > NOW + A_MONTH


def test_nothing_is_given_up_while_the_customer_pays() -> None:
    payment = an_old_payment()

    found = abandon(payment, Stubborn(order_payments=[[seen(payment, "created")]]))

    assert (found.status, found.work.kind) == ("CREATED", work.ABANDON_PAYMENT)
    assert found.work.due_at > NOW + A_MONTH


def test_a_customer_who_may_have_been_asked_at_this_moment_is_waited_for() -> None:
    collect = UpiCollect(
        id="collect", vpa="asha@bank", requested_at=NOW + A_MONTH, asked_at=NOW + A_MONTH, is_uncertain=True
    )
    payment = an_old_payment(upi_collect=collect)

    assert abandon(payment, Stubborn(order_payments=[[]])).status == "CREATED"


def test_a_payment_to_which_something_happened_meanwhile_gets_its_month_anew() -> None:
    payment = an_old_payment(updated_at=NOW + timedelta(days=10))

    found = abandon(payment, Stubborn(order_payments=[[]]))

    assert (found.status, found.work.kind, found.work.due_at) == (
        "CREATED",
        work.ABANDON_PAYMENT,
        NOW + timedelta(days=40),
    )


def test_work_that_is_not_due_is_not_done() -> None:
    payment = an_old_payment()
    before = raw(payment)

    abandon(payment, Stubborn(), A_MONTH - timedelta(seconds=1))

    assert raw(payment) == before
