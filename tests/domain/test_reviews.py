"""Payments that a person has to look at: why, until when, and what was decided."""

import pytest

from gateway.domain import discrepancies, observations, reviews
from gateway.domain.models import Payment
from gateway.domain.transitions import change_payment, flag_for_review
from tests.support.domain import Clock, a_context, a_paid_payment, raw, seen

pytestmark = pytest.mark.usefixtures("stack")


def a_payment_paid_twice() -> Payment:
    """Store a payment with an open discrepancy, and return it."""
    context, payment = a_context(), a_paid_payment().save(force_insert=True)
    second = seen(payment, "captured", f"pay_second_of_{payment.id}")
    change_payment(
        context, payment.id, lambda payment: observations.observe_payment(payment, second, context)
    )
    discrepancies.store(context, payment.id)
    return Payment.objects.get(id=payment.id)


def flag(payment: Payment, why: str) -> None:
    """Ask a person to look at a payment, for no difference to the provider."""

    def decide(payment: Payment) -> bool:
        flag_for_review(payment, why, a_context())
        return True

    change_payment(a_context(), payment.id, decide)


def test_a_review_ends_with_a_note_and_changes_nothing_else() -> None:
    payment = a_paid_payment().save(force_insert=True)
    flag(payment, "it is odd")

    assert reviews.reasons(Payment.objects.get(id=payment.id)) == ["it is odd"]
    assert reviews.finish(a_context(by="operator"), payment.id, "the bank says it is right").written is True

    reviewed = Payment.objects.get(id=payment.id)
    assert (reviewed.needs_review, reviewed.status, reviewed.captured_minor) == (False, "PAID", 50_000)
    assert (reviewed.history[-1].why, reviewed.history[-1].by) == (
        "reviewed: the bank says it is right",
        "operator",
    )
    assert reviews.reasons(reviewed) == []


def test_what_comes_after_a_review_asks_for_another() -> None:
    payment = a_paid_payment().save(force_insert=True)
    flag(payment, "it is odd")
    reviews.finish(a_context(), payment.id, "it is not")
    flag(payment, "it is odd again")

    found = Payment.objects.get(id=payment.id)
    assert (found.needs_review, reviews.reasons(found)) == (True, ["it is odd again"])
    assert payment.id in [each.id for each in reviews.waiting()]


def test_a_payment_that_waits_for_nobody_is_left_alone() -> None:
    payment = a_paid_payment().save(force_insert=True)
    before = raw(payment)

    assert reviews.finish(a_context(), payment.id, "why not").written is False

    assert raw(payment) == before


def test_closing_the_last_discrepancy_ends_the_review() -> None:
    payment = a_payment_paid_twice()
    (ref,) = payment.discrepancies

    discrepancies.close(ref.id, "the customer knows", a_context(Clock(), by="operator"))

    found = Payment.objects.get(id=payment.id)
    assert (found.needs_review, found.history[-1].why) == (False, "reviewed: the customer knows")


def test_closing_one_discrepancy_of_two_leaves_the_payment_for_review() -> None:
    payment = a_payment_paid_twice()
    third = seen(payment, "captured", f"pay_third_of_{payment.id}")
    context = a_context()
    change_payment(context, payment.id, lambda payment: observations.observe_payment(payment, third, context))
    discrepancies.store(context, payment.id)

    discrepancies.close(payment.discrepancies[0].id, "the customer knows", context)

    assert Payment.objects.get(id=payment.id).needs_review is True


def test_closing_again_ends_a_review_that_a_dead_command_left() -> None:
    payment = a_payment_paid_twice()
    discrepancies.close(payment.discrepancies[0].id, "the customer knows", a_context())
    flag(payment, "as if the first command had died before its second write")

    assert (
        discrepancies.close(payment.discrepancies[0].id, "the customer knows", a_context()).written is False
    )

    assert Payment.objects.get(id=payment.id).needs_review is False
