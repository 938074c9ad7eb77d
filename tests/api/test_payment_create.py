"""Creating a payment by the second door: it is recorded as its account's own, and nothing else happens."""

import re
from typing import Any

import pytest

from gateway.domain.models import Payment
from gateway.domain.work import ABANDON_PAYMENT
from tests.support.bodies import named_in, send, spoilt
from tests.support.client import Person, Sandbox, snapshot, stored
from tests.support.second_door import PAYMENT, UNKNOWN, create, new_payment
from tests.support.shapes import refused
from tests.support.steps import TIMESTAMP, at_once

KEY = "5f0c1e0e-payment:1.a_b"
KEYED = {"Idempotency-Key": KEY}
REPLAYED = "Idempotent-Replayed"


def _count(person: Person) -> int:
    return int(Payment.objects(user_id=person.user_id).count())


def test_the_answer_is_the_documented_one(customer: Person, sandbox: Sandbox) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, paymentMethod="credit card"))

    (payment,) = Payment.objects(user_id=customer.user_id)
    created_at = answer.json()["result"]["createdAt"]
    assert answer.status_code == 201
    assert answer.json() == {
        "success": True,
        "message": "Payment created successfully",
        "result": {
            "paymentId": payment.id,
            "userEmail": customer.email,
            "amount": 500.0,
            "currency": "INR",
            "paymentMethod": "credit_card",
            "status": "CREATED",
            "schoolId": None,
            "description": None,
            "notes": {},
            "receipt": payment.order_receipt,
            "createdAt": created_at,
            "updatedAt": created_at,
        },
    }
    assert TIMESTAMP.fullmatch(created_at)
    assert re.fullmatch(r"RCP_\d{13}_[0-9a-f]{16}", payment.order_receipt)
    assert '"amount":500.00,' in answer.text
    assert (payment.amount_minor, payment.page_token) == (50_000, None)
    # Nothing happens to it until it is processed, but that it is given up in the end.
    assert payment.work.kind == ABANDON_PAYMENT
    assert sandbox.orders_with_receipt(payment.order_receipt) == []


def test_everything_optional_is_kept(customer: Person) -> None:
    fields = {
        "schoolId": customer.school_id,
        "description": "Class 7, second term",
        "notes": {"class": "7", "rollNumber": 12, "boarder": True},
    }

    result = create(customer, phoneNumber="+91 98765 43210", **fields)

    payment = stored(result["paymentId"])
    assert result["schoolId"] == payment.school_id == customer.school_id
    assert result["description"] == payment.description == "Class 7, second term"
    assert result["notes"] == payment.notes == {"class": "7", "rollNumber": "12", "boarder": "true"}
    assert payment.payer_phone == "+91 98765 43210"


def test_the_path_of_the_original_service_is_the_same(customer: Person) -> None:
    answer = customer.api.post(f"{PAYMENT}/create", new_payment(customer), headers=KEYED)
    again = customer.api.post(PAYMENT, new_payment(customer), headers=KEYED)

    assert (answer.status_code, again.status_code) == (201, 201)
    assert (again.headers[REPLAYED], again.text) == ("true", answer.text)
    assert _count(customer) == 1


def test_a_payment_belongs_to_its_account_whatever_address_the_body_names(customer: Person) -> None:
    result = create(customer, email="somebody.else@example.com")

    payment = stored(result["paymentId"])
    assert result["userEmail"] == payment.user_email == customer.email
    assert payment.user_id == customer.user_id
    assert payment.history[0].by == f"user:{customer.user_id}"


@pytest.mark.parametrize(
    ("spelling", "method"),
    [
        *((method, method) for method in ("card", "upi", "netbanking", "wallet")),
        *((method, method) for method in ("credit_card", "debit_card", "digital_wallet")),
        *((text, "credit_card") for text in ("credit card", "Credit Card", "credit-card", "creditCard")),
        *((text, "debit_card") for text in ("debit card", "DEBIT CARD", "debit-card", " debit  card ")),
        *((text, "digital_wallet") for text in ("digital wallet", "Digital Wallet", "digital-wallet")),
        *((text, text.lower().replace(" ", "")) for text in ("UPI", "Card", "Net Banking", "Wallet")),
    ],
)
def test_a_way_to_pay_may_be_spelt_in_any_way(customer: Person, spelling: str, method: str) -> None:
    result = create(customer, paymentMethod=spelling)

    assert result["paymentMethod"] == stored(result["paymentId"]).requested_method == method


@pytest.mark.parametrize("method", ["bitcoin", "", " ", "-", "cards", "card,upi", 5, {"$gt": ""}, ["upi"]])
def test_another_way_to_pay_is_refused(customer: Person, method: Any) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, paymentMethod=method))

    methods = "card, credit_card, debit_card, upi, netbanking, wallet, digital_wallet"
    assert refused(answer, 400, "VALIDATION_ERROR") == {"paymentMethod": f"must be one of {methods}"}
    assert _count(customer) == 0


@pytest.mark.parametrize(
    ("currency", "amount", "shown", "amount_minor"),
    [
        ("INR", "1", "1.00", 100),
        ("INR", "1.1", "1.10", 110),
        ("INR", "4.35", "4.35", 435),
        ("INR", "1e3", "1000.00", 100_000),
        ("INR", "10000000000.00", "10000000000.00", 10**12),
        ("USD", "0.01", "0.01", 1),
        ("JPY", "500", "500", 500),
        ("JPY", "500.00", "500", 500),
        ("KWD", "12.34", "12.340", 12_340),
        ("KWD", "0.010", "0.010", 10),
    ],
)
def test_an_amount_is_exact_in_its_currencys_decimals(
    customer: Person, currency: str, amount: str, shown: str, amount_minor: int
) -> None:
    fields = f'"currency": "{currency}", "paymentMethod": "card"'
    body = f'{{"email": "{customer.email}", "amount": {amount}, {fields}}}'

    answer = send(customer.api, PAYMENT, body)

    assert answer.status_code == 201, answer.text
    assert f'"amount":{shown},"currency":"{currency}",' in answer.text
    assert stored(answer.json()["result"]["paymentId"]).amount_minor == amount_minor


@pytest.mark.parametrize(
    ("currency", "amount", "sentence"),
    [
        ("INR", 0.99, "must be at least 1.00 INR"),
        ("INR", 1.001, "must have no more than 2 decimals in INR"),
        ("INR", 0, "must be greater than zero"),
        ("INR", -500, "must be greater than zero"),
        ("INR", 10_000_000_000.01, "must not be greater than 10000000000.00 INR"),
        ("INR", "500", "must be a number, such as 500.00"),
        ("INR", None, "Field may not be null."),
        ("USD", 0.001, "must have no more than 2 decimals in USD"),
        ("JPY", 1.5, "must be whole in JPY"),
        ("KWD", 1.2345, "must have no more than 3 decimals in KWD"),
        ("KWD", 1.234, "must end in 0 at the third decimal in KWD"),
    ],
)
def test_an_amount_that_its_currency_does_not_have_is_refused(
    customer: Person, currency: str, amount: Any, sentence: str
) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, currency=currency, amount=amount))

    assert refused(answer, 400, "VALIDATION_ERROR") == {"amount": sentence}
    assert _count(customer) == 0


@pytest.mark.parametrize("currency", ["??", "", "inr", "INR ", "XXX", "RUPEES", "₹"])
def test_a_currency_that_does_not_exist_is_refused(customer: Person, currency: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, currency=currency))

    assert refused(answer, 400, "VALIDATION_ERROR") == {"currency": "must be an ISO 4217 code, such as INR"}
    assert _count(customer) == 0


@pytest.mark.parametrize("email", ["", "not-an-email", "a@b", "a b@example.com", "a\x00@example.com"])
def test_an_address_that_no_mail_reaches_is_refused(customer: Person, email: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, email=email))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"email"}
    assert _count(customer) == 0


@pytest.mark.parametrize(
    "name",
    "status role userId user_id userEmail amount_minor captured_minor isAdmin _id id version paidAt createdAt"
    " receipt razorpayOrderId work needs_review $set constructor".split(),
)
def test_no_client_writes_what_is_ours_to_write(customer: Person, name: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer) | {name: "PAID"})

    assert refused(answer, 400, "VALIDATION_ERROR") == {name: "Unknown field."}
    assert _count(customer) == 0


def test_everything_that_is_wrong_is_named_at_once(customer: Person) -> None:
    answer = customer.api.post(PAYMENT, {"paymentMethod": "bitcoin", "currency": "??", "status": "PAID"})

    named = named_in(refused(answer, 400, "VALIDATION_ERROR"))
    assert named == {"email", "amount", "currency", "paymentMethod", "status"}
    assert _count(customer) == 0


@pytest.mark.parametrize("call", ["", "/status", "/process", "/refund", "/cancel"])
@pytest.mark.parametrize("path", ['{"$gt":""}', "[$ne]", "undefined", "null", "0", UNKNOWN, "%00", "a" * 500])
def test_a_payment_that_is_not_there_is_a_404(customer: Person, path: str, call: str) -> None:
    method = {"": "GET", "/status": "GET"}.get(call, "POST")

    answer = customer.api.call(method, f"{PAYMENT}/{path}{call}")

    assert refused(answer, 404, "PAYMENT_NOT_FOUND") == {}


def test_ten_requests_at_once_with_one_key_are_one_payment(customer: Person) -> None:
    answers = at_once(
        customer.api, 10, lambda api, _: api.post(PAYMENT, new_payment(customer), headers=KEYED)
    )

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 9]
    assert _count(customer) == 1


def test_the_same_request_written_otherwise_is_the_same_request(customer: Person) -> None:
    first = customer.api.post(PAYMENT, new_payment(customer, paymentMethod="credit_card"), headers=KEYED)

    body = new_payment(customer, paymentMethod="Credit Card", amount=500.00)
    second = customer.api.post(PAYMENT, body, headers=KEYED)

    assert (second.headers[REPLAYED], second.text) == ("true", first.text)


@pytest.mark.parametrize(
    "other", [{"amount": 501}, {"currency": "USD"}, {"paymentMethod": "card"}, {"description": "other"}]
)
def test_one_key_with_another_body_is_refused(customer: Person, other: dict[str, Any]) -> None:
    first = customer.api.post(PAYMENT, new_payment(customer), headers=KEYED)
    before = snapshot(first.json()["result"]["paymentId"])

    answer = customer.api.post(PAYMENT, new_payment(customer, **other), headers=KEYED)

    assert refused(answer, 422, "IDEMPOTENCY_KEY_REUSED") == {"Idempotency-Key": "was used with another body"}
    assert REPLAYED not in answer.headers
    assert snapshot(before["_id"]) == before
    assert _count(customer) == 1


def test_a_key_of_one_door_is_free_at_the_other(customer: Person) -> None:
    order = customer.api.create_order(customer.school_id, key=KEY)

    answer = customer.api.post(PAYMENT, new_payment(customer), headers=KEYED)

    assert (order.status_code, answer.status_code) == (201, 201)
    assert REPLAYED not in answer.headers
    assert _count(customer) == 2


def test_nothing_refused_uses_its_key_up(customer: Person) -> None:
    refusal = customer.api.post(PAYMENT, new_payment(customer, amount=-1), headers=KEYED)

    answer = customer.api.post(PAYMENT, new_payment(customer), headers=KEYED)

    assert (refusal.status_code, answer.status_code) == (400, 201)
    assert REPLAYED not in answer.headers


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "9" * 4000, "1e99999999999999999999"])
def test_numbers_that_are_none_are_refused(customer: Person, amount: str) -> None:
    answer = send(customer.api, PAYMENT, spoilt(PAYMENT, "amount", amount))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) <= {"amount", "body"}
    assert _count(customer) == 0
