"""Statistics: exact figures, of what the caller may see and nothing else."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.domain.account_models import User
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, UPI, Api, Person, Sandbox, open_order, paid_order
from tests.support.shapes import refused
from tests.support.steps import has_status

CARD = {"method": "card", "number": "5555 5555 5555 4444", "expiry": "12/30", "cvv": "123"}
NETBANKING = {"method": "netbanking", "bank": "HDFC"}

ZEROS = {
    "totalPayments": 0,
    "successfulPayments": 0,
    "failedPayments": 0,
    "totalAmount": Decimal("0.00"),
    "successfulAmount": Decimal("0.00"),
    "refundedAmount": Decimal("0.00"),
    "successRate": Decimal("0.00"),
    "averageAmount": Decimal("0.00"),
    "paymentMethods": {},
    "currency": "INR",
}


def _statistics(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(f"{PAYMENTS}/stats", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json(parse_float=Decimal)
    assert body["success"] is True
    figures: dict[str, Any] = body["data"]
    return figures


def test_the_figures_of_a_school_are_exact(customer: Person, staff: Person, sandbox: Sandbox) -> None:
    paid_order(customer, sandbox, 500.10, UPI)
    refunded = paid_order(customer, sandbox, 300.20, CARD)
    partly = paid_order(customer, sandbox, 200, NETBANKING)
    paid_order(customer, sandbox, 0.30 + 1, UPI)
    failed_order, failed = open_order(customer, 100)
    sandbox.fail(failed_order)
    has_status(failed, "FAILED")
    open_order(customer, 50)
    customer.api.refund(refunded.payment_id)
    customer.api.refund(partly.payment_id, 0.05 + 1)

    figures = _statistics(staff.api, schoolId=customer.school_id)

    assert figures == {
        "totalPayments": 6,
        "successfulPayments": 4,
        "failedPayments": 1,
        "totalAmount": Decimal("1151.60"),
        "successfulAmount": Decimal("1001.60"),
        "refundedAmount": Decimal("301.25"),
        "successRate": Decimal("66.67"),
        "averageAmount": Decimal("250.40"),
        "paymentMethods": {"upi": 2, "card": 1, "netbanking": 1},
        "currency": "INR",
    }


def test_amounts_are_numbers_with_two_decimals(customer: Person, staff: Person) -> None:
    open_order(customer, 500)

    answer = staff.api.get(f"{PAYMENTS}/stats", params={"schoolId": customer.school_id})

    assert '"totalAmount":500.00,' in answer.text
    assert '"successRate":0.00,' in answer.text


def test_a_school_without_payments_has_zeros(customer: Person, staff: Person) -> None:
    assert _statistics(staff.api, schoolId=customer.school_id) == ZEROS


def test_a_school_with_only_unpaid_payments_has_no_average(customer: Person, staff: Person) -> None:
    open_order(customer, 10)

    figures = _statistics(staff.api, schoolId=customer.school_id)

    assert figures == ZEROS | {"totalPayments": 1, "totalAmount": Decimal("10.00")}


def test_currencies_are_not_added_up(customer: Person, staff: Person, sandbox: Sandbox) -> None:
    paid_order(customer, sandbox, 100, UPI)
    _store_a_paid_yen_payment(customer, 7000)

    rupees = _statistics(staff.api, schoolId=customer.school_id)
    yen = _statistics(staff.api, schoolId=customer.school_id, currency="JPY")

    assert (rupees["totalPayments"], rupees["successfulAmount"]) == (1, Decimal("100.00"))
    assert rupees["paymentMethods"] == {"upi": 1}
    assert (yen["totalPayments"], yen["successfulAmount"], yen["currency"]) == (1, 7000, "JPY")
    assert yen["paymentMethods"] == {"card": 1}


def _store_a_paid_yen_payment(customer: Person, amount_minor: int) -> None:
    like = Payment.objects.get(user_id=customer.user_id)
    Payment(
        id=new_id(),
        user_id=like.user_id,
        user_email=like.user_email,
        school_id=like.school_id,
        amount_minor=amount_minor,
        captured_minor=amount_minor,
        currency="JPY",
        status="PAID",
        payment_method="card",
        order_receipt=f"RCP_{new_id()}"[:40],
        created_at=like.created_at,
        updated_at=like.updated_at,
    ).save(force_insert=True)


def test_staff_of_the_school_and_admins_get_its_figures(
    customer: Person, stranger: Person, staff: Person, admin: Person
) -> None:
    open_order(customer, 10)
    stranger.api.create_order(customer.school_id, 20)

    totals = [
        _statistics(person.api, schoolId=customer.school_id)["totalAmount"] for person in (staff, admin)
    ]

    assert totals == [Decimal(30), Decimal(30)]


def test_nobody_else_gets_figures(customer: Person, stranger: Person, foreign_staff: Person) -> None:
    open_order(customer, 10)
    path = f"{PAYMENTS}/stats"

    of_school = [
        person.api.get(path, params={"schoolId": customer.school_id})
        for person in (customer, stranger, foreign_staff)
    ]
    of_all = [person.api.get(path) for person in (customer, stranger)]

    assert [refused(answer, 403, "FORBIDDEN") for answer in of_school + of_all] == [{}] * 5


def test_without_a_school_staff_get_the_figures_of_all_their_schools(
    customer: Person, staff: Person, foreign_staff: Person
) -> None:
    open_order(customer, 10)
    customer.api.create_order(foreign_staff.school_id, 5)

    before = [_statistics(person.api)["totalAmount"] for person in (staff, foreign_staff)]
    User.objects(id=staff.user_id).update_one(push__school_ids=foreign_staff.school_id)
    both = _statistics(staff.api)["totalAmount"]

    assert [*before, both] == [Decimal(10), Decimal(5), Decimal(15)]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"schoolId": "x"}, "schoolId"), ({"currency": "XXX"}, "currency"), ({"from": "2024"}, "from")],
)
def test_a_wrong_query_names_its_field(staff: Person, query: dict[str, str], field: str) -> None:
    answer = staff.api.get(f"{PAYMENTS}/stats", params=query)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert list(answer.json()["details"]) == [field]
