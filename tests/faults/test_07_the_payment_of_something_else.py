"""Row 7: a rightly signed payment that is not for this order: it belongs to another order, its amount or
its currency is another, or this account does not know it (a payment of test mode, say, of which the keys of
live mode know nothing). It is refused, a person is asked to look where there is something to see, and
nothing moves.

The same in webhooks is in tests/api/test_webhook_effects.py and tests/api/test_edges.py, and on the page's
way back in tests/web/test_callback.py.
"""

from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.support.client import Person, Sandbox, open_order, snapshot, stored

# Well-formed, and of another account or mode.
OF_TEST_MODE = "pay_Nt0fTh1sAcc0nt"


def test_another_orders_payment_is_refused_although_it_is_signed(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    cheap_order_id, cheap_payment_id = open_order(customer, 10)
    dear_order_id, dear_payment_id = open_order(customer, 900)
    cheap = sandbox.pay(cheap_order_id)["razorpay_payment_id"]

    answer = customer.api.verify(
        {
            "razorpay_order_id": dear_order_id,
            "razorpay_payment_id": cheap,
            "razorpay_signature": sandbox.sign_checkout(dear_order_id, cheap),
        }
    )

    why = f"it belongs to order {cheap_order_id}, not {dear_order_id}"
    _assert_refused_and_flagged(answer, dear_payment_id, cheap, why)
    assert stored(cheap_payment_id).status == "CREATED"


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        ({"amount_minor": 49900}, "its amount is 50000, not 49900"),
        ({"currency": "USD"}, "its currency is INR, not USD"),
    ],
)
def test_another_amount_or_currency_is_refused(
    customer: Person, sandbox: Sandbox, altered: dict[str, Any], why: str
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer, 500)
    checkout = sandbox.pay(order_id)
    Payment.objects(id=payment_id).update_one(**altered)

    answer = customer.api.verify(checkout)

    _assert_refused_and_flagged(answer, payment_id, checkout["razorpay_payment_id"], why)
    # What we know is right again, so the money of the customer finds its payment.
    Payment.objects(id=payment_id).update_one(amount_minor=50000, currency="INR")


def _assert_refused_and_flagged(answer: Any, payment_id: str, provider_payment_id: str, why: str) -> None:
    payment = stored(payment_id)
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "error": "This payment is not for this order.",
        "code": "VERIFICATION_FAILED",
        "details": {"razorpayPaymentId": why},
    }
    assert (payment.status, payment.captured_minor, payment.attempts) == ("CREATED", 0, 0)
    assert payment.provider_payment_id is None
    assert payment.receipts == []
    assert payment.needs_review is True
    assert payment.history[-1].why == f"needs review: verified {provider_payment_id}, but {why}"


def test_a_payment_that_this_account_does_not_know_is_refused(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    before = snapshot(payment_id)

    answer = customer.api.verify(
        {
            "razorpay_order_id": order_id,
            "razorpay_payment_id": OF_TEST_MODE,
            "razorpay_signature": sandbox.sign_checkout(order_id, OF_TEST_MODE),
        }
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "VERIFICATION_FAILED"
    assert snapshot(payment_id) == before
