"""Row 1: one request to create an order comes fifty times at once, with one key and one body, at two web
processes. There is one payment and one provider order, and everybody gets the same answer, or is told to
come again while the order is being opened; all but the first are told that it is a repetition.

The other door's share is in tests/api/test_payment_create.py.
"""

from gateway.domain.models import Payment
from tests.support.client import Api, Person, Sandbox
from tests.support.steps import at_once

COUNT = 50
KEY = "one-key-for-all"


def test_fifty_orders_at_once_with_one_key_are_one_order(
    hasty_url: str, customer: Person, sandbox: Sandbox
) -> None:
    urls = (customer.api.base_url, hasty_url)
    sandbox.fault("orders.create", "slow", seconds=0.3)

    answers = at_once(
        customer.api,
        COUNT,
        lambda api, number: Api(urls[number % 2], api.token).create_order(customer.school_id, 75.5, key=KEY),
    )

    last = customer.api.create_order(customer.school_id, 75.5, key=KEY)
    opening = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {201, 202}
    assert {answer.text for answer in answers if answer.status_code == 201} == {last.text}
    assert {answer.headers.get("Retry-After") for answer in opening} <= {"2"}
    replayed = [answer.headers.get("Idempotent-Replayed", "") for answer in answers]
    assert sorted(replayed) == ["", *["true"] * (COUNT - 1)]
    (payment,) = Payment.objects(user_id=customer.user_id)
    assert [order["id"] for order in sandbox.orders_with_receipt(payment.order_receipt)] == [
        payment.provider_order_id
    ]
    assert last.json()["data"]["order"]["id"] == payment.provider_order_id
