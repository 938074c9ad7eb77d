"""What the domain does with a provider that repeats itself, forgets, or refuses what it has done."""

import pytest

from gateway.domain import cancellation, payments, refunds
from gateway.domain.errors import NotCancellable
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, Refund, Work
from gateway.domain.provider import OutcomeUnknown, ProviderRefund, ProviderRejected
from tests.conftest import Stack
from tests.support.domain import NOW, Clock, a_paid_payment, a_payment, raw, seen
from tests.support.refunding import ask, figures
from tests.support.stubborn import Stubborn, asking

LOST = OutcomeUnknown("the provider did not answer in time")
DUPLICATE = ProviderRejected("Duplicate receipt found for this refund request.", http_status=400)
UNKNOWN_ID = ProviderRejected("The id provided does not exist", http_status=400)

pytestmark = pytest.mark.usefixtures("stack")


def _refund_of(payment: Payment, refund: Refund, receipt: str | None) -> ProviderRefund:
    return ProviderRefund(
        id=f"rfnd_{refund.id}",
        payment_id=payment.provider_payment_id,
        amount_minor=refund.amount_minor,
        currency="INR",
        status="processed",
        refund_receipt=receipt,
        created_at=NOW,
    )


def _issue_again(provider: Stubborn, payment: Payment, clock: Clock, times: int) -> None:
    for _ in range(times):
        clock.advance(1000)
        refunds.issue(asking(provider, clock), payment.id)


def test_a_refund_whose_answer_was_lost_is_found_when_its_repetition_is_refused() -> None:
    payment, clock = a_paid_payment().save(force_insert=True), Clock()
    refund = ask(payment, 20_000).refund
    done = _refund_of(payment, refund, refund.id)
    provider = Stubborn(create_refund=[LOST, DUPLICATE], payment_refunds=[[], [done]])

    _issue_again(provider, payment, clock, 2)

    assert provider.calls == ["create_refund", "payment_refunds", "create_refund", "payment_refunds"]
    assert figures(payment) == ("PARTIAL_REFUND", 20_000, 20_000)
    assert Payment.objects.get(id=payment.id).refunds[0].status == "processed"


def test_a_refused_look_up_is_not_taken_for_a_refused_refund() -> None:
    payment, clock = a_paid_payment().save(force_insert=True), Clock()
    ask(payment, 20_000)
    provider = Stubborn(create_refund=[LOST], payment_refunds=[ProviderRejected("no Route matched")])

    _issue_again(provider, payment, clock, 3)

    assert provider.calls == ["create_refund", "payment_refunds", "payment_refunds"]
    assert figures(payment) == ("PAID", 20_000, 0)
    assert Payment.objects.get(id=payment.id).refunds[0].status == "pending"


def test_an_answer_to_our_own_call_is_our_refund_even_without_our_receipt() -> None:
    payment, clock = a_paid_payment().save(force_insert=True), Clock()
    refund = ask(payment, None).refund
    provider = Stubborn(create_refund=[_refund_of(payment, refund, None)])

    _issue_again(provider, payment, clock, 3)

    assert provider.calls == ["create_refund"]
    assert figures(payment) == ("REFUNDED", 50_000, 50_000)
    assert len(Payment.objects.get(id=payment.id).refunds) == 1


def test_a_refund_that_does_not_get_through_lets_the_others_go_first() -> None:
    payment, clock = a_paid_payment().save(force_insert=True), Clock()
    ask(payment, 10_000)
    second = ask(payment, 20_000).refund
    provider = Stubborn(create_refund=[LOST, _refund_of(payment, second, second.id)], payment_refunds=[[]])

    _issue_again(provider, payment, clock, 2)

    assert [refund.status for refund in Payment.objects.get(id=payment.id).refunds] == [
        "pending",
        "processed",
    ]


def test_a_capture_that_reads_old_news_pauses_before_it_reads_again() -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW, provider_payment_id="pay_old_news")
    payment.provider_payments_seen = ["pay_old_news"]
    context = asking(Stubborn(fetch_payment=[seen(payment, "created", "pay_old_news")]), Clock())
    payment.work = Work(kind="capture_payment", due_at=NOW)
    payment.save(force_insert=True)

    payments.capture(context, payment.id)
    again = payments.capture(context, payment.id)

    assert again is None
    stored = Payment.objects.get(id=payment.id)
    assert (stored.work.kind, stored.work.attempts, stored.work.due_at > NOW) == ("capture_payment", 1, True)


def test_an_order_is_not_cancelled_while_a_customer_stands_at_the_bank(stack: Stack) -> None:
    payment = a_payment("CREATED").save(force_insert=True)
    before = raw(payment)
    context = asking(Stubborn(order_payments=[[seen(payment, "created")]]), Clock())

    with pytest.raises(NotCancellable, match="being paid"):
        cancellation.cancel(context, payment)

    after = raw(payment)
    assert (after["status"], after["receipts"]) == (before["status"], before["receipts"]) == ("CREATED", [])


def test_an_order_is_not_cancelled_when_money_comes_anew_after_other_money_went_back() -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW)
    first, second = f"pay_1_{payment.id}", f"pay_2_{payment.id}"
    payment.provider_payment_id = first
    payment.save(force_insert=True)
    # Nothing says in which order a provider lists them.
    listed = [seen(payment, "authorized", second), seen(payment, "refunded", first, captured=False)]

    with pytest.raises(NotCancellable):
        cancellation.cancel(asking(Stubborn(order_payments=[listed]), Clock()), payment)

    after = Payment.objects.get(id=payment.id)
    assert (after.status, after.provider_payment_id) == ("ATTEMPTED", second)
    assert (after.authorized_at, after.cancelled_at, after.work.kind) == (NOW, None, "capture_payment")


def test_money_for_a_cancelled_order_is_found_by_looking() -> None:
    payment, clock = a_payment("CREATED").save(force_insert=True), Clock()
    provider = Stubborn(order_payments=[[], [seen(payment, "captured")]])
    cancelled = cancellation.cancel(asking(provider, clock), payment)
    for receipt in cancelled.receipts:
        receipt.stored = True
    cancelled.work = Work(kind="confirm_payment", due_at=NOW)
    cancelled.save()

    payments.confirm(asking(provider, clock), payment.id)

    stored = Payment.objects.get(id=payment.id)
    assert (stored.status, stored.captured_minor, stored.needs_review) == ("PAID", 50_000, True)


def _waiting_to_be_read() -> tuple[Payment, str]:
    """Store a payment that was signed as paid while the provider was away; returns also by what."""
    signed_id = f"pay_{new_id()}"
    payment = a_payment("CREATED", unread_provider_payment_id=signed_id)
    payment.work = Work(kind="confirm_payment", due_at=NOW)
    return payment.save(force_insert=True), signed_id


def test_a_signed_payment_that_its_orders_list_lacks_is_asked_for_by_itself() -> None:
    payment, signed_id = _waiting_to_be_read()
    provider = Stubborn(order_payments=[[]], fetch_payment=[seen(payment, "captured", signed_id)])

    payments.confirm(asking(provider, Clock()), payment.id)

    stored = Payment.objects.get(id=payment.id)
    assert provider.calls == ["order_payments", "fetch_payment"]
    assert (stored.status, stored.captured_minor, stored.needs_review) == ("PAID", 50_000, False)


@pytest.mark.parametrize(
    ("of_another_order", "why"),
    [(True, "does not fit: it belongs to order order_of_another"), (False, "the provider does not know it")],
    ids=["of another order", "of another account"],
)
def test_a_signed_payment_of_something_else_is_flagged_and_not_looked_for_without_end(
    of_another_order: bool, why: str
) -> None:
    payment, signed_id = _waiting_to_be_read()
    theirs = seen(payment, "captured", signed_id, order_id="order_of_another")
    provider = Stubborn(order_payments=[[]], fetch_payment=[theirs if of_another_order else UNKNOWN_ID])

    payments.confirm(asking(provider, Clock()), payment.id)

    stored = Payment.objects.get(id=payment.id)
    assert (stored.status, stored.captured_minor, stored.unread_provider_payment_id) == ("CREATED", 0, None)
    assert stored.needs_review is True
    assert signed_id in stored.history[-1].why
    assert why in stored.history[-1].why
    # What is left to do is planned, and no retry.
    assert stored.work.attempts == 0


def test_a_signed_payment_that_cannot_be_asked_for_is_looked_for_again() -> None:
    payment, signed_id = _waiting_to_be_read()

    payments.confirm(asking(Stubborn(order_payments=[[]], fetch_payment=[LOST]), Clock()), payment.id)

    stored = Payment.objects.get(id=payment.id)
    assert stored.unread_provider_payment_id == signed_id
    assert (stored.work.kind, stored.work.attempts, stored.work.due_at > NOW) == ("confirm_payment", 1, True)
