"""Row 19: twenty refunds at once that come to three times what was captured, and amounts that no refund can
have: negative, nothing, fractions of a paisa, less than the provider sends back; one paisa more than is
left, and exactly what is left. What is accepted never exceeds what was captured, the rest is refused, and
the provider is asked for what was accepted alone. (A hundred random sums are in
tests/domain/test_refund_arithmetic.py.)
"""

from decimal import Decimal
from typing import Any

import pytest

from gateway.domain.models import Receipt
from tests.support.client import PaidOrder, Person, Sandbox, snapshot
from tests.support.steps import at_once, at_rest, calls_to


def _refunded_minor(sandbox: Sandbox, paid: PaidOrder) -> list[int]:
    return sorted(refund["amount"] for refund in sandbox.refunds_of(paid.provider_payment_id))


def test_twenty_refunds_at_once_never_exceed_what_was_captured(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    answers = at_once(customer.api, 20, lambda api, _: api.refund(paid.payment_id, 75))

    refused = [answer for answer in answers if answer.status_code not in (201, 202)]
    assert len(refused) == 14
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "REFUND_FAILED")}
    payment = at_rest(paid.payment_id)
    accepted = [refund.id for refund in payment.refunds]
    calls = calls_to(sandbox, "POST", f"/payments/{paid.provider_payment_id}/refund")
    assert sorted(call["idempotency_key"] for call in calls) == sorted(accepted)
    assert (payment.status, payment.refund_reserved_minor) == ("PARTIAL_REFUND", 45000)
    assert [refund.status for refund in payment.refunds] == ["processed"] * 6
    assert _refunded_minor(sandbox, paid) == [7500] * 6
    assert Receipt.objects(payment_id=paid.payment_id, kind="REFUND_RECEIPT").count() == 6


def test_the_exact_remainder_fits_and_one_paisa_more_does_not(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    customer.api.refund(paid.payment_id, 100)
    at_rest(paid.payment_id)
    before = snapshot(paid.payment_id)

    too_much = customer.api.refund(paid.payment_id, 400.01)
    unchanged = snapshot(paid.payment_id) == before
    exact = customer.api.refund(paid.payment_id, 400)

    assert too_much.status_code == 409
    assert too_much.json(parse_float=Decimal) == {
        "success": False,
        "error": "Only 400.00 INR of this payment is left to refund.",
        "code": "REFUND_FAILED",
        "details": {
            "status": "PARTIAL_REFUND",
            "refundableAmount": Decimal("400.00"),
            "amount": "must not be greater than 400.00",
        },
    }
    assert unchanged
    assert exact.status_code == 201
    assert exact.json()["data"]["payment"]["status"] == "REFUNDED"
    assert _refunded_minor(sandbox, paid) == [10000, 40000]


@pytest.mark.parametrize(
    "amount", [0, -1, -250, -0.01, 0.01, 0.001, 10.005, 0.99, True, "10", "", [], {}, 1e300], ids=repr
)
def test_an_amount_that_no_refund_can_have_is_refused(
    customer: Person, sandbox: Sandbox, paid: PaidOrder, amount: Any
) -> None:
    before = snapshot(paid.payment_id)

    answer = customer.api.refund(paid.payment_id, amount)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert list(answer.json()["details"]) == ["amount"]
    assert snapshot(paid.payment_id) == before
    assert sandbox.refunds_of(paid.provider_payment_id) == []
