"""How a worker opens the order of a payment that is being processed: once, whatever the provider says."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import orders, processing, work
from gateway.domain.errors import NotProcessable
from gateway.domain.models import Payment, Work
from gateway.domain.processing import UpiRequest
from gateway.domain.provider import OutcomeUnknown, ProviderOrder, ProviderRejected, ProviderUnavailable
from tests.support.domain import NOW, Clock, a_context, a_payment, raw
from tests.support.opening import open_again, order_of, recorded
from tests.support.stubborn import Stubborn, asking

LOST = OutcomeUnknown("the provider did not answer in time")
AWAY = ProviderUnavailable("the provider could not be reached")
UPI = UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")

pytestmark = pytest.mark.usefixtures("stack")


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


def test_a_worker_that_was_too_slow_opens_no_second_order() -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    provider = Stubborn(create_order=[order_of(payment)], find_order=[order_of(payment)])
    slow = work.claim(asking(provider, clock), Payment, payment.id, work.OPEN_ORDER)
    assert slow is not None
    open_again(provider, payment, clock, 1, seconds=26)

    orders.open_order(asking(provider, clock), slow, is_awaited=False)

    stored = Payment.objects.get(id=payment.id)
    assert provider.calls == ["create_order"]
    assert (stored.provider_order_id, stored.needs_review) == (f"order_{payment.id}", False)


@pytest.mark.parametrize("silence", [AWAY, ProviderRejected("no such route")], ids=["away", "refused"])
@pytest.mark.parametrize("verdict", [LOST, ProviderRejected("it is taken")], ids=["lost", "rejected"])
def test_a_look_up_that_fails_says_nothing_about_the_order(verdict: Exception, silence: Exception) -> None:
    payment, clock = recorded(), Clock()
    processing.process(a_context(clock), payment)
    provider = Stubborn(create_order=[verdict], find_order=[silence, silence, order_of(payment)])

    unknown = open_again(provider, payment, clock, 1)
    found = open_again(provider, payment, clock, 2)

    assert (unknown.status, unknown.work.kind) == ("CREATED", work.OPEN_ORDER)
    assert found.provider_order_id == f"order_{payment.id}"
    assert provider.calls.count("create_order") == 1


def test_a_payment_of_the_first_release_is_opened_or_given_up() -> None:
    payment, clock = a_payment("CREATED", opened=False), Clock()
    payment.work = Work(kind=work.OPEN_ORDER, due_at=NOW)
    payment.save(force_insert=True)
    clock.advance(1000)

    given_up = open_again(Stubborn(find_order=[None]), payment, clock, 1)

    assert (given_up.status, given_up.work) == ("FAILED", None)


def test_a_look_for_the_payment_counts_from_when_its_order_was_wanted() -> None:
    clock = Clock()
    payment = recorded()
    clock.advance(24 * 3600)
    processing.process(a_context(clock), payment)

    after = open_again(Stubborn(create_order=[order_of(payment)]), payment, clock, 1, seconds=1)

    assert after.work.due_at == after.order_wanted_since + timedelta(minutes=15)


def test_a_provider_that_cannot_be_reached_at_all_is_given_up_in_time() -> None:
    payment, clock = recorded(), Clock()
    wanted = processing.process(a_context(clock), payment, UPI)
    provider = Stubborn(create_order=[AWAY], find_order=[AWAY])

    given_up = open_again(provider, payment, clock, 8, seconds=601)

    assert wanted.upi_collect.failure_reason is None
    assert set(provider.calls) == {"create_order"}
    assert (given_up.status, given_up.order_may_be_retried, given_up.work) == ("FAILED", True, None)
    assert given_up.upi_collect.failure_reason.startswith("no order was opened")


def test_a_lost_call_is_waited_for_from_when_it_was_made() -> None:
    payment, clock = recorded(order_requested_at=NOW), Clock()
    processing.process(a_context(clock), payment)

    class Slow(Stubborn):
        def find_order(self, **_: Any) -> ProviderOrder | None:
            clock.advance(3)
            return super().find_order()

    provider = Slow(create_order=[LOST, order_of(payment)], find_order=[None])
    open_again(provider, payment, clock, 1, seconds=20)
    early = open_again(provider, payment, clock, 1, seconds=2)

    assert provider.calls.count("create_order") == 1
    assert early.order_requested_at == NOW + timedelta(seconds=23)
