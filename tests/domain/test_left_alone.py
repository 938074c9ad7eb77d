"""A provider that wants to be left alone: nobody comes back before that, however much they hurry."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, collection, orders, payments, planning, processing, refunds, work
from gateway.domain.errors import ProviderDidNotAnswer
from gateway.domain.models import Payment, UpiCollect, Work
from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderUnavailable
from tests.support.domain import NOW, Clock, Job, a_context, a_paid_payment, a_payment
from tests.support.opening import open_again, order_of, recorded
from tests.support.refunding import ask
from tests.support.stubborn import Stubborn, asking

WAIT_SECONDS = 40
LIMITED = ProviderUnavailable("Too many requests", http_status=429, retry_after_seconds=WAIT_SECONDS)
OVERLOADED = OutcomeUnknown(
    "the provider answered HTTP 503", http_status=503, retry_after_seconds=WAIT_SECONDS
)
BROKEN = OutcomeUnknown("the provider answered HTTP 500", http_status=500)
AWAY = ProviderUnavailable("the provider could not be reached")
EITHER = pytest.mark.parametrize("error", [LIMITED, OVERLOADED], ids=["429", "503"])

pytestmark = pytest.mark.usefixtures("stack")


class BelievesSignatures(Stubborn):
    """A provider for which every signature is right."""

    def payment_signature_is_valid(self, **_: Any) -> bool:
        """Say that it is."""
        return True


def pause_of(payment: Payment, clock: Clock) -> float:
    """Return in how many seconds the payment's work is due, by what is stored."""
    stored = Payment.objects.get(id=payment.id)
    assert stored.work.claimed_until is None
    return float((stored.work.due_at - clock.now).total_seconds())


def is_long_enough(pause: float) -> bool:
    """Return whether it is what the provider asked for, and up to a quarter more."""
    return WAIT_SECONDS <= pause <= WAIT_SECONDS * 1.25


def test_the_wait_is_what_was_asked_for_and_up_to_a_quarter_more() -> None:
    waits = [work.wait_seconds(WAIT_SECONDS) for _ in range(500)]

    assert WAIT_SECONDS <= min(waits) < 42 < 48 < max(waits) <= WAIT_SECONDS * 1.25
    assert (work.wait_seconds(None), work.wait_seconds(0)) == (0, 0)


@pytest.mark.parametrize(
    ("attempts", "asked_for", "least", "most"),
    [(1, 40, 40, 50), (1, 0.1, 0.75, 1.25), (1, None, 0.75, 1.25), (7, 40, 48, 80), (20, 300, 450, 750)],
)
def test_work_waits_for_the_longer_of_its_own_pause_and_the_providers(
    attempts: int, asked_for: float | None, least: float, most: float
) -> None:
    job = Job(work=Work(kind="test_kind", due_at=NOW, attempts=attempts - 1)).save()
    claim = work.claim(a_context(), Job, job.id, "test_kind")
    assert claim is not None

    work.postpone(claim.document, claim, "away", a_context(), retry_after_seconds=asked_for)

    assert least <= (claim.document.work.due_at - NOW).total_seconds() <= most


def test_hurried_work_still_waits_for_the_provider() -> None:
    job = Job(work=Work(kind="test_kind", due_at=NOW)).save()
    claim = work.claim(a_context(), Job, job.id, "test_kind")
    assert claim is not None
    claim.document.work.is_hurried = True

    work.postpone(claim.document, claim, "away", a_context(), retry_after_seconds=WAIT_SECONDS)

    assert is_long_enough((claim.document.work.due_at - NOW).total_seconds())


@EITHER
def test_a_capture_waits(error: ProviderError) -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW)
    payment.work = Work(kind=work.CAPTURE_PAYMENT, due_at=NOW)
    payment.provider_payment_id = f"pay_{payment.id}"
    payment.save(force_insert=True)
    clock = Clock()

    payments.capture(asking(Stubborn(fetch_payment=[error]), clock), payment.id)

    assert is_long_enough(pause_of(payment, clock))


@EITHER
def test_a_refund_waits_even_when_another_one_is_asked_for_meanwhile(error: ProviderError) -> None:
    payment, clock = a_paid_payment().save(force_insert=True), Clock()
    ask(payment, 10_000)

    class Busy(Stubborn):
        def create_refund(self, payment_id: str, **_: Any) -> Any:
            ask(payment, 20_000)
            return super().create_refund(payment_id)

    refunds.issue(asking(Busy(create_refund=[error]), clock), payment.id)

    assert is_long_enough(pause_of(payment, clock))


@EITHER
def test_a_upi_request_waits(error: ProviderError) -> None:
    clock = Clock()
    collect = UpiCollect(id="c", vpa="a@bank", requested_at=NOW, client_address="::1", client_program="test")
    payment = a_payment("CREATED", upi_collect=collect, payer_phone="+919000000001")
    payment.work = Work(kind=work.COLLECT_PAYMENT, due_at=NOW)
    payment.save(force_insert=True)

    collection.collect(asking(Stubborn(collect_by_upi=[error]), clock), payment.id)

    assert is_long_enough(pause_of(payment, clock))


@EITHER
def test_a_signed_payment_is_read_when_the_provider_wants_to_be_asked_again(error: ProviderError) -> None:
    payment, clock = a_payment("CREATED").save(force_insert=True), Clock()
    context = asking(BelievesSignatures(fetch_payment=[error]), clock)

    after = payments.verify(context, payment, provider_payment_id="pay_1", signature="right")

    assert (after.unread_provider_payment_id, after.work.kind) == ("pay_1", work.CONFIRM_PAYMENT)
    assert is_long_enough(pause_of(payment, clock))


def test_a_signed_payment_is_read_at_once_when_nothing_else_was_asked_for() -> None:
    payment, clock = a_payment("CREATED").save(force_insert=True), Clock()
    context = asking(BelievesSignatures(fetch_payment=[AWAY]), clock)

    payments.verify(context, payment, provider_payment_id="pay_1", signature="right")

    assert pause_of(payment, clock) == 0


def wanted() -> Payment:
    """Return a stored payment whose order is to be opened now."""
    payment = recorded()
    return processing.process(a_context(), payment)


def open_while_awaited(provider: Stubborn, payment: Payment, clock: Clock) -> Payment:
    """Open the order as the request does that waits for it; return the payment as stored."""
    context = asking(provider, clock)
    claim = work.claim(context, Payment, payment.id, work.OPEN_ORDER)
    assert claim is not None
    orders.open_order(context, claim)
    return Payment.objects.get(id=payment.id)


def test_an_order_is_not_asked_for_a_second_time_at_once() -> None:
    payment, clock = wanted(), Clock()
    provider = Stubborn(create_order=[LIMITED, order_of(payment)])

    after = open_while_awaited(provider, payment, clock)

    assert provider.calls == ["create_order"]
    assert (after.status, after.order_may_be_retried, after.work) == ("FAILED", True, None)
    assert after.order_may_be_retried_at == NOW + timedelta(seconds=WAIT_SECONDS)


def test_an_order_that_may_have_been_opened_is_looked_for_and_then_waits() -> None:
    payment, clock = wanted(), Clock()
    provider = Stubborn(create_order=[OVERLOADED], find_order=[None])

    after = open_while_awaited(provider, payment, clock)

    assert provider.calls == ["create_order", "find_order"]
    assert (after.status, after.work.kind) == ("CREATED", work.OPEN_ORDER)
    assert is_long_enough(pause_of(payment, clock))


def test_an_order_that_a_worker_opens_waits_too() -> None:
    payment, clock = wanted(), Clock()
    provider = Stubborn(create_order=[LIMITED, order_of(payment)])

    waiting = open_again(provider, payment, clock, 1)
    pause = pause_of(payment, clock)
    opened = open_again(provider, payment, clock, 1)

    assert is_long_enough(pause)
    assert (waiting.status, waiting.provider_order_id) == ("CREATED", None)
    assert opened.provider_order_id == f"order_{payment.id}"
    assert provider.calls == ["create_order", "create_order"]


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([BROKEN, AWAY], ["create_order", "find_order", "create_order"]),
        ([BROKEN, LIMITED], ["create_order", "find_order", "create_order"]),
        ([AWAY, BROKEN], ["create_order", "create_order", "find_order"]),
    ],
    ids=["unknown, then away", "unknown, then held back", "away, then unknown"],
)
@pytest.mark.parametrize("is_awaited", [True, False], ids=["awaited", "by a worker"])
def test_a_call_that_was_not_made_says_nothing_about_the_one_before_it(
    answers: list[ProviderError], calls: list[str], is_awaited: bool
) -> None:
    payment, clock = wanted(), Clock()
    provider = Stubborn(create_order=list(answers), find_order=[None])
    context = asking(provider, clock)
    claim = work.claim(context, Payment, payment.id, work.OPEN_ORDER)
    assert claim is not None

    orders.open_order(context, claim, is_awaited=is_awaited)

    after = Payment.objects.get(id=payment.id)
    assert provider.calls == calls
    assert (after.status, after.work.kind) == ("CREATED", work.OPEN_ORDER)
    assert planning.order_is_wanted(after)


@pytest.mark.parametrize(("seconds", "calls"), [(4.9, 2), (5.0, 1)])
def test_a_second_call_is_made_at_once_only_while_it_fits_into_the_claim(seconds: float, calls: int) -> None:
    payment, clock = wanted(), Clock()

    class Slow(Stubborn):
        def create_order(self, **_: Any) -> Any:
            clock.advance(seconds)
            return super().create_order()

    provider = Slow(create_order=[AWAY])

    open_while_awaited(provider, payment, clock)

    assert len(provider.calls) == calls


def test_a_cancellation_says_when_to_come_again() -> None:
    payment = a_payment("CREATED").save(force_insert=True)

    with pytest.raises(ProviderDidNotAnswer) as raised:
        cancellation.cancel(asking(Stubborn(order_payments=[LIMITED]), Clock()), payment)

    assert raised.value.retry_after_seconds == WAIT_SECONDS
    assert Payment.objects.get(id=payment.id).status == "CREATED"
