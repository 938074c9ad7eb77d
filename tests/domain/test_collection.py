"""UPI requests: sent once, whatever becomes of the provider's answer."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, collection, payments, processing, work
from gateway.domain.errors import NotCancellable, ProviderDidNotAnswer
from gateway.domain.models import Payment, UpiCollect, Work
from gateway.domain.provider import OutcomeUnknown, ProviderRejected, ProviderUnavailable
from gateway.domain.transitions import change_payment
from tests.support.domain import NOW, Clock, a_context, a_payment, seen
from tests.support.stubborn import Stubborn, asking

LOST = OutcomeUnknown("the provider did not answer in time")
AWAY = ProviderUnavailable("the provider could not be reached")
REFUSED = ProviderRejected("UPI Collect is not enabled for the merchant", http_status=400)

pytestmark = pytest.mark.usefixtures("stack")


def waiting(**fields: Any) -> Payment:
    """Return a stored payment with a UPI request to be sent now."""
    collect = UpiCollect(
        id="collect", vpa="asha@bank", requested_at=NOW, client_address="127.0.0.1", client_program="test"
    )
    values: dict[str, Any] = {"upi_collect": collect, "payer_phone": "+919000000001"}
    payment = a_payment("CREATED", **values | fields)
    payment.work = Work(kind=work.COLLECT_PAYMENT, due_at=NOW)
    return payment.save(force_insert=True)


def collect_again(
    provider: Stubborn, payment: Payment, clock: Clock, times: int, seconds: float = 60
) -> Payment:
    """Let the work come due so many times, a while apart; return the payment as stored."""
    for _ in range(times):
        clock.advance(seconds)
        collection.collect(asking(provider, clock), payment.id)
    return Payment.objects.get(id=payment.id)


def test_a_request_is_sent_once_and_then_the_customers_answer_is_looked_for() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=["pay_1"])

    after = collect_again(provider, payment, clock, 3, seconds=1)

    assert provider.calls == ["collect_by_upi"]
    (sent,) = provider.collects
    assert (sent.id, sent.vpa, sent.amount_minor) == ("collect", "asha@bank", 50_000)
    assert (sent.order_id, sent.email) == (payment.provider_order_id, payment.user_email)
    assert after.upi_collect.provider_payment_id == "pay_1"
    assert (after.status, after.work.kind) == ("ATTEMPTED", work.CONFIRM_PAYMENT)
    assert after.work.due_at == after.upi_collect.asked_at + timedelta(seconds=20)


def test_a_request_whose_answer_was_lost_is_found_and_not_sent_again() -> None:
    payment, clock = waiting(), Clock()
    pay_1 = f"pay_{payment.id}"
    found = seen(payment, "authorized", pay_1, collect_id="collect")
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[[], [found]])

    after = collect_again(provider, payment, clock, 3)

    assert provider.calls == ["collect_by_upi", "order_payments", "order_payments"]
    assert (after.status, after.upi_collect.provider_payment_id) == ("ATTEMPTED", pay_1)
    assert after.work.kind == work.CAPTURE_PAYMENT


def test_another_payment_of_the_order_is_not_taken_for_the_request() -> None:
    payment, clock = waiting(), Clock()
    other = seen(payment, "created", "pay_other", collect_id="another collect")
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[[other]])

    after = collect_again(provider, payment, clock, 3)

    assert after.upi_collect.provider_payment_id is None
    assert provider.calls == ["collect_by_upi", "order_payments", "order_payments"]


def test_a_request_that_is_never_found_is_given_up_after_it_would_have_expired() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[[]])

    after = collect_again(provider, payment, clock, 9)

    assert provider.calls.count("collect_by_upi") == 1
    assert after.upi_collect.failure_reason == "The UPI request is not known to the provider."
    assert (after.status, after.failure_reason) == ("CREATED", after.upi_collect.failure_reason)
    assert after.work.kind == work.CONFIRM_PAYMENT


@pytest.mark.parametrize("silence", [AWAY, REFUSED], ids=["away", "refused"])
def test_an_error_of_the_look_up_is_not_taken_for_one_of_the_request(silence: Exception) -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[silence])

    after = collect_again(provider, payment, clock, 3)
    with pytest.raises(ProviderDidNotAnswer):
        cancellation.cancel(asking(provider, clock), after)

    assert provider.calls == ["collect_by_upi"] + ["order_payments"] * 3
    assert after.upi_collect.asked_at is not None
    assert after.upi_collect.failure_reason is None
    assert after.work.kind == work.COLLECT_PAYMENT


def test_a_request_that_cannot_be_sent_for_ten_minutes_is_not_sent_at_all() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[AWAY])

    # Pauses grow to ten minutes, so the last try may come that much later.
    after = collect_again(provider, payment, clock, 40)

    assert 1 < provider.calls.count("collect_by_upi") <= 10
    assert after.upi_collect.failure_reason == "The UPI request could not be sent in time."
    assert (after.status, after.work.kind) == ("CREATED", work.CONFIRM_PAYMENT)


def test_a_request_that_was_replaced_meanwhile_is_not_sent() -> None:
    payment, clock = waiting(), Clock()
    context = a_context(clock)
    provider = Stubborn(collect_by_upi=["pay_new"])
    claim = work.claim(context, Payment, payment.id, work.COLLECT_PAYMENT)
    assert claim is not None
    processing.process(
        context, payment, processing.UpiRequest(vpa="asha@other", client_address="", client_program="")
    )
    payments.postpone(context, claim, AWAY)

    after = collect_again(provider, payment, clock, 1)

    assert [sent.vpa for sent in provider.collects] == ["asha@other"]
    assert after.upi_collect.provider_payment_id == "pay_new"


def test_nobody_is_told_to_approve_what_may_not_exist() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[[]])

    after = collect_again(provider, payment, clock, 3, seconds=20)

    assert not processing.is_approval_certain(after)
    assert sum("not known whether" in entry.why for entry in after.history) == 1


def test_nor_after_a_worker_that_died_before_it_could_say_so() -> None:
    payment, clock = waiting(), Clock()
    payment.upi_collect.asked_at = clock.now
    payment.upi_collect.expires_at = clock.now + timedelta(minutes=5)
    payment.save()

    after = collect_again(Stubborn(order_payments=[[]]), payment, clock, 1)

    assert not processing.is_approval_certain(after)


@pytest.mark.parametrize("answer", ["pay_late", LOST], ids=["late", "lost"])
def test_an_event_that_is_faster_than_the_answer_stands(answer: Any) -> None:
    payment, clock = waiting(), Clock()
    declined = seen(
        payment, "failed", "pay_late", collect_id="collect", failure_reason="the address is unknown"
    )

    class Overtaken(Stubborn):
        def collect_by_upi(self, collect: Any) -> str:
            payments.observe(a_context(clock), payment.id, [declined])
            return super().collect_by_upi(collect)

    after = collect_again(Overtaken(collect_by_upi=[answer]), payment, clock, 1)

    assert [(entry.from_status, entry.to_status) for entry in after.history[-2:]] == [
        ("CREATED", "ATTEMPTED"),
        ("ATTEMPTED", "FAILED"),
    ]
    assert (after.status, after.failure_reason) == ("FAILED", "the address is unknown")
    assert (after.upi_collect.provider_payment_id, after.upi_collect.is_uncertain) == ("pay_late", None)
    assert after.work.kind == work.CONFIRM_PAYMENT


def test_a_request_that_somebody_else_finds_is_with_the_customer() -> None:
    payment, clock = waiting(), Clock()
    found = seen(payment, "created", "pay_found", collect_id="collect")
    provider = Stubborn(collect_by_upi=[LOST], order_payments=[[found]])
    uncertain = collect_again(provider, payment, clock, 1)

    with pytest.raises(NotCancellable):
        cancellation.cancel(asking(provider, clock), uncertain)

    after = Payment.objects.get(id=payment.id)
    assert (after.status, after.upi_collect.provider_payment_id) == ("ATTEMPTED", "pay_found")
    assert processing.is_approval_certain(after)


def test_a_request_that_is_asked_for_again_after_a_long_opening_is_sent() -> None:
    payment, clock = waiting(), Clock()
    clock.advance(1200)
    again = processing.UpiRequest(vpa="asha@bank", client_address="", client_program="")

    processing.process(a_context(clock), payment, again)
    after = collect_again(Stubborn(collect_by_upi=["pay_1"]), payment, clock, 1)

    assert (after.upi_collect.id, after.upi_collect.provider_payment_id) == ("collect", "pay_1")


def test_a_provider_that_is_away_is_asked_again() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[AWAY, AWAY, "pay_1"])

    after = collect_again(provider, payment, clock, 3)

    assert provider.calls == ["collect_by_upi"] * 3
    assert {sent.id for sent in provider.collects} == {"collect"}
    assert after.upi_collect.provider_payment_id == "pay_1"


def test_a_refused_request_leaves_the_payment_open_for_another() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=[REFUSED])

    after = collect_again(provider, payment, clock, 2)

    assert provider.calls == ["collect_by_upi"]
    assert (after.status, after.captured_minor) == ("CREATED", 0)
    assert after.failure_reason == "The UPI request was refused: UPI Collect is not enabled for the merchant"
    assert not processing.awaits_approval(after, a_context(clock))


def test_a_worker_that_died_after_the_call_finds_what_it_sent() -> None:
    payment, clock = waiting(), Clock()
    context = asking(
        Stubborn(order_payments=[[seen(payment, "created", "pay_1", collect_id="collect")]]), clock
    )
    claim = work.claim(context, Payment, payment.id, work.COLLECT_PAYMENT)
    assert claim is not None

    def asked(payment: Payment) -> bool:
        payment.upi_collect.asked_at = clock.now
        return True

    change_payment(context, payment.id, asked)
    clock.advance(26)

    collection.collect(context, payment.id)

    after = Payment.objects.get(id=payment.id)
    assert (after.upi_collect.provider_payment_id, after.attempts) == ("pay_1", 1)


def test_nothing_is_sent_for_a_payment_that_was_paid_meanwhile() -> None:
    payment, clock = waiting(), Clock()
    provider = Stubborn(collect_by_upi=["pay_2"])
    payments.observe(a_context(clock), payment.id, [seen(payment, "captured", f"pay_{payment.id}")])

    after = collect_again(provider, payment, clock, 1)

    assert (provider.calls, after.status) == ([], "PAID")


def test_a_failed_request_may_be_followed_by_another() -> None:
    payment, clock = waiting(), Clock()
    context = a_context(clock)
    collect_again(Stubborn(collect_by_upi=["pay_1"]), payment, clock, 1, seconds=1)
    declined = seen(payment, "failed", "pay_1", failure_reason="declined by the customer")
    failed = payments.observe(context, payment.id, [declined])
    again = processing.UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")

    retried = processing.process(context, failed, again)

    assert (failed.status, failed.upi_collect.failure_reason) == ("FAILED", "declined by the customer")
    assert retried.upi_collect.id != "collect"
    assert (retried.work.kind, retried.work.due_at) == (work.COLLECT_PAYMENT, clock.now)


def test_the_same_failure_of_a_second_request_is_not_overlooked() -> None:
    payment, clock = waiting(failure_reason="declined"), Clock()
    Payment.objects(id=payment.id).update_one(set__status="FAILED")
    collect_again(Stubborn(collect_by_upi=["pay_2"]), payment, clock, 1, seconds=1)
    context = a_context(clock)
    payments.observe(context, payment.id, [seen(payment, "created", "pay_2")])

    after = payments.observe(
        context, payment.id, [seen(payment, "failed", "pay_2", failure_reason="declined")]
    )

    assert Payment.objects.get(id=payment.id).upi_collect.failure_reason == "declined"
    assert not processing.awaits_approval(after, context)
