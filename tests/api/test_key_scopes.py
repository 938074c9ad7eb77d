"""What programs with an API key may call: by scope, by school, and for how long."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.api_keys import SCOPES
from gateway.domain.context import utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from tests.api.test_access import GUARDED
from tests.conftest import Stack
from tests.support.client import PAYMENT, PAYMENTS, Api, Person, Sandbox, snapshot, stored
from tests.support.keys import Program, a_program
from tests.support.named import SCOPE_OF, Named
from tests.support.shapes import refused
from tests.support.steps import at_rest, has_status, pdf_lines

FOR_PEOPLE = sorted(set(GUARDED) - SCOPE_OF.keys())


def new_payment(**fields: Any) -> dict[str, Any]:
    """Return a body that creates a payment."""
    return {"email": "payer@example.com", "amount": 500, "currency": "INR", "paymentMethod": "card"} | fields


def test_every_route_is_open_to_keys_with_a_scope_or_to_people_only() -> None:
    assert SCOPE_OF.keys() <= set(GUARDED)
    assert {path.split("/")[2] for _, path in FOR_PEOPLE} == {"user"}


@pytest.mark.parametrize(("method", "path"), SCOPE_OF)
def test_a_key_needs_the_scope_of_the_route(stack: Stack, named: Named, method: str, path: str) -> None:
    scope = SCOPE_OF[method, path]
    others = a_program(stack.api_url, *(each for each in SCOPES if each != scope))
    before = named.snapshots()

    without = named.call(others.api, method, path)

    details = refused(without, 403, "FORBIDDEN")
    assert details["scope"].startswith(f"{scope} is needed")
    assert named.snapshots() == before

    enough = a_program(stack.api_url, scope)
    assert named.call(enough.api, method, path).status_code not in (401, 403)


@pytest.mark.parametrize(("method", "path"), FOR_PEOPLE)
def test_what_is_for_people_takes_no_key(stack: Stack, named: Named, method: str, path: str) -> None:
    program = a_program(stack.api_url)

    refused(named.call(program.api, method, path), 403, "FORBIDDEN")


def test_a_key_of_another_school_finds_nothing(stack: Stack, named: Named) -> None:
    program = a_program(stack.api_url, school_id=new_id())
    before = named.snapshots()

    answers = {route: named.call(program.api, *route) for route in SCOPE_OF if "{" in route[1]}
    lists = [program.api.get(PAYMENT), program.api.get(f"{PAYMENTS}/stats")]

    by_status = {(method, path): answer.status_code for (method, path), answer in answers.items()}
    of_school = {route for route in by_status if "{schoolId}" in route[1]}
    assert {route for route, status in by_status.items() if status == 403} == of_school
    assert {status for route, status in by_status.items() if route not in of_school} == {404}
    assert lists[0].json()["result"] == []
    assert lists[1].json()["data"]["totalPayments"] == 0
    refused(program.api.get(PAYMENT, params={"schoolId": named.paid.school_id}), 403, "FORBIDDEN")
    assert named.snapshots() == before


def test_a_key_of_the_school_sees_all_its_payments_and_no_others(
    stack: Stack, named: Named, stranger: Person
) -> None:
    stranger.api.create_order(new_id())
    program = a_program(stack.api_url, school_id=named.paid.school_id)

    listed = program.api.get(PAYMENT).json()["result"]
    exported = program.api.get(f"{PAYMENT}.csv").text
    figures = program.api.get(f"{PAYMENTS}/stats").json()["data"]

    ids = [named.recorded_id, named.open_payment_id, named.paid.payment_id]
    assert [row["paymentId"] for row in listed] == ids
    assert [line.split(",")[0] for line in exported.splitlines()[1:]] == ids
    assert figures["totalPayments"] == 3


@pytest.mark.parametrize("school", [{}, {"schoolId": new_id()}], ids=["no school", "another school"])
def test_a_key_of_one_school_makes_payments_only_there(stack: Stack, school: dict[str, str]) -> None:
    program = a_program(stack.api_url, school_id=new_id())
    answers = [program.api.post(PAYMENT, new_payment(**school))]
    if school:
        answers.append(program.api.create_order(school["schoolId"]))

    own = ApiKey.objects.get(id=program.key_id).school_id
    assert [refused(answer, 403, "FORBIDDEN") for answer in answers] == [
        {"schoolId": f"must be {own}"} for _ in answers
    ]
    assert Payment.objects(user_id=f"key:{program.key_id}").count() == 0


def test_a_program_creates_processes_and_refunds_a_payers_payment(stack: Stack, sandbox: Sandbox) -> None:
    program = a_program(stack.api_url)
    made = program.api.post(PAYMENT, new_payment(schoolId=new_id())).json()["result"]
    path = f"{PAYMENT}/{made['paymentId']}"

    processed = program.api.post(f"{path}/process", headers={"Prefer": "wait=10"}).json()["result"]
    sandbox.pay(processed["razorpayOrderId"])
    has_status(made["paymentId"], "PAID")
    refund = program.api.post(f"{path}/refund", {"amount": 100})

    assert made["userEmail"] == "payer@example.com"
    assert refund.status_code == 201
    payment = at_rest(made["paymentId"])
    assert payment.user_id == f"key:{program.key_id}"
    assert payment.refunds[0].requested_by == f"key:{program.key_id}"
    receipt = program.api.get(path).json()["result"]["receipts"][0]
    assert "payer@example.com" in pdf_lines(program.api.download(receipt).content)


def test_a_receipt_of_a_payer_without_a_name_can_be_printed(stack: Stack, sandbox: Sandbox) -> None:
    program = a_program(stack.api_url)
    data = program.api.create_order(new_id()).json()["data"]

    verified = program.api.verify(sandbox.pay(data["order"]["id"]))

    assert verified.status_code == 200
    lines = pdf_lines(program.api.download(verified.json()["data"]["receipt"]).content)
    assert "To" not in lines
    assert stored(data["payment"]["id"]).user_email is None


def test_a_upi_request_for_a_program_needs_the_payers_phone_number(stack: Stack) -> None:
    program = a_program(stack.api_url)
    without = program.api.post(PAYMENT, new_payment(paymentMethod="upi")).json()["result"]["paymentId"]
    given = new_payment(paymentMethod="upi", phoneNumber="+919000000009")
    with_number = program.api.post(PAYMENT, given).json()["result"]["paymentId"]
    before = snapshot(without)

    refusal = program.api.post(f"{PAYMENT}/{without}/process", {"vpa": "success@razorpay"})
    program.api.post(f"{PAYMENT}/{with_number}/process", {"vpa": "success@razorpay"})

    assert list(refused(refusal, 400, "VALIDATION_ERROR")) == ["vpa"]
    assert snapshot(without) == before
    assert has_status(with_number, "PAID").payment_method == "upi"


def test_a_revoked_and_an_expired_key_are_refused(stack: Stack) -> None:
    revoked, expired = a_program(stack.api_url), a_program(stack.api_url)
    api_keys.revoke(revoked.key_id, utc_now())
    ApiKey.objects(id=expired.key_id).update_one(set__expires_at=utc_now() - timedelta(seconds=1))

    answers = [program.api.get(PAYMENT) for program in (revoked, expired)]

    assert [refused(answer, 401, "UNAUTHORIZED") for answer in answers] == [{}, {}]


def test_both_secrets_work_while_a_key_is_rotated_and_share_their_idempotency_keys(stack: Stack) -> None:
    program = a_program(stack.api_url)
    headers = {"Idempotency-Key": new_id()}
    first = program.api.post(PAYMENT, new_payment(), headers=headers)
    new = api_keys.rotate(program.key_id, utc_now(), 3600)

    again = Program(type(program.api)(stack.api_url, new.secret), program.key_id, new.secret).api.post(
        PAYMENT, new_payment(), headers=headers
    )
    old = program.api.post(PAYMENT, new_payment(), headers=headers)

    assert [answer.status_code for answer in (first, again, old)] == [201, 201, 201]
    assert [answer.headers.get("Idempotent-Replayed") for answer in (first, again, old)] == [
        None,
        "true",
        "true",
    ]
    assert Payment.objects(user_id=f"key:{program.key_id}").count() == 1


@pytest.mark.parametrize("scheme", ["Basic", "Token", "sk", ""])
def test_a_key_under_another_scheme_is_no_key(stack: Stack, scheme: str) -> None:
    program = a_program(stack.api_url)
    headers = {"Authorization": f"{scheme} {program.secret}".strip()}

    answer = Api(stack.api_url).get(PAYMENT, headers=headers)

    refused(answer, 401, "UNAUTHORIZED")
    assert ApiKey.objects.get(id=program.key_id).last_used_at is None


def test_the_last_use_of_a_key_is_noted(stack: Stack) -> None:
    program = a_program(stack.api_url)
    before = utc_now()

    program.api.get(PAYMENT)

    assert before <= ApiKey.objects.get(id=program.key_id).last_used_at <= utc_now()
