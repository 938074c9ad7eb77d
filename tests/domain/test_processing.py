"""Processing: what it writes down, and how the order is opened behind it."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, orders, processing, work
from gateway.domain.errors import InvalidInput, NotCancellable, NotProcessable
from gateway.domain.models import Payment, UpiCollect
from gateway.domain.processing import UpiRequest
from gateway.domain.provider import OutcomeUnknown, ProviderOrder, ProviderRejected, ProviderUnavailable
from tests.support.domain import NOW, Clock, a_context, a_paid_payment, a_payment, raw
from tests.support.racing import before_saving
from tests.support.stubborn import Stubborn, asking

LOST = OutcomeUnknown("the provider did not answer in time")
AWAY = ProviderUnavailable("the provider could not be reached")
UPI = UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")

pytestmark = pytest.mark.usefixtures("stack")


def recorded(**fields: Any) -> Payment:
    """Return a stored payment that nobody has asked to be processed."""
    values: dict[str, Any] = {
        "opened": False,
        "order_requested_at": None,
        "requested_method": "upi",
        "payer_phone": "+919000000001",
    }
    return a_payment("CREATED", **values | fields).save(force_insert=True)


def order_of(payment: Payment) -> ProviderOrder:
    """Return the order that the provider opens for a payment."""
    return ProviderOrder(
        id=f"order_{payment.id}",
        amount_minor=payment.amount_minor,
        currency="INR",
        status="created",
        order_receipt=payment.order_receipt,
        created_at=NOW,
    )


def open_again(
    provider: Stubborn, payment: Payment, clock: Clock, times: int, seconds: float = 60
) -> Payment:
    """Let the work come due so many times, a while apart; return the payment as stored."""
    for _ in range(times):
        clock.advance(seconds)
        orders.reopen_order(asking(provider, clock), payment.id)
    return Payment.objects.get(id=payment.id)


def test_processing_asks_for_the_order_once() -> None:
    payment, context = recorded(), a_context()

    first = processing.process(context, payment)
    before = raw(payment)
    second = processing.process(context, first)

    assert (first.work.kind, first.work.due_at) == (work.OPEN_ORDER, NOW)
    assert len(first.page_token) == 32
    assert raw(payment) == before
    assert second.version == first.version


def test_a_worker_opens_the_order_at_its_first_try_without_looking() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    provider = Stubborn(create_order=[order_of(payment)])

    after = open_again(provider, payment, clock, 2)

    assert provider.calls == ["create_order"]
    assert after.provider_order_id == f"order_{payment.id}"


def test_a_provider_that_is_away_is_asked_again_for_a_quarter_of_an_hour() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    provider = Stubborn(create_order=[AWAY], find_order=[None])

    tried = open_again(provider, payment, clock, 3)
    given_up = open_again(provider, payment, clock, 4, seconds=601)

    assert (tried.status, tried.work.kind) == ("CREATED", work.OPEN_ORDER)
    assert (given_up.status, given_up.order_may_be_retried, given_up.work) == ("FAILED", True, None)


def test_an_order_is_asked_for_however_late_the_first_worker_comes() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)

    after = open_again(Stubborn(create_order=[order_of(payment)]), payment, clock, 1, seconds=24 * 3600)

    assert after.provider_order_id == f"order_{payment.id}"


def test_a_payment_that_was_given_up_can_be_processed_again_and_its_late_order_is_found() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    provider = Stubborn(create_order=[LOST], find_order=[None, None, order_of(payment)])
    given_up = open_again(provider, payment, clock, 2, seconds=1000)

    processing.process(a_context(clock), given_up)
    after = open_again(provider, payment, clock, 1)

    assert given_up.status == "FAILED"
    assert provider.calls.count("create_order") == 1
    assert (after.provider_order_id, after.failure_reason) == (f"order_{payment.id}", None)


def test_a_refused_order_is_final() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    refusal = ProviderRejected("Amount exceeds maximum amount allowed.")
    refused = open_again(Stubborn(create_order=[refusal], find_order=[None]), payment, clock, 1)
    before = raw(payment)

    with pytest.raises(NotProcessable) as error:
        processing.process(a_context(clock), refused)

    assert (refused.status, refused.failure_reason) == ("FAILED", "Amount exceeds maximum amount allowed.")
    assert error.value.details == {"status": "FAILED", "failureReason": refused.failure_reason}
    assert raw(payment) == before


@pytest.mark.parametrize("status", ["PAID", "PARTIAL_REFUND", "REFUNDED", "CANCELLED"])
def test_a_finished_payment_is_not_processed(status: str) -> None:
    payment = (a_payment() if status == "CANCELLED" else a_paid_payment()).save(force_insert=True)
    Payment.objects(id=payment.id).update_one(set__status=status)
    before = raw(payment)

    with pytest.raises(NotProcessable, match=status):
        processing.process(a_context(), payment)

    assert raw(payment) == before


def test_authorised_money_is_left_to_be_captured() -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW).save(force_insert=True)
    before = raw(payment)

    processing.process(a_context(), payment, UPI)

    assert raw(payment) == before


def test_the_same_upi_address_twice_is_one_request_and_another_one_waits() -> None:
    payment, clock = recorded(opened=True), Clock()
    first = processing.process(a_context(clock), payment, UPI)
    again = processing.process(a_context(clock), payment, UPI)
    other = UpiRequest(vpa="asha@other", client_address="", client_program="")

    with pytest.raises(NotProcessable, match="another UPI address"):
        processing.process(a_context(clock), payment, other)

    assert again.upi_collect.id == first.upi_collect.id


def test_an_expired_upi_request_makes_room_for_another() -> None:
    old = UpiCollect(
        id="old", vpa="asha@bank", requested_at=NOW, asked_at=NOW, expires_at=NOW, provider_payment_id="pay_1"
    )
    payment = recorded(opened=True, upi_collect=old)

    after = processing.process(a_context(), payment, UPI)

    assert after.upi_collect.id != "old"


@pytest.mark.parametrize(
    "fields",
    [{"requested_method": "card"}, {"currency": "USD"}, {"payer_phone": None}, {"user_email": None}],
    ids=["card", "dollars", "no phone number", "no e-mail"],
)
def test_a_upi_request_that_cannot_be_made_is_refused(fields: dict[str, Any]) -> None:
    payment = recorded(**fields)
    before = raw(payment)

    with pytest.raises(InvalidInput) as error:
        processing.process(a_context(), payment, UPI)

    assert list(error.value.details) == ["vpa"]
    assert raw(payment) == before


def test_cancelling_and_processing_at_the_same_moment_end_in_one_of_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment, context = recorded(), a_context()
    before_saving(monkeypatch, Payment, lambda: cancellation.cancel(context, payment))

    with pytest.raises(NotProcessable, match="CANCELLED"):
        processing.process(context, payment)

    stored = Payment.objects.get(id=payment.id)
    assert (stored.status, stored.order_wanted_since) == ("CANCELLED", None)


def test_a_payment_whose_order_is_being_opened_is_not_cancelled() -> None:
    payment, context = recorded(), a_context()
    processing.process(context, payment)

    with pytest.raises(NotCancellable):
        cancellation.cancel(context, payment)

    assert Payment.objects.get(id=payment.id).status == "CREATED"


def test_a_look_for_the_payment_counts_from_when_its_order_was_wanted() -> None:
    clock = Clock()
    payment = recorded()
    clock.advance(24 * 3600)
    processing.process(a_context(clock), payment)

    after = open_again(Stubborn(create_order=[order_of(payment)]), payment, clock, 1, seconds=1)

    assert after.work.due_at == after.order_wanted_since + timedelta(minutes=15)
