"""Giving money back by the second door, and who may."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.support.client import PAYMENTS, Api, Person, Sandbox, snapshot, stored
from tests.support.second_door import (
    UNKNOWN,
    create,
    paid,
    processed,
    refund,
    seen,
)
from tests.support.shapes import refused
from tests.support.steps import TIMESTAMP, at_once, at_rest

KEY = {"Idempotency-Key": "refund-by-the-second-door"}
REPLAYED = "Idempotent-Replayed"


def _sent_back(sandbox: Sandbox, payment_id: str) -> list[int]:
    """Return the amounts that the provider has sent back, in minor units."""
    return sorted(each["amount"] for each in sandbox.refunds_of(stored(payment_id).provider_payment_id))


@pytest.fixture
def payment_id(customer: Person, sandbox: Sandbox) -> str:
    """A payment of 500.00 that was paid by UPI."""
    return paid(customer, sandbox)


@pytest.fixture(scope="session")
def strict_url(start_web: Callable[..., str]) -> str:
    """The address of a web process at which customers do not refund their payments themselves."""
    return start_web(REFUND_BY_CUSTOMER="false")


def test_without_a_body_all_of_it_goes_back(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    answer = refund(customer.api, payment_id)

    (provider_refund,) = sandbox.refunds_of(stored(payment_id).provider_payment_id)
    payment = at_rest(payment_id)
    receipt = payment.receipts[1]
    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == {"success", "message", "result", "refund"}
    assert (body["success"], body["message"]) == (True, "Payment refunded")
    assert body["refund"] == {
        "refundId": payment.refunds[0].id,
        "razorpayRefundId": provider_refund["id"],
        "amount": 500.0,
        "currency": "INR",
        "status": "processed",
        "reason": None,
        "createdAt": body["refund"]["createdAt"],
        "processedAt": body["refund"]["processedAt"],
        "receipt": {
            "id": receipt.id,
            "receiptNumber": receipt.number,
            "filePath": f"receipts/{receipt.number}.pdf",
            "downloadUrl": f"{PAYMENTS}/receipts/{receipt.id}/download",
        },
    }
    assert TIMESTAMP.fullmatch(body["refund"]["processedAt"])
    assert (body["result"]["status"], body["result"]["refundedAmount"]) == ("REFUNDED", 500.0)
    assert (provider_refund["amount"], provider_refund["receipt"]) == (50_000, payment.refunds[0].id)


def test_a_part_with_a_reason_and_then_the_rest(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    part = refund(customer.api, payment_id, {"amount": 199.99, "reason": "moved away"})
    rest = refund(customer.api, payment_id, {"reason": "all of it"})

    assert (part.status_code, rest.status_code) == (201, 201)
    assert part.json()["result"]["status"] == "PARTIAL_REFUND"
    assert (part.json()["refund"]["amount"], part.json()["refund"]["reason"]) == (199.99, "moved away")
    assert rest.json()["result"]["status"] == "REFUNDED"
    assert '"amount":300.01,' in rest.text
    assert _sent_back(sandbox, payment_id) == [19_999, 30_001]
    notes = [each["notes"] for each in sandbox.refunds_of(stored(payment_id).provider_payment_id)]
    assert sorted(note["reason"] for note in notes) == ["all of it", "moved away"]
    told = seen(customer.api, payment_id)["refunds"]
    assert [(each["amount"], each["reason"]) for each in told] == [
        (199.99, "moved away"),
        (300.01, "all of it"),
    ]


def test_more_than_is_left_is_refused(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    refund(customer.api, payment_id, {"amount": 100})
    at_rest(payment_id)
    before = snapshot(payment_id)

    too_much = refund(customer.api, payment_id, {"amount": 400.01})
    unchanged = snapshot(payment_id) == before
    exact = refund(customer.api, payment_id, {"amount": 400})

    assert refused(too_much, 409, "REFUND_FAILED") == {
        "status": "PARTIAL_REFUND",
        "refundableAmount": 400.0,
        "amount": "must not be greater than 400.00",
    }
    assert unchanged
    assert exact.json()["result"]["status"] == "REFUNDED"
    assert _sent_back(sandbox, payment_id) == [10_000, 40_000]


def test_a_second_full_refund_is_refused(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    refund(customer.api, payment_id)
    at_rest(payment_id)
    before = snapshot(payment_id)

    answer = refund(customer.api, payment_id)

    assert refused(answer, 409, "REFUND_FAILED") == {"status": "REFUNDED", "refundableAmount": 0.0}
    assert snapshot(payment_id) == before
    assert _sent_back(sandbox, payment_id) == [50_000]


def test_ten_full_refunds_at_once_are_one(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    answers = at_once(customer.api, 10, lambda api, _: refund(api, payment_id))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]
    assert at_rest(payment_id).refund_reserved_minor == 50_000
    assert _sent_back(sandbox, payment_id) == [50_000]


@pytest.mark.parametrize("make", [create, processed], ids=["created", "processed"])
def test_an_unpaid_payment_is_not_refunded(customer: Person, make: Callable[..., dict[str, Any]]) -> None:
    unpaid_id = make(customer)["paymentId"]
    before = snapshot(unpaid_id)

    answer = refund(customer.api, unpaid_id)

    assert refused(answer, 409, "REFUND_FAILED") == {"status": "CREATED", "refundableAmount": 0.0}
    assert snapshot(unpaid_id) == before


@pytest.mark.parametrize(
    ("currency", "amount", "part", "sentence"),
    [
        ("JPY", 500, 1.5, "must be whole in JPY"),
        ("INR", 500, 0.5, "must be at least 1.00 INR"),
        ("INR", 500, -1, "must be greater than zero"),
        ("INR", 500, "10", "must be a number, such as 500.00"),
    ],
)
def test_a_part_that_the_currency_does_not_have_is_refused(
    customer: Person, sandbox: Sandbox, currency: str, amount: int, part: Any, sentence: str
) -> None:
    other_id = paid(customer, sandbox, currency=currency, amount=amount, paymentMethod="card")
    before = snapshot(other_id)

    answer = refund(customer.api, other_id, {"amount": part})

    assert refused(answer, 400, "VALIDATION_ERROR") == {"amount": sentence}
    assert snapshot(other_id) == before
    assert _sent_back(sandbox, other_id) == []


def test_yen_go_back_as_yen(customer: Person, sandbox: Sandbox) -> None:
    yen_id = paid(customer, sandbox, currency="JPY", amount=500, paymentMethod="card")

    answer = refund(customer.api, yen_id, {"amount": 120})

    assert answer.json(parse_float=Decimal, parse_int=str)["refund"]["amount"] == "120"
    assert answer.json()["result"]["refundedAmount"] == 120
    assert _sent_back(sandbox, yen_id) == [120]


def test_one_key_is_one_refund(customer: Person, sandbox: Sandbox, payment_id: str) -> None:
    body = {"amount": 20, "reason": "moved away"}

    answers = at_once(customer.api, 10, lambda api, _: refund(api, payment_id, body, headers=KEY))
    other = refund(customer.api, payment_id, body | {"reason": "other"}, headers=KEY)

    assert [answer.status_code for answer in answers] == [201] * 10
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 9]
    assert len({answer.text for answer in answers}) == 1
    assert refused(other, 422, "IDEMPOTENCY_KEY_REUSED") == {"Idempotency-Key": "was used with another body"}
    assert _sent_back(sandbox, payment_id) == [2000]


def test_a_replayed_refund_keeps_its_first_answer(
    customer: Person, sandbox: Sandbox, payment_id: str
) -> None:
    first = refund(customer.api, payment_id, {"amount": 20}, headers=KEY)
    refund(customer.api, payment_id)
    at_rest(payment_id)

    again = refund(customer.api, payment_id, {"amount": 20}, headers=KEY)

    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert again.text == first.text
    assert first.json()["result"]["refundedAmount"] == 20.0
    assert _sent_back(sandbox, payment_id) == [2000, 48_000]


def test_customers_do_not_refund_where_schools_do(
    customer: Person, stranger: Person, staff: Person, admin: Person, strict_url: str, sandbox: Sandbox
) -> None:
    school_payment = paid(customer, sandbox, schoolId=customer.school_id)
    before = snapshot(school_payment)
    at = {person.user_id: Api(strict_url, person.api.token) for person in (customer, stranger, staff, admin)}

    owner = refund(at[customer.user_id], school_payment, {"amount": 10})
    by_first_door = at[customer.user_id].refund(school_payment, 10)
    other = refund(at[stranger.user_id], school_payment, {"amount": 10})
    unchanged = snapshot(school_payment) == before
    sent_back = _sent_back(sandbox, school_payment)
    of_school = refund(at[staff.user_id], school_payment, {"amount": 10})
    of_admin = refund(at[admin.user_id], school_payment)

    sentence = "may only be refunded by staff of its school or an administrator"
    assert refused(owner, 403, "FORBIDDEN") == refused(by_first_door, 403, "FORBIDDEN")
    assert owner.json()["details"] == {"paymentId": sentence}
    assert refused(other, 404, "PAYMENT_NOT_FOUND") == {}
    assert (unchanged, sent_back) == (True, [])
    assert (of_school.status_code, of_admin.status_code) == (201, 201)
    refunds = at_rest(school_payment).refunds
    assert [each.requested_by for each in refunds] == [f"user:{staff.user_id}", f"user:{admin.user_id}"]


def test_staff_do_not_refund_their_own_payments_to_others(
    staff: Person, strict_url: str, sandbox: Sandbox
) -> None:
    own_id = paid(staff, sandbox)
    before = snapshot(own_id)

    answer = refund(Api(strict_url, staff.api.token), own_id)

    refused(answer, 403, "FORBIDDEN")
    assert snapshot(own_id) == before
    assert _sent_back(sandbox, own_id) == []


def test_what_is_somebody_elses_is_not_refunded(stranger: Person, sandbox: Sandbox, payment_id: str) -> None:
    before = snapshot(payment_id)

    answers = [refund(stranger.api, each) for each in (payment_id, UNKNOWN)]

    assert [refused(answer, 404, "PAYMENT_NOT_FOUND") for answer in answers] == [{}] * 2
    assert snapshot(payment_id) == before
    assert _sent_back(sandbox, payment_id) == []
