"""Card numbers are refused wherever they stand in a request, at both doors; nothing of them is echoed, kept
or logged. What only looks a little like one is taken."""

import json
from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.bodies import send
from tests.support.client import PAYMENTS, Api, Person, Sandbox, snapshot
from tests.support.second_door import PAYMENT, create, new_payment, process, processed, refund
from tests.support.shapes import refused
from tests.support.waiting import wait_until

VISA = "4111111111111111"
# In no other test, so that it can be looked for in the logs.
OF_THIS_TEST = "4929471833582102"
SENTENCE = "holds a card number"
NUMBERS = {
    "Visa": VISA,
    "Visa of 13 digits": "4222222222222",
    "Mastercard": "5555555555554444",
    "Mastercard of the 2 series": "2223003122003222",
    "Amex": "378282246310005",
    "Diners Club": "30569309025904",
    "Discover": "6011111111111117",
    "JCB": "3530111333300000",
    "RuPay": "8172450000000002",
    "Maestro": "6759649826438453",
    "UnionPay of 19 digits": "6212345678901234569",
}
WRITINGS = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111_1111_1111_1111",
    "4111/1111/1111/1111",
    "4111  1111  1111  1111",
    "4111 - 1111 - 1111 - 1111",
    "4111\n1111\n1111\n1111",
    "4111\N{NO-BREAK SPACE}1111\N{NO-BREAK SPACE}1111\N{NO-BREAK SPACE}1111",
    "4111\N{EN DASH}1111\N{EN DASH}1111\N{EN DASH}1111",
    "４１１１１１１１１１１１１１１１",
    "3782 822463 10005",
    "3056 930902 5904",
    "my card: 4111111111111111, thanks",
    "4111 1111 1111 1111 12/29 123",
    "2024 4111 1111 1111 1111",
    "card=4111111111111111&cvv=123",
    "(4111111111111111)",
    "visa4111111111111111",
    "4111111111111111x",
    "CardNo4111 1111 1111 1111",
    "4111-1111 1111-1111",
    "4111:1111:1111:1111",
    "(4111)(1111)(1111)(1111)",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "+378282246310005",
    "4111%201111%201111%201111",
    "4111&nbsp;1111&nbsp;1111&nbsp;1111",
    "4\N{ZERO WIDTH SPACE}111111111111111",
    "4111\N{SOFT HYPHEN}1111\N{SOFT HYPHEN}1111\N{SOFT HYPHEN}1111",
]
HARMLESS = [
    "+91 98765 43210",
    "+919876543210",
    "+8613800138002",
    "0091 98765 43210",
    "4111111111111112",
    "4111 1111 1111 1112",
    "RCP_1795327315546_ccdb69d610bc4af0",
    "1795327315546",
    "20240131120006",
    "2024-01-31T12:00:06.123Z",
    "5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11",
    "41111111-1111-4111-8111-111111111111",
    "0000000000000000",
    "123456789012",
    "ORD-2024-000123-000456",
    "500.00",
    "30001-30002-30003",
    "fees: 4656, 5104, 4408, 6901",
    "5000;4200;4700;5300",
    "417753, 679082, 413424",
    "688522, 688523, 688524",
    "01012025-31122025",
    # A digest that holds 4111111111111111.
    "a4111111111111111b0c5a868f434f0e8b0e0f6f1f3f9c55d0e0d3a7a0b9e510",
]


def _refusal(answer: Any, field: str, number: str = "1111") -> None:
    """Check that the request was refused for a card number in this field, and says nothing of the number."""
    assert refused(answer, 400, "VALIDATION_ERROR") == {field: SENTENCE}
    assert number not in answer.text


def _count(person: Person) -> int:
    return int(Payment.objects(user_id=person.user_id).count())


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_the_number_of_every_network_is_refused(customer: Person, number: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, description=number))

    _refusal(answer, "description", number)
    assert _count(customer) == 0


@pytest.mark.parametrize("text", WRITINGS)
def test_a_number_is_recognised_however_it_is_written(customer: Person, text: str) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, notes={"remark": text}))

    _refusal(answer, "notes.remark")
    assert _count(customer) == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"description": VISA}, "description"),
        ({"notes": {"a": VISA}}, "notes.a"),
        ({"notes": {VISA: "a"}}, "notes"),
        ({"notes": {"a": int(VISA)}}, "notes.a"),
        ({"notes": {"a": float(VISA)}}, "notes.a"),
        ({"notes": VISA}, "notes"),
        ({"email": f"{VISA}@example.com"}, "email"),
        ({"email": VISA}, "email"),
        ({"schoolId": VISA}, "schoolId"),
        ({"paymentMethod": VISA}, "paymentMethod"),
        ({"currency": int(VISA)}, "currency"),
        ({"phoneNumber": VISA}, "phoneNumber"),
        ({"phoneNumber": "4111 1111 1111 1111"}, "phoneNumber"),
        ({"phoneNumber": f"+{VISA}"}, "phoneNumber"),
        ({"card": {"number": VISA, "cvv": "123"}}, "card.number"),
        ({"cards": [["x", {"number": VISA}]]}, "cards.number"),
        ({"cardNumber": int(VISA)}, "cardNumber"),
        ({VISA: "a"}, "body"),
    ],
)
def test_a_number_is_refused_in_every_field_of_a_payment(
    customer: Person, fields: dict[str, Any], named: str
) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer) | fields)

    _refusal(answer, named)
    assert _count(customer) == 0


@pytest.mark.parametrize("number", ["4111111111111111.00", "4.111111111111111e15", "4111111111111111e0"])
def test_a_number_is_recognised_however_json_writes_it(customer: Person, number: str) -> None:
    text = json.dumps(new_payment(customer, notes={"a": 1}))

    answer = send(customer.api, PAYMENT, text.replace('{"a": 1}', f'{{"a": {number}}}'))

    _refusal(answer, "notes.a", "111111")
    assert _count(customer) == 0


@pytest.mark.parametrize("amount", [int(VISA), float(VISA), 5555555555554444])
def test_a_number_as_the_amount_is_refused_for_its_size(customer: Person, amount: float) -> None:
    answer = customer.api.post(PAYMENT, new_payment(customer, amount=amount))

    assert refused(answer, 400, "VALIDATION_ERROR") == {
        "amount": "must not be greater than 10000000000.00 INR"
    }
    assert _count(customer) == 0


@pytest.mark.parametrize(
    "fields", [{"notes": {"remark": VISA}}, {"notes": {VISA: "a"}}, {"card": {"number": VISA}}, {VISA: 1}]
)
def test_the_first_door_refuses_them_too(customer: Person, fields: dict[str, Any]) -> None:
    answer = customer.api.create_order(customer.school_id, **fields)

    assert list(refused(answer, 400, "VALIDATION_ERROR").values()) == [SENTENCE]
    assert "1111" not in answer.text
    assert _count(customer) == 0


def test_they_are_refused_when_a_payment_is_processed_or_refunded(customer: Person) -> None:
    payment_id = processed(customer)["paymentId"]
    before = snapshot(payment_id)

    _refusal(process(customer.api, payment_id, {"vpa": f"{VISA}@razorpay"}), "vpa")
    _refusal(refund(customer.api, payment_id, {"reason": f"to {VISA}"}), "reason")
    _refusal(customer.api.post(f"{PAYMENT}/{payment_id}/cancel", {"reason": VISA}), "reason")
    _refusal(customer.api.refund(payment_id, 10, notes={"reason": VISA}), "notes.reason")

    assert snapshot(payment_id) == before


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_are_taken(customer: Person, text: str) -> None:
    result = create(customer, description=text, notes={"text": text, "numbered": "1"})

    assert (result["description"], result["notes"]["text"]) == (text, text)


@pytest.mark.parametrize("phone", ["+91 98765 43210", "9876543210", "+8613800138002", "4917612345679"])
def test_phone_numbers_are_taken(customer: Person, phone: str) -> None:
    result = create(customer, phoneNumber=phone)

    assert Payment.objects.get(id=result["paymentId"]).payer_phone == phone


def test_a_refused_number_is_in_no_log_and_nowhere_in_the_database(
    stack: Stack, customer: Person, sandbox: Sandbox
) -> None:
    api, number = customer.api, OF_THIS_TEST
    grouped = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    dotted = grouped.replace(" ", ".")

    for text in (number, grouped, dotted):
        api.post(PAYMENT, new_payment(customer, description=text, notes={text: text}))
        api.post(PAYMENT, new_payment(customer) | {text: text, "card": {"number": text}})
        api.create_order(customer.school_id, notes={"a": text})
        Api(api.base_url).post("/api/user/register", {"name": text, "email": f"{number}@example.com"})
        api.get(PAYMENT, params={"q": text, text: text})
        api.get(f"{PAYMENT}/{text}")
        api.get(f"{PAYMENTS}/orders/{text}/status", headers={"X-Request-ID": number})
        api.post(PAYMENT, data=f'{{"email": "{text}', headers={"Content-Type": "application/json"})
    api.get(PAYMENT, headers={"X-Request-ID": f"last-of-{customer.user_id}"})

    logs = stack.directory / "logs"
    wait_until(lambda: f"last-of-{customer.user_id}" in (logs / "web.log").read_text(), "the last line")
    told = {path.name: path.read_text(errors="replace") for path in logs.iterdir()}
    assert [
        (name, text)
        for name, log in told.items()
        for text in (number, grouped, dotted, grouped.replace(" ", "-"))
        if text in log
    ] == []
    database = Payment._get_db()
    kept = [str(row) for name in database.list_collection_names() for row in database[name].find()]
    assert [row for row in kept if number in row or grouped in row or dotted in row] == []


def test_a_search_for_one_is_refused_as_well(customer: Person) -> None:
    answer = customer.api.get("/api/payment", params={"q": VISA})

    assert refused(answer, 400, "VALIDATION_ERROR") == {"q": SENTENCE}


def test_a_signature_that_looks_like_one_is_compared_and_not_refused(customer: Person) -> None:
    signature = "ab" * 20 + VISA + "cdefabcd"
    for names in (
        ("razorpayOrderId", "razorpayPaymentId", "razorpaySignature"),
        ("razorpay_order_id", "razorpay_payment_id", "razorpay_signature"),
    ):
        body = dict(zip(names, ("order_x", "pay_x", signature), strict=True))
        refused(customer.api.post("/api/v1/payments/verify", body), 404, "PAYMENT_NOT_FOUND")


def test_an_escape_of_absurd_length_is_only_text(customer: Person) -> None:
    answer = customer.api.get("/api/payment", params={"q": "&#1"})
    login = customer.api.post("/api/user/login", {"email": "&#" + "9" * 5000, "password": "x"})

    assert answer.status_code == 200
    assert list(refused(login, 400, "VALIDATION_ERROR")) == ["email"]
