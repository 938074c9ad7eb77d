"""A school's payments, page by page, and who may see them."""

from typing import Any

import pytest

from gateway.domain.ids import new_id
from tests.support.client import PAYMENTS, Api, Person, Sandbox, open_order, paid_order, stored
from tests.support.shapes import refused
from tests.support.steps import TIMESTAMP, at_rest, has_status


def _list(api: Api, school_id: str, **query: Any) -> dict[str, Any]:
    answer = api.get(f"{PAYMENTS}/schools/{school_id}/payments", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    data: dict[str, Any] = answer.json()["data"]
    return data


def _ids(data: dict[str, Any]) -> list[str]:
    return [row["id"] for row in data["payments"]]


def test_a_row_is_the_documented_one(customer: Person, staff: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox, 500, {"method": "netbanking", "bank": "HDFC"})

    data = _list(staff.api, customer.school_id)

    (row,) = data["payments"]
    assert row == {
        "id": paid.payment_id,
        "schoolId": customer.school_id,
        "razorpayOrderId": paid.order_id,
        "razorpayPaymentId": paid.provider_payment_id,
        "amount": 50000,
        "currency": "INR",
        "status": "PAID",
        "paymentMethod": "netbanking",
        "receipt": stored(paid.payment_id).order_receipt,
        "attempts": 1,
        "createdAt": row["createdAt"],
        "paidAt": row["paidAt"],
    }
    assert TIMESTAMP.fullmatch(row["createdAt"])
    assert TIMESTAMP.fullmatch(row["paidAt"])
    assert data["pagination"] == {"page": 1, "limit": 10, "total": 1, "totalPages": 1}


def test_pages_hold_the_newest_first_and_end_empty(customer: Person, staff: Person) -> None:
    newest_first = [open_order(customer, 10 + number)[1] for number in range(12)][::-1]

    default = _list(staff.api, customer.school_id)
    second = _list(staff.api, customer.school_id, page=2)
    fives = [_list(staff.api, customer.school_id, page=page, limit=5) for page in (1, 2, 3, 4)]

    assert _ids(default) == newest_first[:10]
    assert default["pagination"] == {"page": 1, "limit": 10, "total": 12, "totalPages": 2}
    assert _ids(second) == newest_first[10:]
    assert [_ids(page) for page in fives] == [newest_first[:5], newest_first[5:10], newest_first[10:], []]
    assert fives[3]["pagination"] == {"page": 4, "limit": 5, "total": 12, "totalPages": 3}


def test_a_status_filters_rows_and_total(customer: Person, staff: Person, sandbox: Sandbox) -> None:
    _, created = open_order(customer)
    paid = paid_order(customer, sandbox).payment_id
    failed_order, failed = open_order(customer)
    sandbox.fail(failed_order)
    has_status(failed, "FAILED")

    found = {
        status: _list(staff.api, customer.school_id, status=status)
        for status in ("CREATED", "PAID", "FAILED", "REFUNDED")
    }

    assert [_ids(page) for page in found.values()] == [[created], [paid], [failed], []]
    assert [page["pagination"]["total"] for page in found.values()] == [1, 1, 1, 0]
    assert found["REFUNDED"]["pagination"]["totalPages"] == 0
    assert found["FAILED"]["payments"][0]["failureReason"] == stored(failed).failure_reason


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"page": "0"}, "page"),
        ({"page": "1.5"}, "page"),
        ({"page": "99999999999999999999"}, "page"),
        ({"status": "paid"}, "status"),
        ({"status": "PROCESSED"}, "status"),
        ({"status[$ne]": "PAID"}, "status[$ne]"),
        ({"sort": "amount"}, "sort"),
    ],
)
def test_a_wrong_query_names_its_field(
    customer: Person, staff: Person, query: dict[str, str], field: str
) -> None:
    answer = staff.api.get(f"{PAYMENTS}/schools/{customer.school_id}/payments", params=query)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert list(answer.json()["details"]) == [field]


def test_the_largest_limit_is_accepted(customer: Person, staff: Person) -> None:
    assert _list(staff.api, customer.school_id, limit=100)["pagination"]["limit"] == 100


def test_a_school_id_that_is_no_uuid_is_refused(staff: Person) -> None:
    answer = staff.api.get(f"{PAYMENTS}/schools/school-1/payments")

    assert answer.status_code == 400
    assert list(answer.json()["details"]) == ["schoolId"]


def test_a_school_without_payments_has_an_empty_page(customer: Person, staff: Person) -> None:
    data = _list(staff.api, customer.school_id)

    assert data == {
        "payments": [],
        "pagination": {"page": 1, "limit": 10, "total": 0, "totalPages": 0},
    }


def test_staff_of_the_school_and_admins_see_all_its_payments(
    customer: Person, stranger: Person, staff: Person, admin: Person
) -> None:
    _, own = open_order(customer)
    others = stranger.api.create_order(customer.school_id).json()["data"]["payment"]["id"]

    seen = [_ids(_list(person.api, customer.school_id)) for person in (staff, admin)]

    assert seen == [[others, own], [others, own]]


def test_nobody_else_sees_a_schools_list_whether_or_not_it_has_payments(
    customer: Person, stranger: Person, foreign_staff: Person
) -> None:
    open_order(customer)
    people = (customer, stranger, foreign_staff)

    answers = [
        person.api.get(f"{PAYMENTS}/schools/{school_id}/payments")
        for person in people
        for school_id in (customer.school_id, new_id())
    ]

    assert [refused(answer, 403, "FORBIDDEN") for answer in answers] == [{}] * 6
    assert len({answer.json()["error"] for answer in answers}) == 1


def test_staff_may_look_at_and_refund_their_schools_payments(
    customer: Person, staff: Person, foreign_staff: Person, sandbox: Sandbox
) -> None:
    paid = paid_order(customer, sandbox)

    foreign = foreign_staff.api.refund(paid.payment_id, 10)
    refund = staff.api.refund(paid.payment_id, 10)

    refused(foreign, 404, "PAYMENT_NOT_FOUND")
    assert refund.status_code == 201
    assert staff.api.status(paid.order_id)["payment"]["status"] == "PARTIAL_REFUND"
    assert at_rest(paid.payment_id).refunds[0].requested_by == f"user:{staff.user_id}"
