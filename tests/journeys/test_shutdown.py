"""The whole stack told to stop, or killed, while it works: what was acknowledged is there and is finished."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.client import Api, Person, open_order, paid_order
from tests.support.own import OwnStack, changes_to
from tests.support.waiting import wait_until


def create_orders(person: Person) -> Iterator[str]:
    """Create orders until the service is gone; gives the ids of the payments that were acknowledged."""
    api = Api(person.api.base_url, person.api.token)
    while True:
        try:
            answer = api.create_order(person.school_id)
        except requests.ConnectionError:
            return
        if answer.status_code in (201, 202):
            yield answer.json()["data"]["payment"]["id"]


def attempt(call: Any, *arguments: Any) -> int | None:
    """Return the status of an answer, or None when the service was gone."""
    try:
        return int(call(*arguments).status_code)
    except requests.ConnectionError:
        return None


@pytest.mark.parametrize("killed", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_what_was_acknowledged_is_there_after_a_restart_and_is_finished(killed: bool, own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    paid = [paid_order(person, sandbox) for _ in range(3)]
    orders = [open_order(person) for _ in range(3)]
    customers = [own.person() for _ in range(3)]
    own.settled(paid[0].payment_id, "PAID", receipts=1)

    creating = [own.meanwhile(lambda each=each: list(create_orders(each))) for each in customers]
    refunding = [own.meanwhile(attempt, person.api.refund, each.payment_id, 200) for each in paid]
    paying = [own.meanwhile(sandbox.pay, order_id) for order_id, _ in orders]
    mine = {"user_id": {"$in": [each.user_id for each in customers]}}
    wait_until(lambda: own.database.payments.count_documents(mine) >= 10, "ten orders")
    assert all(each.result(20) for each in paying)
    own.restart(killed=killed)

    acknowledged = [payment_id for each in creating for payment_id in each.result(20)]
    answers = [each.result(20) for each in refunding]
    found = {payment["_id"]: payment for payment in own.database.payments.find(mine)}
    assert len(acknowledged) >= 5
    assert [payment_id for payment_id in acknowledged if payment_id not in found] == []
    for _, payment_id in orders:
        assert changes_to(own.settled(payment_id, "PAID", receipts=1), "PAID") == 1
    accepted = [each for each, status in zip(paid, answers, strict=True) if status in (201, 202)]
    for each in accepted:
        own.settled(each.payment_id, "PARTIAL_REFUND", receipts=2)
        assert [refund["amount"] for refund in sandbox_refunds(own, each.provider_payment_id)] == [20_000]


def sandbox_refunds(own: OwnStack, provider_payment_id: str) -> list[dict[str, Any]]:
    """Return the refunds as the provider has them, after the restart."""
    return own.sandbox.refunds_of(provider_payment_id)
