"""Row 9: a customer pays one order twice. The order is paid once; the second payment is shown to a person
and returned in full, once, also when the answer to that is lost; statistics know nothing of it.

Row 22 lets the worker die at every point of that; tests/domain/test_duplicates.py has what the provider may
answer.
"""

from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, UPI, PaidOrder, Person, Sandbox, paid_order, stored
from tests.support.second_door import seen
from tests.support.steps import at_rest, calls_to
from tests.support.waiting import wait_until

CARD = {"method": "card", "number": "4111 1111 1111 1111", "expiry": "12/30", "cvv": "123"}


def pay_again(sandbox: Sandbox, paid: PaidOrder, how: dict[str, Any] | None = None) -> str:
    """Pay an order that is paid; returns the second payment's id."""
    return sandbox.pay(paid.order_id, how, force=True)["razorpay_payment_id"]


def statistics(staff: Person, paid: PaidOrder) -> dict[str, Any]:
    """Return the figures of the school that was paid."""
    answer = staff.api.get(f"{PAYMENTS}/stats", params={"schoolId": paid.school_id})
    figures: dict[str, Any] = answer.json()["data"]
    return figures


def returned(payment_id: str, count: int = 1) -> Payment:
    """Return the payment once so many duplicates have gone back, and nothing is left to do."""

    def is_returned() -> bool:
        duplicates = stored(payment_id).duplicates
        return [each.refund.status for each in duplicates] == ["processed"] * count

    wait_until(is_returned, f"the return of {count} duplicates of {payment_id}")
    return at_rest(payment_id)


def test_the_second_payment_is_shown_and_returned_in_full_and_once(
    customer: Person, staff: Person, sandbox: Sandbox
) -> None:
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    before = statistics(staff, paid)

    second_id = pay_again(sandbox, paid, CARD)

    payment = returned(paid.payment_id)
    (refund,) = sandbox.refunds_of(second_id)
    assert (refund["amount"], refund["status"]) == (50_000, "processed")
    assert sandbox.refunds_of(paid.provider_payment_id) == []
    assert (payment.status, payment.captured_minor, payment.refunded_minor) == ("PAID", 50_000, 0)
    assert (payment.refunds, payment.refund_reserved_minor, payment.needs_review) == ([], 0, True)
    assert payment.provider_payment_id == paid.provider_payment_id
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT", "REFUND_RECEIPT"]
    shown = seen(customer.api, paid.payment_id)
    (duplicate,) = shown["duplicates"]
    assert (duplicate["razorpayPaymentId"], duplicate["refund"]["status"]) == (second_id, "processed")
    assert (duplicate["refund"]["amount"], shown["refunds"]) == (500, [])
    told = [entry["why"] for entry in shown["timeline"]]
    assert [why for why in told if second_id in why] == [
        f"needs review: a second payment, {second_id}, was captured for this order; it is being returned",
        f"the refund {refund['id']} of the duplicate payment {second_id} is processed",
    ]
    assert statistics(staff, paid) == before


def test_a_customer_who_verifies_the_second_payment_is_told_that_the_order_is_paid(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    checkout = sandbox.pay(paid.order_id, force=True)

    answer = customer.api.verify(checkout)

    payment = returned(paid.payment_id)
    assert (answer.status_code, answer.json()["data"]["payment"]["status"]) == (200, "PAID")
    assert payment.provider_payment_id == paid.provider_payment_id
    second_id = checkout["razorpay_payment_id"]
    assert [refund["amount"] for refund in sandbox.refunds_of(second_id)] == [50_000]


def test_a_third_payment_goes_back_too(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox)

    more = [pay_again(sandbox, paid, how) for how in (UPI, CARD)]

    payment = returned(paid.payment_id, 2)
    assert sorted(each.provider_payment_id for each in payment.duplicates) == sorted(more)
    amounts = [[refund["amount"] for refund in sandbox.refunds_of(each)] for each in more]
    assert amounts == [[50_000], [50_000]]


@pytest.mark.parametrize("fault", ["timeout_after", "500"])
def test_a_return_whose_answer_is_lost_is_made_once(customer: Person, sandbox: Sandbox, fault: str) -> None:
    # So that no event helps.
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    sandbox.fault("payments.refund", fault)

    checkout = sandbox.pay(paid.order_id, force=True)
    customer.api.verify(checkout)

    returned(paid.payment_id)
    second_id = checkout["razorpay_payment_id"]
    assert [refund["amount"] for refund in sandbox.refunds_of(second_id)] == [50_000]
    calls = calls_to(sandbox, "POST", f"{second_id}/refund")
    assert len({call["idempotency_key"] for call in calls}) == 1
