"""The whole stack told to stop while it works: what was acknowledged is there afterwards, and is finished."""

from collections.abc import Iterator
from typing import Any

import requests

from tests.support.client import Api, Person, open_order, paid_order
from tests.support.own import OwnStack, changes_to
from tests.support.waiting import wait_until

ACKNOWLEDGED = (200, 201, 202)


def create_orders(person: Person) -> Iterator[str]:
    """Create orders until the service is gone; gives the ids of the payments that were acknowledged."""
    api = Api(person.api.base_url, person.api.token)
    while True:
        try:
            answer = api.create_order(person.school_id)
        except requests.ConnectionError:
            return
        if answer.status_code in ACKNOWLEDGED:
            yield answer.json()["data"]["payment"]["id"]


def is_acknowledged(call: Any, *arguments: Any) -> bool:
    """Make a call, and say whether it was acknowledged before the service was gone."""
    try:
        return call(*arguments).status_code in ACKNOWLEDGED
    except requests.ConnectionError:
        return False


def test_what_was_acknowledged_is_there_after_a_restart_and_is_finished(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    customers = [own.person() for _ in range(3)]
    mine = {"user_id": {"$in": [each.user_id for each in customers]}}
    paid = [paid_order(person, sandbox) for _ in range(3)]
    sandbox.deliveries(paused=True)
    orders = [open_order(person) for _ in range(3)]
    checkouts = [sandbox.pay(order_id, capture=False) for order_id, _ in orders]

    creating = [own.meanwhile(lambda each=each: list(create_orders(each))) for each in customers]
    wait_until(lambda: own.database.payments.count_documents(mine) >= 10, "ten orders")
    refunding = [own.meanwhile(is_acknowledged, person.api.refund, each.payment_id, 200) for each in paid]
    verifying = [own.meanwhile(is_acknowledged, person.api.verify, checkout) for checkout in checkouts]
    wait_until(lambda: any(call.done() for call in [*refunding, *verifying]), "the first acknowledgement")
    own.restart()

    created = [payment_id for call in creating for payment_id in call.result(20)]
    refunded = [each for each, call in zip(paid, refunding, strict=True) if call.result(20)]
    verified = [
        payment_id for (_, payment_id), call in zip(orders, verifying, strict=True) if call.result(20)
    ]
    assert len(created) >= 5
    assert len(refunded) + len(verified) >= 1
    assert own.database.payments.count_documents({"_id": {"$in": created}}) == len(created)
    payments = [own.settled(payment_id, "PAID", receipts=1) for payment_id in verified]
    assert [changes_to(payment, "PAID") for payment in payments] == [1] * len(verified)
    payments = [own.settled(each.payment_id, "PARTIAL_REFUND", receipts=2) for each in refunded]
    assert [changes_to(payment, "PARTIAL_REFUND") for payment in payments] == [1] * len(refunded)
    provider = [own.sandbox.refunds_of(each.provider_payment_id) for each in refunded]
    assert [[refund["amount"] for refund in refunds] for refunds in provider] == [[20_000]] * len(refunded)
