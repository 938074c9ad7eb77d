"""The list of one's payments: newest first, every filter, and bad values named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.models import Payment
from tests.support.client import Person, Sandbox, stored
from tests.support.second_door import PAYMENT, create, ids_of, inserted, listed, paid, seen
from tests.support.shapes import refused
from tests.support.steps import has_status

MORNING = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


def _one(person: Person, time: datetime = MORNING, **fields: Any) -> str:
    (payment_id,) = inserted(person, [time], **fields)
    return payment_id


def _found(person: Person, **query: Any) -> list[str]:
    return ids_of(listed(person.api, **query))


def test_a_row_is_the_payment_as_it_is_now(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox, schoolId=customer.school_id, notes={"class": "7"})

    page = listed(customer.api)

    (row,) = page["result"]
    payment = stored(payment_id)
    told = seen(customer.api, payment_id)
    only_of_one = ("nextAction", "attempts", "refunds", "duplicates", "receipts", "timeline")
    assert (page["success"], page["message"], page["nextCursor"]) == (True, "Payments", None)
    assert row == {name: value for name, value in told.items() if name not in only_of_one}
    assert (row["paymentId"], row["status"], row["amount"]) == (payment_id, "PAID", 500.0)
    assert (row["methodUsed"], row["razorpayPaymentId"]) == ("upi", payment.provider_payment_id)


def test_the_newest_comes_first_from_both_doors(customer: Person) -> None:
    first = create(customer)["paymentId"]
    second = customer.api.create_order(customer.school_id).json()["data"]["payment"]["id"]
    third = create(customer)["paymentId"]

    assert _found(customer) == [third, second, first]
    assert _found(customer, limit=2) == [third, second]


def test_nobody_sees_what_is_not_theirs(
    customer: Person, stranger: Person, staff: Person, foreign_staff: Person, admin: Person
) -> None:
    at_school = _one(customer, datetime.now(UTC), school_id=customer.school_id)
    elsewhere = _one(customer, datetime.now(UTC))
    school = {"schoolId": customer.school_id}

    assert _found(customer) == [elsewhere, at_school]
    assert _found(customer, **school) == [at_school]
    assert (_found(stranger), _found(stranger, **school)) == ([], [])
    assert (_found(staff), _found(staff, **school)) == ([], [at_school])
    assert (_found(foreign_staff), _found(foreign_staff, **school)) == ([], [])
    assert _found(admin, **school) == [at_school]
    assert {elsewhere, at_school} <= set(_found(admin, limit=100))


def test_every_status_is_a_filter(customer: Person) -> None:
    statuses = ("CREATED", "ATTEMPTED", "PAID", "FAILED", "CANCELLED", "PARTIAL_REFUND", "REFUNDED")
    ids = {status: _one(customer, status=status) for status in statuses}

    assert {status: _found(customer, status=status) for status in statuses} == {
        status: [payment_id] for status, payment_id in ids.items()
    }


def test_a_refused_order_is_among_the_failed_ones(customer: Person) -> None:
    customer.api.create_order(customer.school_id, 500_000.01)
    (payment,) = Payment.objects(user_id=customer.user_id)
    has_status(payment.id, "FAILED")

    (row,) = listed(customer.api, status="FAILED")["result"]

    assert row["failureReason"] == "Amount exceeds maximum amount allowed."


def test_a_method_is_the_one_asked_for_or_else_the_one_used(customer: Person) -> None:
    asked = _one(customer, requested_method="credit_card", payment_method="card")
    used = _one(customer, MORNING - timedelta(hours=1), payment_method="card")
    plain = _one(customer, MORNING - timedelta(hours=2), requested_method="card", payment_method="upi")
    _one(customer)

    spellings = [_found(customer, method=text) for text in ("credit_card", "Credit Card", "credit-card")]

    assert spellings == [[asked]] * 3
    assert _found(customer, method="CARD") == [used, plain]
    assert _found(customer, method="upi") == []


def test_a_currency_is_a_filter(customer: Person) -> None:
    rupees, dollars = _one(customer), _one(customer, currency="USD")

    assert [_found(customer, currency=code) for code in ("INR", "USD", "EUR")] == [[rupees], [dollars], []]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"createdFrom": "2024-03-01"}, ["noon", "late", "next"]),
        ({"createdTo": "2024-03-01"}, ["eve", "noon", "late"]),
        ({"createdFrom": "2024-03-01", "createdTo": "2024-03-01"}, ["noon", "late"]),
        ({"createdFrom": "2024-03-01T12:00:00Z"}, ["noon", "late", "next"]),
        ({"createdFrom": "2024-03-01T12:00:00.001Z"}, ["late", "next"]),
        ({"createdTo": "2024-03-01T12:00:00"}, ["eve", "noon"]),
        ({"createdTo": "2024-03-01T11:59:59.999"}, ["eve"]),
        ({"createdTo": "2024-03-01T17:30:00+05:30"}, ["eve", "noon"]),
        ({"createdTo": "2024-03-01T17:29:59+05:30"}, ["eve"]),
        ({"createdFrom": "2024-03-01T07:00:00-05:00"}, ["noon", "late", "next"]),
        ({"createdFrom": "2024-03-02", "createdTo": "2024-03-01"}, []),
        ({"createdFrom": "0001-01-01", "createdTo": "9999-12-31"}, ["eve", "noon", "late", "next"]),
        ({"createdFrom": "1500-01-01"}, ["eve", "noon", "late", "next"]),
        ({"createdTo": "0001-01-01T00:00:00Z"}, []),
        ({"createdFrom": "9999-12-31T23:59:59.999Z"}, []),
    ],
)
def test_times_bound_the_list_inclusively(customer: Person, query: dict[str, str], found: list[str]) -> None:
    times = {
        "eve": datetime(2024, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC),
        "noon": datetime(2024, 3, 1, 12, tzinfo=UTC),
        "late": datetime(2024, 3, 1, 23, 59, 59, 999_000, tzinfo=UTC),
        "next": datetime(2024, 3, 2, tzinfo=UTC),
    }
    ids = {name: _one(customer, time) for name, time in times.items()}

    assert _found(customer, **query) == [ids[name] for name in reversed(found)]


def test_a_plus_sign_that_a_client_did_not_escape_is_still_an_offset(customer: Person) -> None:
    payment_id = _one(customer)

    answers = [
        customer.api.get(f"{PAYMENT}?createdTo=2024-03-01T15:00:{seconds}+05:30") for seconds in ("00", "01")
    ]
    before = customer.api.get(f"{PAYMENT}?createdTo=2024-03-01T14:59:59+05:30")

    assert [ids_of(answer.json()) for answer in answers] == [[payment_id]] * 2
    assert ids_of(before.json()) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"amountFrom": "500"}, ["INR", "JPY", "KWD", "USD"]),
        ({"amountFrom": "500.001"}, ["USD"]),
        ({"amountFrom": "500.01"}, ["USD"]),
        ({"amountTo": "500"}, ["INR", "JPY", "KWD", "small"]),
        ({"amountTo": "499.999"}, ["small"]),
        ({"amountFrom": "499.99", "amountTo": "500.00"}, ["INR", "JPY", "KWD"]),
        ({"amountFrom": "1.5", "amountTo": "1.50"}, ["small"]),
        ({"amountFrom": "0", "amountTo": "1.4"}, []),
        ({"amountFrom": "600", "amountTo": "400"}, []),
        ({"amountFrom": "1e2"}, ["INR", "JPY", "KWD", "USD"]),
        ({"amountFrom": "1e20"}, []),
        ({"amountTo": "1e20"}, ["INR", "JPY", "KWD", "USD", "small"]),
        ({"amountTo": "9223372036854775807"}, ["INR", "JPY", "KWD", "USD", "small"]),
        ({"amountFrom": "1e-20"}, ["INR", "JPY", "KWD", "USD", "small"]),
        ({"amountFrom": "500", "currency": "JPY"}, ["JPY"]),
    ],
)
def test_amounts_are_compared_in_major_units_of_any_currency(
    customer: Person, query: dict[str, str], found: list[str]
) -> None:
    minor = {
        "INR": ("INR", 50_000),
        "JPY": ("JPY", 500),
        "KWD": ("KWD", 500_000),
        "USD": ("USD", 50_001),
        "small": ("KWD", 1500),
    }
    ids = {name: _one(customer, currency=code, amount_minor=amount) for name, (code, amount) in minor.items()}

    assert sorted(_found(customer, **query)) == sorted(ids[name] for name in found)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("RCP_ab.c", ["dot"]),
        ("rcp_AB.C", ["dot"]),
        ("ab", ["dot", "other"]),
        (".", ["dot", "other"]),
        (".*", []),
        ("^RCP", []),
        ("asha+fees@", ["dot"]),
        ("ASHA+FEES@EXAMPLE.COM", ["dot"]),
        ("order_(x)[1]{2}|\\d$", ["dot"]),
        ("order_", ["dot"]),
        ("pay_XYZ", ["other"]),
        ("a b", ["other"]),
        ("a  b", []),
        ("#-~&<>%", ["other"]),
        ("é", ["other"]),
        ("É", ["other"]),
        ("REF_77", ["other"]),
        ("nothing like it", []),
    ],
)
def test_text_is_looked_for_literally_in_any_case(customer: Person, q: str, found: list[str]) -> None:
    salt = customer.user_id[:8]
    dot = _one(
        customer,
        order_receipt=f"RCP_ab.c{salt}",
        user_email="asha+fees@example.com",
        provider_order_id=f"order_(x)[1]{{2}}|\\d$ {salt}",
    )
    receipt = {"id": salt, "number": "REF_77", "kind": "REFUND_RECEIPT", "issued_at": MORNING, "stored": True}
    other = _one(
        customer,
        MORNING - timedelta(days=400),
        order_receipt=f"RCP_abXc a b #-~&<>%{salt}",
        user_email="andré@example.com",
        provider_payment_id=f"pay_xyz{salt}",
        receipts=[receipt],
    )

    assert _found(customer, q=q) == [{"dot": dot, "other": other}[name] for name in found]


def test_filters_combine(customer: Person) -> None:
    wanted = {
        "status": "PAID",
        "currency": "USD",
        "amount_minor": 1234,
        "school_id": customer.school_id,
        "requested_method": "debit_card",
        "user_email": "needle@example.com",
    }
    others = {
        "status": "FAILED",
        "currency": "EUR",
        "amount_minor": 1235,
        "school_id": None,
        "requested_method": "card",
        "user_email": "hay@example.com",
    }
    found = _one(customer, **wanted)
    [_one(customer, **wanted | {name: other}) for name, other in others.items()]
    _one(customer, MORNING + timedelta(days=1), **wanted)
    _one(customer, MORNING - timedelta(days=1), **wanted)

    query = {
        "status": "PAID",
        "currency": "USD",
        "amountFrom": "12.34",
        "amountTo": "12.34",
        "schoolId": customer.school_id.upper(),
        "method": "Debit Card",
        "q": "NEEDLE@",
        "createdFrom": "2024-03-01",
        "createdTo": "2024-03-01",
    }

    assert _found(customer, **query) == [found]
    fewer = [_found(customer, **{k: v for k, v in query.items() if k != name}) for name in query]
    assert [len(ids) for ids in fewer] == [2, 2, 1, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(({"limit": text}, "limit") for text in ("0", "101", "-1", "ten", "1.5", "")),
        *(({"status": text}, "status") for text in ("paid", "PROCESSED", "")),
        *(({"method": text}, "method") for text in ("bitcoin", "", "card,upi")),
        *(({"currency": text}, "currency") for text in ("??", "inr", "")),
        *(({"schoolId": text}, "schoolId") for text in ("school-1", "", "1" * 32)),
        *(({"createdFrom": text}, "createdFrom") for text in ("yesterday", "", "2024-02-30", "1709251200")),
        *(({"createdTo": text}, "createdTo") for text in ("2024-03-01T25:00:00Z", "01/03/2024", "null")),
        ({"createdFrom": "0001-01-01T00:00:00+05:30"}, "createdFrom"),
        *(({"amountFrom": text}, "amountFrom") for text in ("-1", "NaN", "sNaN", "Infinity", "1e21", "ten")),
        *(({"amountTo": text}, "amountTo") for text in ("", "1,000", "1_000", "0x10", "1" * 31)),
        *(({"q": text}, "q") for text in ("", " ", "a\x00b", "x" * 101)),
        *(({name: "x"}, name) for name in ("status[$ne]", "sort", "userId", "page", "$where", "q[$regex]")),
    ],
)
def test_a_bad_value_is_named(customer: Person, query: dict[str, str], field: str) -> None:
    answer = customer.api.get(PAYMENT, params=query)

    assert list(refused(answer, 400, "VALIDATION_ERROR")) == [field]


def test_the_limits_of_a_page(customer: Person) -> None:
    ids = inserted(customer, [MORNING + timedelta(seconds=number) for number in range(101)])

    assert _found(customer) == ids[:20]
    assert _found(customer, limit=1) == ids[:1]
    assert _found(customer, limit=100) == ids[:100]


@pytest.mark.parametrize("query", ["status=PAID&status=FAILED", "limit=10&limit=20", "q=a&q=b"])
def test_a_parameter_that_is_given_twice_is_refused(customer: Person, query: str) -> None:
    answer = customer.api.get(f"/api/payment?{query}")

    assert refused(answer, 400, "VALIDATION_ERROR") == {query.split("=")[0]: "is given twice"}
