"""Abuses that need the whole way of a payment. The others are proved where they belong; see
test_every_row_is_covered.py for the map."""

import pytest

from tests.support.client import Person, Sandbox
from tests.support.second_door import PAYMENT, paid, refund, seen
from tests.support.steps import at_rest, pdf_lines


@pytest.mark.parametrize(
    ("currency", "amount", "part", "minor", "part_minor", "shown"),
    [
        ("INR", 500.5, 250.25, 50_050, 25_025, "₹500.50"),
        ("JPY", 500, 250, 500, 250, "¥500"),
        ("KWD", 500.51, 250.25, 500_510, 250_250, "500.510 KWD"),
    ],
)
def test_money_of_every_exponent_goes_there_and_back_exactly(
    customer: Person,
    sandbox: Sandbox,
    currency: str,
    amount: float,
    part: float,
    minor: int,
    part_minor: int,
    shown: str,
) -> None:
    payment_id = paid(customer, sandbox, currency=currency, amount=amount, paymentMethod="card")

    answer = refund(customer.api, payment_id, {"amount": part})

    payment = at_rest(payment_id)
    result = seen(customer.api, payment_id)
    provider_payment = sandbox.api("GET", f"/payments/{payment.provider_payment_id}").json()
    assert answer.status_code == 201
    assert (provider_payment["amount"], provider_payment["currency"]) == (minor, currency)
    assert [each["amount"] for each in sandbox.refunds_of(payment.provider_payment_id)] == [part_minor]
    assert (payment.captured_minor, payment.refunded_minor) == (minor, part_minor)
    assert (result["amount"], result["refundedAmount"]) == (amount, part)
    assert shown in pdf_lines(customer.api.download(result["receipts"][0]).content)
    listed = customer.api.get(PAYMENT, params={"amountFrom": amount, "amountTo": amount}).json()["result"]
    assert [row["paymentId"] for row in listed] == [payment_id]
