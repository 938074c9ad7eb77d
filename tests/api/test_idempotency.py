"""Idempotency-Key on creating orders and refunds: one effect and one answer for one key."""

from collections.abc import Callable

import pytest

from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, PaidOrder, Person, Sandbox, paid_order, snapshot, stored
from tests.support.steps import at_once, at_rest

KEY = "5f0c1e0e-order:1.a_b"
REPLAYED = "Idempotent-Replayed"


@pytest.fixture
def paid(customer: Person, sandbox: Sandbox) -> PaidOrder:
    """A payment of 500.00 about which no webhook is on its way."""
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox, 500)
    at_rest(paid.payment_id)
    return paid


def _count(person: Person) -> int:
    return int(Payment.objects(user_id=person.user_id).count())


def test_a_replayed_order_keeps_its_first_answer_after_it_was_paid(
    customer: Person, sandbox: Sandbox
) -> None:
    first = customer.api.create_order(customer.school_id, key=KEY)
    customer.api.verify(sandbox.pay(first.json()["data"]["order"]["id"]))

    second = customer.api.create_order(customer.school_id, key=KEY)

    assert (second.status_code, second.headers[REPLAYED]) == (201, "true")
    assert second.text == first.text


def test_the_same_request_written_otherwise_is_the_same_request(customer: Person) -> None:
    first = customer.api.create_order(customer.school_id, 500, key=KEY, notes={"a": "1", "b": "2"})

    second = customer.api.create_order(
        customer.school_id.upper(), 500.00, key=f'"{KEY}"', notes={"b": "2", "a": "1"}
    )

    assert second.headers[REPLAYED] == "true"
    assert second.text == first.text


def test_requests_without_a_key_are_different_requests(customer: Person) -> None:
    first = customer.api.create_order(customer.school_id).json()["data"]["payment"]
    second = customer.api.create_order(customer.school_id).json()["data"]["payment"]

    assert first["id"] != second["id"]
    assert _count(customer) == 2


@pytest.mark.parametrize(
    "key", ["", '""', "two words", "a,b", "a/b", "$gt", "{}", "é", "a" * 256], ids=lambda key: repr(key[:9])
)
def test_a_key_of_other_characters_or_length_is_refused(customer: Person, key: str) -> None:
    body = {"schoolId": customer.school_id, "amount": 500}

    answer = customer.api.post(f"{PAYMENTS}/orders", body, headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert list(answer.json()["details"]) == ["Idempotency-Key"]
    assert _count(customer) == 0


def test_the_longest_key_is_accepted(customer: Person) -> None:
    answers = [customer.api.create_order(customer.school_id, key="k" * 255) for _ in range(2)]

    assert [answer.headers.get(REPLAYED) for answer in answers] == [None, "true"]


def test_a_refused_order_is_refused_again_without_asking_the_provider(
    customer: Person, sandbox: Sandbox
) -> None:
    first = customer.api.create_order(customer.school_id, 500_001, key=KEY)
    payment_id = first.json()["details"]["paymentId"]
    before = snapshot(payment_id)

    second = customer.api.create_order(customer.school_id, 500_001, key=KEY)

    assert first.status_code == second.status_code == 502
    assert second.json() == first.json()
    assert snapshot(payment_id) == before
    assert _count(customer) == 1


def test_an_invalid_request_does_not_use_its_key_up(customer: Person) -> None:
    refused = customer.api.create_order(customer.school_id, -1, key=KEY)

    answer = customer.api.create_order(customer.school_id, 500, key=KEY)

    assert (refused.status_code, answer.status_code) == (400, 201)
    assert REPLAYED not in answer.headers


def test_twenty_refunds_at_once_with_one_key_are_one_refund(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    answers = at_once(customer.api, 20, lambda api, _: api.refund(paid.payment_id, 20, key=KEY))

    assert [answer.status_code for answer in answers] == [201] * 20
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 19]
    assert [refund["amount"] for refund in sandbox.refunds_of(paid.provider_payment_id)] == [2000]
    assert at_rest(paid.payment_id).refund_reserved_minor == 2000


def test_a_replayed_full_refund_is_the_first_one(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> None:
    first = customer.api.refund(paid.payment_id, key=KEY)
    second = customer.api.refund(paid.payment_id, key=KEY)

    assert (second.status_code, second.headers[REPLAYED]) == (201, "true")
    assert second.text == first.text
    assert len(sandbox.refunds_of(paid.provider_payment_id)) == 1


def _other_amount(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> tuple[str, int]:
    return paid.payment_id, 21


def _other_payment(customer: Person, sandbox: Sandbox, paid: PaidOrder) -> tuple[str, int]:
    other = paid_order(customer, sandbox, 300)
    return other.payment_id, 20


@pytest.mark.parametrize("other", [_other_amount, _other_payment])
def test_one_key_with_another_refund_is_refused(
    customer: Person, sandbox: Sandbox, paid: PaidOrder, other: Callable[..., tuple[str, int]]
) -> None:
    customer.api.refund(paid.payment_id, 20, key=KEY)
    payment_id, amount = other(customer, sandbox, paid)
    at_rest(payment_id)
    before = snapshot(payment_id)

    answer = customer.api.refund(payment_id, amount, key=KEY)

    assert answer.status_code == 422
    assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert snapshot(payment_id) == before
    assert len(sandbox.refunds_of(paid.provider_payment_id)) == 1


def test_a_key_of_an_order_is_free_for_a_refund(customer: Person, sandbox: Sandbox) -> None:
    order = customer.api.create_order(customer.school_id, key=KEY).json()["data"]
    customer.api.verify(sandbox.pay(order["order"]["id"]))

    answer = customer.api.refund(order["payment"]["id"], 10, key=KEY)

    assert answer.status_code == 201
    assert REPLAYED not in answer.headers
    assert stored(order["payment"]["id"]).refund_reserved_minor == 1000


def test_a_key_that_was_handed_on_stays_with_the_later_payment(customer: Person, sandbox: Sandbox) -> None:
    sandbox.fault("orders.create", "500", count=2)
    failed = customer.api.create_order(customer.school_id, key="handed-on")
    later = customer.api.create_order(customer.school_id, key="handed-on").json()["data"]["payment"]["id"]
    earlier = failed.json()["details"]["paymentId"]

    processed = customer.api.post(f"/api/payment/{earlier}/process")
    again = customer.api.create_order(customer.school_id, key="handed-on")

    assert (failed.status_code, processed.status_code) == (502, 202)
    assert again.json()["data"]["payment"]["id"] == later != earlier
    assert again.headers["Idempotent-Replayed"] == "true"
