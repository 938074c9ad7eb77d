"""What events do to a payment: in any order the same, and never back from money that was seen."""

import itertools
import uuid
from typing import Any

import pytest

from tests.support.client import (
    Api,
    Person,
    Sandbox,
    open_order,
    paid_order,
    payment_event,
    send_webhook,
    snapshot,
)
from tests.support.steps import at_rest, changes_to, finished_event, has_status

PAYMENT_EVENTS = ("payment.authorized", "payment.captured", "payment.failed", "order.paid")
REFUND_EVENTS = ("payment.authorized", "payment.captured", "refund.created", "refund.processed")
STATUS_OF_EVENT = {"payment.authorized": "authorized", "payment.failed": "failed"}


def _deliver(api: Api, sandbox: Sandbox, event: dict[str, Any]) -> str | None:
    """Send an event, wait until the worker is done with it, and return what came of it."""
    event_id = uuid.uuid4().hex
    answer = send_webhook(api, sandbox, {**event, "delivery": event_id}, event_id=event_id)
    assert answer.json() == {"status": "ok"}
    outcome: str | None = finished_event(event_id).outcome
    return outcome


def _event(name: str, payment: dict[str, Any], refund: dict[str, Any] | None = None) -> dict[str, Any]:
    """An event with its entity as it was at the event's moment."""
    status = STATUS_OF_EVENT.get(name, payment["status"])
    entity = {**payment, "status": status, "captured": status in ("captured", "refunded")}
    event = payment_event(name, entity)
    if refund:
        event["payload"]["refund"] = {"entity": refund}
    return event


def _id(order: tuple[str, ...]) -> str:
    return " ".join(name.removeprefix("payment.") for name in order)


@pytest.mark.parametrize("order", list(itertools.permutations(PAYMENT_EVENTS)), ids=_id)
def test_a_paid_payments_events_end_paid_in_any_order(
    anonymous: Api, customer: Person, sandbox: Sandbox, order: tuple[str, ...]
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    entity = sandbox.api("GET", f"/payments/{sandbox.pay(order_id)['razorpay_payment_id']}").json()

    outcomes = [_deliver(anonymous, sandbox, _event(name, entity)) for name in order]

    payment = has_status(payment_id, "PAID")
    assert set(outcomes) <= {"applied", "no_change"}
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert (payment.captured_minor, payment.attempts, payment.needs_review) == (50000, 1, False)
    assert payment.provider_payment_id == entity["id"]
    assert payment.failure_reason is None
    assert changes_to(payment, "PAID") == 1


@pytest.mark.parametrize("order", list(itertools.permutations(REFUND_EVENTS)), ids=_id)
def test_a_refunded_payments_events_end_alike_in_any_order(
    anonymous: Api, customer: Person, sandbox: Sandbox, order: tuple[str, ...]
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    provider_payment_id = sandbox.pay(order_id)["razorpay_payment_id"]
    refund = sandbox.api("POST", f"/payments/{provider_payment_id}/refund", {"amount": 20000}).json()
    entity = sandbox.api("GET", f"/payments/{provider_payment_id}").json()
    states = {name: refund for name in REFUND_EVENTS if name.startswith("refund.")}

    for name in order:
        _deliver(anonymous, sandbox, _event(name, entity, states.get(name)))

    payment = has_status(payment_id, "PARTIAL_REFUND")
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT", "REFUND_RECEIPT"]
    assert [(r.amount_minor, r.status, r.provider_refund_id) for r in payment.refunds] == [
        (20000, "processed", refund["id"])
    ]
    assert (payment.captured_minor, payment.refund_reserved_minor) == (50000, 20000)
    assert (payment.attempts, payment.needs_review) == (1, False)


def _refund_everything(customer: Person, payment_id: str) -> None:
    assert customer.api.refund(payment_id).status_code == 201


def _refund_nothing(customer: Person, payment_id: str) -> None:
    """Leave the payment PAID."""


@pytest.mark.parametrize("name", ["payment.failed", "payment.authorized", "payment.captured", "order.paid"])
@pytest.mark.parametrize("refund", [_refund_nothing, _refund_everything])
def test_late_news_does_not_change_money_that_was_seen(
    anonymous: Api, customer: Person, sandbox: Sandbox, name: str, refund: Any
) -> None:
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    entity = sandbox.api("GET", f"/payments/{paid.provider_payment_id}").json()
    refund(customer, paid.payment_id)
    at_rest(paid.payment_id)
    before = snapshot(paid.payment_id)

    outcome = _deliver(anonymous, sandbox, _event(name, entity))

    assert outcome == "no_change"
    assert snapshot(paid.payment_id) == before


@pytest.mark.parametrize("altered", [{"amount": 49999}, {"currency": "USD"}])
def test_an_event_with_another_amount_or_currency_is_not_taken_for_payment(
    anonymous: Api, customer: Person, sandbox: Sandbox, altered: dict[str, Any]
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    entity = sandbox.api("GET", f"/payments/{sandbox.pay(order_id)['razorpay_payment_id']}").json()

    _deliver(anonymous, sandbox, _event("payment.captured", entity | altered))

    payment = at_rest(payment_id)
    assert (payment.status, payment.captured_minor, payment.receipts) == ("CREATED", 0, [])
    assert payment.needs_review is True


def test_the_sandboxs_own_deliveries_survive_disorder_and_duplication(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(shuffle=True, duplicate=True)
    order_id, payment_id = open_order(customer)

    sandbox.pay(order_id)

    payment = has_status(payment_id, "PAID")
    (row,) = customer.api.status(order_id)["receipts"]
    assert row["receiptType"] == "PAYMENT_RECEIPT"
    assert payment.attempts == 1
    assert (payment.captured_minor, payment.needs_review) == (50000, False)
