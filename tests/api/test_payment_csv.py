"""The list as a CSV file: exact bytes, nothing that a spreadsheet would calculate, and of any length."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, Person
from tests.support.second_door import PAYMENT, create, inserted
from tests.support.shapes import refused

NOON = datetime(2024, 3, 1, 12, 0, 0, 7000, tzinfo=UTC)
FILE = f"{PAYMENT}.csv"
BOM = "\ufeff"
COLUMNS = (
    "paymentId,receipt,createdAt,paidAt,updatedAt,userEmail,schoolId,description,amount,refundedAmount,"
    "currency,status,paymentMethod,methodUsed,razorpayOrderId,razorpayPaymentId,failureReason"
)


def _school_file(person: Person) -> str:
    return f"{PAYMENTS}/schools/{person.school_id}/payments.csv"


def _rows(person: Person, path: str = FILE, **query: Any) -> list[dict[str, str]]:
    answer = person.api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_a_small_file_is_exactly_this(customer: Person) -> None:
    salt = customer.user_id
    (older,) = inserted(
        customer,
        [NOON],
        order_receipt=f"RCP_{salt}",
        user_email="asha@example.com",
        school_id="5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11",
        description='Class 7, "second" term\nand ₹ more',
        amount_minor=50_000,
        refunded_minor=1_050,
        status="PARTIAL_REFUND",
        requested_method="credit_card",
        payment_method="card",
        provider_order_id=f"order_{salt}",
        provider_payment_id=f"pay_{salt}",
        paid_at=NOON + timedelta(seconds=1),
    )
    (newer,) = inserted(
        customer,
        [NOON + timedelta(days=1)],
        order_receipt=f"RCP_2{salt}",
        user_email="asha@example.com",
        school_id=None,
        amount_minor=500,
        currency="JPY",
        status="FAILED",
        failure_reason="Payment was declined; try again",
    )

    answer = customer.api.get(FILE)

    assert answer.status_code == 200
    assert answer.content.decode() == (
        f"{BOM}{COLUMNS}\r\n"
        f"{newer},RCP_2{salt},2024-03-02T12:00:00.007Z,,2024-03-02T12:00:00.007Z,asha@example.com,,,"
        "500,0,JPY,FAILED,,,,,Payment was declined; try again\r\n"
        f"{older},RCP_{salt},2024-03-01T12:00:00.007Z,2024-03-01T12:00:01.007Z,2024-03-01T12:00:00.007Z,"
        'asha@example.com,5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11,"Class 7, ""second"" term\nand ₹ more",'
        f"500.00,10.50,INR,PARTIAL_REFUND,credit_card,card,order_{salt},pay_{salt},\r\n"
    )


def test_an_empty_file_has_its_heading(customer: Person) -> None:
    answer = customer.api.get(FILE)

    assert answer.content == f"{BOM}{COLUMNS}\r\n".encode()


@pytest.mark.parametrize(
    ("currency", "amount_minor", "shown"),
    [
        ("INR", 1, "0.01"),
        ("INR", 10**12, "10000000000.00"),
        ("JPY", 1, "1"),
        ("JPY", 10**12, "1000000000000"),
        ("KWD", 10, "0.010"),
    ],
)
def test_amounts_have_exactly_their_currencys_decimals(
    customer: Person, currency: str, amount_minor: int, shown: str
) -> None:
    inserted(customer, [NOON], currency=currency, amount_minor=amount_minor, refunded_minor=amount_minor)

    (row,) = _rows(customer)

    assert (row["amount"], row["refundedAmount"], row["currency"]) == (shown, shown, currency)


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example","x")',
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠SUM(A1)",
        " =1",
        "   +1",
        "\N{NO-BREAK SPACE}=1",
        "\N{IDEOGRAPHIC SPACE}=1",
        " \t@x",
        "\N{ZERO WIDTH SPACE}=1",
        "\N{ZERO WIDTH NO-BREAK SPACE}=1",
    ],
)
def test_no_spreadsheet_calculates_what_a_client_has_written(customer: Person, text: str) -> None:
    payment_id = create(customer, description=text)["paymentId"]
    Payment.objects(id=payment_id).update_one(set__failure_reason=text, set__user_email=text)

    (row,) = _rows(customer)

    assert [row[name] for name in ("description", "userEmail", "failureReason")] == [f"'{text}"] * 3


@pytest.mark.parametrize(
    ("text", "cell"),
    [("Fees;=1+1", "Fees;'=1+1"), ("a|@x", "a|'@x"), ("=a; -1", "'=a;' -1")],
)
def test_nor_does_one_that_takes_a_semicolon_for_a_new_cell(customer: Person, text: str, cell: str) -> None:
    create(customer, description="x")
    Payment.objects(user_id=customer.user_id).update_one(set__description=text)

    (row,) = _rows(customer)

    assert row["description"] == cell


@pytest.mark.parametrize("text", ["a=1", "5+3", "two - three", "'quoted", "…", "a@b.example", " plain "])
def test_other_text_stays_as_it_is(customer: Person, text: str) -> None:
    create(customer, description=text)

    (row,) = _rows(customer)

    assert row["description"] == text


def test_an_address_may_begin_like_a_formula(customer: Person) -> None:
    inserted(customer, [NOON], user_email="+91asha@example.com")

    (row,) = _rows(customer)

    assert row["userEmail"] == "'+91asha@example.com"


def test_the_file_has_a_name_and_a_type(customer: Person) -> None:
    before = datetime.now(UTC).date()
    answer = customer.api.get(FILE)
    after = datetime.now(UTC).date()

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] in {
        f'attachment; filename="payments-{day.isoformat()}.csv"' for day in (before, after)
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_thousands_of_rows_come_in_pieces_in_order_and_none_twice(customer: Person) -> None:
    times = [NOON - timedelta(hours=number // 5) for number in range(1200)] + [
        NOON - timedelta(days=900)
    ] * 1050
    ids = inserted(customer, times, school_id=customer.school_id)

    answer = customer.api.get(FILE, stream=True)
    pieces = list(answer.iter_content(None))

    lines = b"".join(pieces).decode().splitlines()
    assert "Content-Length" not in answer.headers
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(pieces) > 1
    assert [line.partition(",")[0] for line in lines[1:]] == ids


def test_the_filters_are_those_of_the_list(customer: Person) -> None:
    wanted = {"status": "PAID", "requested_method": "upi", "school_id": customer.school_id}
    found = inserted(customer, [NOON, NOON + timedelta(hours=1)], **wanted)
    inserted(customer, [NOON], **wanted | {"status": "FAILED"})
    inserted(customer, [NOON], **wanted | {"requested_method": "card"})
    inserted(customer, [NOON], **wanted | {"school_id": None})
    inserted(customer, [NOON - timedelta(days=1)], **wanted)
    query = {"status": "PAID", "method": "UPI", "createdFrom": "2024-03-01", "amountTo": "500", "q": "rcp_"}

    own = _rows(customer, **query, schoolId=customer.school_id)

    assert [row["paymentId"] for row in own] == found
    assert _rows(customer, **query, currency="USD") == []


@pytest.mark.parametrize("name", ["limit", "cursor", "page", "status[$ne]"])
def test_a_file_has_no_pages(customer: Person, name: str) -> None:
    answer = customer.api.get(FILE, params={name: "1"})

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == [name]


def test_a_schools_file_is_for_its_staff(
    customer: Person, stranger: Person, staff: Person, foreign_staff: Person, admin: Person
) -> None:
    ids = inserted(customer, [NOON], school_id=customer.school_id, status="PAID")
    ids = inserted(stranger, [NOON + timedelta(days=1)], school_id=customer.school_id) + ids
    inserted(customer, [NOON])
    path = _school_file(customer)

    found = [[row["paymentId"] for row in _rows(person, path)] for person in (staff, admin)]
    paid = [row["paymentId"] for row in _rows(staff, path, status="PAID")]
    refusals = [person.api.get(path) for person in (customer, stranger, foreign_staff)]

    assert found == [ids, ids]
    assert paid == ids[1:]
    assert [refused(answer, 403, "FORBIDDEN") for answer in refusals] == [{}] * 3


@pytest.mark.parametrize(
    ("school_id", "query", "named"),
    [
        ("school-1", {}, "schoolId"),
        ("5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11", {"schoolId": "x"}, "schoolId"),
        ("5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11", {"status": "paid"}, "status"),
    ],
)
def test_a_bad_request_for_a_schools_file_is_named(
    admin: Person, school_id: str, query: dict[str, str], named: str
) -> None:
    answer = admin.api.get(f"{PAYMENTS}/schools/{school_id}/payments.csv", params=query)

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == [named]
