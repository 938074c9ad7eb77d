"""Processing: what it writes down, and how the order is opened behind it."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, orders, payments, processing, work
from gateway.domain.errors import InvalidInput, NotCancellable, NotProcessable
from gateway.domain.models import Payment, UpiCollect
from gateway.domain.processing import UpiRequest
from gateway.domain.provider import OutcomeUnknown, ProviderUnavailable
from gateway.domain.transitions import change_payment
from tests.support.domain import NOW, Clock, a_context, a_paid_payment, a_payment, raw, seen
from tests.support.opening import order_of, recorded
from tests.support.racing import before_saving
from tests.support.stubborn import Stubborn, asking

LOST = OutcomeUnknown("the provider did not answer in time")
AWAY = ProviderUnavailable("the provider could not be reached")
UPI = UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")

pytestmark = pytest.mark.usefixtures("stack")


def test_processing_asks_for_the_order_once() -> None:
    payment, context = recorded(), a_context()

    first = processing.process(context, payment)
    before = raw(payment)
    second = processing.process(context, first)

    assert (first.work.kind, first.work.due_at) == (work.OPEN_ORDER, NOW)
    assert len(first.page_token) == 32
    assert raw(payment) == before
    assert second.version == first.version


def test_a_link_expires_and_asking_again_renews_it_at_the_same_address() -> None:
    clock = Clock()
    context = a_context(clock)
    first = processing.process(context, recorded())
    hours = context.limits.checkout_link_hours

    clock.advance(hours * 3600 - 1)
    assert not processing.page_has_expired(first, context)
    assert processing.process(context, first).version == first.version
    clock.advance(1)
    assert processing.page_has_expired(first, context)
    again = processing.process(context, first)

    assert not processing.page_has_expired(again, context)
    assert (again.page_token, again.page_wanted_at) == (first.page_token, clock.now)
    assert processing.page_expires_at(again, context) == clock.now + timedelta(hours=hours)
    assert again.history[-1].why == "its expired link was asked for again"


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


OTHER = UpiRequest(vpa="asha@other", client_address="", client_program="")


def asked(payment: Payment) -> bool:
    """Say that the provider has been asked to send the UPI request."""
    payment.upi_collect.asked_at = NOW
    payment.upi_collect.expires_at = NOW + timedelta(minutes=5)
    return True


def test_the_same_upi_address_twice_is_one_request_and_another_one_waits() -> None:
    payment, clock = recorded(opened=True), Clock()
    first = processing.process(a_context(clock), payment, UPI)
    change_payment(a_context(clock), payment.id, asked)
    before = raw(payment)

    again = processing.process(a_context(clock), payment, UPI)
    with pytest.raises(NotProcessable, match="another UPI address"):
        processing.process(a_context(clock), payment, OTHER)

    assert again.upi_collect.id == first.upi_collect.id
    assert raw(payment) == before


def test_a_upi_request_that_was_not_sent_yet_makes_room_for_another() -> None:
    payment = recorded(opened=True)
    first = processing.process(a_context(), payment, UPI)

    second = processing.process(a_context(), payment, OTHER)

    assert second.upi_collect.id != first.upi_collect.id
    assert second.upi_collect.vpa == "asha@other"


def test_a_payments_upi_requests_are_numbered() -> None:
    payment = recorded(opened=True, upi_requests=9)
    processing.process(a_context(), payment, UPI)
    before = raw(payment)

    with pytest.raises(NotProcessable, match="Too many UPI requests") as error:
        processing.process(a_context(), payment, OTHER)

    assert error.value.details["vpa"] == "has been asked for 10 times"
    assert raw(payment) == before


def test_what_is_asked_for_while_a_worker_is_busy_does_not_wait_out_its_pause() -> None:
    payment, clock = recorded(opened=True), Clock()
    context = a_context(clock)
    processing.process(context, payment, UPI)
    claim = work.claim(context, Payment, payment.id, work.COLLECT_PAYMENT)
    assert claim is not None

    processing.process(context, payment, OTHER)
    payments.postpone(context, claim, AWAY)

    stored = Payment.objects.get(id=payment.id)
    assert (stored.work.kind, stored.work.due_at) == (work.COLLECT_PAYMENT, clock.now)


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


def test_an_order_that_opens_while_its_payment_is_cancelled_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment, clock = recorded(), Clock()
    paid = seen(payment, "captured", f"pay_{payment.id}", order_id=f"order_{payment.id}")
    provider = Stubborn(create_order=[order_of(payment)], order_payments=[[paid]])

    def open_meanwhile() -> None:
        processing.process(a_context(clock), payment)
        orders.reopen_order(asking(provider, clock), payment.id)

    before_saving(monkeypatch, Payment, open_meanwhile)
    with pytest.raises(NotCancellable):
        cancellation.cancel(asking(provider, clock), payment)

    stored = Payment.objects.get(id=payment.id)
    assert provider.calls == ["create_order", "order_payments"]
    assert (stored.status, stored.cancelled_at) == ("PAID", None)


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
