"""Processes killed at bad moments: whatever was begun is finished, exactly once on both sides."""

import signal
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from gateway.domain.context import utc_now
from gateway.domain.models import Work
from tests.support.client import Person, open_order, paid_order
from tests.support.domain import a_payment
from tests.support.own import OwnStack, changes_to
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def an_unopened_payment(own: OwnStack) -> tuple[str, str]:
    """Store a payment whose order a worker will open; returns its id and its order receipt."""
    now = utc_now()
    payment = a_payment(opened=False, created_at=now, updated_at=now, order_wanted_since=now)
    payment.order_requested_at = None
    payment.work = Work(kind="open_order", due_at=now)
    own.database.payments.insert_one(dict(payment.to_mongo()))
    return payment.id, payment.order_receipt


def a_lost_webhook(own: OwnStack, person: Person) -> tuple[str, str]:
    """Pay an order without the service hearing of it; returns the order's id and the payment's."""
    order_id, payment_id = open_order(person)
    own.sandbox.pay(order_id)
    return order_id, payment_id


@pytest.mark.parametrize(
    ("fault", "only_children"),
    [({"fault": "slow", "seconds": 1.3}, False), ({"fault": "timeout_after", "seconds": 1.3}, True)],
    ids=["the whole worker, before the effect", "its processes, after the effect"],
)
def test_a_worker_killed_inside_its_provider_calls_leaves_nothing_undone_or_done_twice(
    fault: dict[str, Any], only_children: bool, own: OwnStack
) -> None:
    person, sandbox = own.person(), own.sandbox
    sandbox.deliveries(paused=True)
    captured_order, captured = open_order(person)
    checkout = sandbox.pay(captured_order, capture=False)
    refunded = paid_order(person, sandbox)
    own.settled(refunded.payment_id, "PAID", receipts=1)
    confirmed_order, confirmed = a_lost_webhook(own, person)
    for endpoint in ("payments.capture", "payments.refund", "orders.payments", "orders.create"):
        sandbox.fault(endpoint, **fault)

    opened, order_receipt = an_unopened_payment(own)
    own.database.payments.update_one(
        {"_id": confirmed}, {"$set": {"work.due_at": LONG_AGO}, "$inc": {"version": 1}}
    )
    answers = [
        own.meanwhile(person.api.verify, checkout),
        own.meanwhile(person.api.refund, refunded.payment_id, 200),
    ]
    held = [
        ("POST", f"{checkout['razorpay_payment_id']}/capture"),
        ("POST", f"{refunded.provider_payment_id}/refund"),
        ("GET", f"{confirmed_order}/payments"),
    ]
    wait_until(lambda: all(calls_to(sandbox, *each) for each in held), "the worker's calls")
    own.signal("worker", signal.SIGKILL, only_children=only_children)

    assert [answer.result(20).status_code in (200, 201, 202) for answer in answers] == [True, True]
    payments = [
        own.settled(captured, "PAID", receipts=1),
        own.settled(confirmed, "PAID", receipts=1),
        own.settled(refunded.payment_id, "PARTIAL_REFUND", receipts=2),
    ]
    assert [changes_to(payment, "PAID") for payment in payments] == [1, 1, 1]
    assert [payment["captured_minor"] for payment in payments] == [50_000] * 3
    assert [payment["refund_reserved_minor"] for payment in payments] == [0, 0, 20_000]
    assert [payment["needs_review"] for payment in payments] == [False] * 3
    provider = sandbox.api("GET", f"/payments/{checkout['razorpay_payment_id']}").json()
    assert (provider["status"], provider["amount"]) == ("captured", 50_000)
    assert [refund["amount"] for refund in sandbox.refunds_of(refunded.provider_payment_id)] == [20_000]
    order_id = wait_until(lambda: own.payment(opened).get("provider_order_id"), "the order")
    assert [order["id"] for order in sandbox.orders_with_receipt(order_receipt)] == [order_id]


def test_a_worker_killed_again_and_again_while_receipts_are_made_makes_each_once(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    orders = [open_order(person) for _ in range(8)]
    payment_ids = [payment_id for _, payment_id in orders]
    of_these = {"payment_id": {"$in": payment_ids}}

    paying = [own.meanwhile(sandbox.pay, order_id) for order_id, _ in orders]
    for receipts in (1, 5):
        wait_until(
            lambda least=receipts: own.database.receipts.count_documents(of_these) >= least,
            f"{receipts} receipts",
        )
        own.signal("worker", signal.SIGKILL)

    wait(paying, 20)
    payments = [own.settled(payment_id, "PAID", receipts=1) for payment_id in payment_ids]
    assert [changes_to(payment, "PAID") for payment in payments] == [1] * 8
    assert [own.receipts(payment_id) for payment_id in payment_ids] == [["PAYMENT_RECEIPT"]] * 8
    assert own.database.receipts.count_documents(of_these) == 8
    wait_until(
        lambda: own.database.webhook_events.count_documents(of_these | {"outcome": {"$exists": True}}) == 24,
        "every event's end",
    )


def test_a_web_process_killed_while_it_opens_an_order_leaves_one_order(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    before = len(calls_to(sandbox, "POST", "/v1/orders"))
    sandbox.fault("orders.create", "slow", seconds=1.3)

    answer = own.meanwhile(lambda: person.api.create_order(person.school_id, 500, key="a-key-of-mine"))
    wait_until(lambda: len(calls_to(sandbox, "POST", "/v1/orders")) > before, "the call of the web process")
    own.signal("web", signal.SIGKILL)

    with pytest.raises(requests.ConnectionError):
        answer.result(20)
    (payment,) = own.database.payments.find({"user_id": person.user_id})
    opened = wait_until(
        lambda: (found := own.payment(payment["_id"])).get("provider_order_id") and found, "the order"
    )
    orders = sandbox.orders_with_receipt(payment["order_receipt"])
    assert [order["id"] for order in orders] == [opened["provider_order_id"]]
    assert opened["status"] == "CREATED"
    wait_until(own.is_ready, "the web process being back")
    again = person.api.create_order(person.school_id, 500, key="a-key-of-mine")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.json()["data"]["order"]["id"] == opened["provider_order_id"]
    assert own.database.payments.count_documents({"user_id": person.user_id}) == 1
