"""Who may call what: no route is open by mistake, and what is somebody else's does not exist."""

import json
import time
import uuid

import pytest

from dev.openapi import COMMITTED
from tests.conftest import Stack
from tests.support.client import (
    PAYMENT,
    PAYMENTS,
    Api,
    Person,
    Sandbox,
    open_order,
)
from tests.support.named import OWN_LISTS, Named
from tests.support.shapes import refused
from tests.support.tokens import with_claims

# A test in test_openapi.py holds this document against the running service.
PATHS = json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]
OPERATIONS = {(m.upper(), path) for path, item in PATHS.items() for m in item if m != "parameters"}

PUBLIC = {
    ("POST", "/api/user/register"),
    ("POST", "/api/user/login"),
    ("POST", "/api/user/password/forgot"),
    ("POST", "/api/user/password/reset"),
    ("POST", f"{PAYMENTS}/webhook"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}
GUARDED = sorted(OPERATIONS - PUBLIC)

# These name nothing that somebody owns.
ABOUT_ONESELF = {
    ("POST", "/api/user/refresh"),
    ("POST", "/api/user/logout"),
    ("GET", "/api/user/me"),
    ("POST", "/api/user/password"),
    ("POST", f"{PAYMENTS}/orders"),
    ("POST", PAYMENT),
    ("POST", f"{PAYMENT}/create"),
}
# What each of the others answers to somebody who may not see what it names.
NOT_FOUND = {
    ("POST", f"{PAYMENTS}/verify"): "PAYMENT_NOT_FOUND",
    ("GET", f"{PAYMENTS}/orders/{{orderId}}/status"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENTS}/orders/{{orderId}}/cancel"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENTS}/refunds"): "PAYMENT_NOT_FOUND",
    ("GET", f"{PAYMENTS}/receipts/{{receiptId}}/download"): "RECEIPT_NOT_FOUND",
    ("GET", f"{PAYMENT}/{{paymentId}}"): "PAYMENT_NOT_FOUND",
    ("GET", f"{PAYMENT}/{{paymentId}}/status"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENT}/{{paymentId}}/process"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENT}/{{paymentId}}/refund"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENT}/{{paymentId}}/cancel"): "PAYMENT_NOT_FOUND",
}
# What belongs to a school, or to operators, is forbidden to everybody else, whether or not there is any.
FORBIDDEN = {
    ("GET", f"{PAYMENTS}/schools/{{schoolId}}/payments"),
    ("GET", f"{PAYMENTS}/schools/{{schoolId}}/payments.csv"),
    ("GET", f"{PAYMENTS}/stats"),
    ("GET", "/metrics"),
}
# These hold one's own payments, and nobody else's.
OWN = {("GET", path) for path in OWN_LISTS}


@pytest.fixture(params=["stranger", "foreign_staff"])
def outsider(request: pytest.FixtureRequest) -> Person:
    """Somebody who may not see the customer's payments."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["staff", "admin"])
def insider(request: pytest.FixtureRequest) -> Person:
    """Somebody who may, although they are not theirs."""
    return request.getfixturevalue(request.param)


def _url(path: str) -> str:
    some_id = str(uuid.uuid4())
    return path.format(orderId=some_id, receiptId=some_id, schoolId=some_id, paymentId=some_id)


def test_each_route_is_public_or_about_oneself_or_named_in_these_tests() -> None:
    named = ABOUT_ONESELF | NOT_FOUND.keys() | FORBIDDEN | OWN

    assert sorted(OPERATIONS) == sorted(PUBLIC | named)
    assert PUBLIC & named == set()


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_route_refuses_callers_without_a_valid_token(
    stack: Stack, anonymous: Api, named: Named, customer: Person, method: str, path: str
) -> None:
    token = str(customer.api.token)
    secret = stack.environ["JWT_SECRET_KEY"]
    before = named.snapshots()
    tokens = {
        "garbage": "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "tampered": f"{token[:-6]}AAAAAA",
        "of another's": with_claims(token, "not the secret of this service, but as long", sub="admin"),
        "expired": with_claims(token, secret, exp=int(time.time()) - 1),
        "unknown key": "sk_" + "a" * 43,
    }

    answers = [named.call(anonymous, method, path)]
    answers += [named.call(Api(anonymous.base_url, each), method, path) for each in tokens.values()]
    customer.api.post("/api/user/logout")
    answers.append(named.call(customer.api, method, path))

    assert [refused(answer, 401, "UNAUTHORIZED") for answer in answers] == [{}] * 7
    assert [answer.headers["WWW-Authenticate"] for answer in answers] == ["Bearer"] * 7
    assert named.snapshots() == before


@pytest.mark.parametrize(("method", "path"), sorted(PUBLIC))
def test_a_public_route_asks_for_no_token(anonymous: Api, method: str, path: str) -> None:
    answer = anonymous.call(method, path)

    assert answer.status_code in {200, 400, 415}


@pytest.mark.parametrize(("method", "path"), NOT_FOUND)
def test_what_is_somebody_elses_does_not_exist(
    named: Named, outsider: Person, method: str, path: str
) -> None:
    before = named.snapshots()

    answer = named.call(outsider.api, method, path)
    unknown = outsider.api.get(f"{PAYMENTS}/orders/order_unknown/status")

    refused(answer, 404, NOT_FOUND[method, path])
    refused(unknown, 404, "PAYMENT_NOT_FOUND")
    assert named.snapshots() == before


def test_our_own_id_of_somebody_elses_payment_is_not_found_either(named: Named, outsider: Person) -> None:
    before = named.snapshots()

    status = outsider.api.get(f"{PAYMENTS}/orders/{named.open_payment_id}/status")
    cancelled = outsider.api.post(f"{PAYMENTS}/orders/{named.open_payment_id}/cancel")

    refused(status, 404, "PAYMENT_NOT_FOUND")
    refused(cancelled, 404, "PAYMENT_NOT_FOUND")
    assert named.snapshots() == before


def test_a_refused_refund_is_not_sent_to_the_provider(
    named: Named, outsider: Person, sandbox: Sandbox
) -> None:
    refused(outsider.api.refund(named.paid.payment_id), 404, "PAYMENT_NOT_FOUND")

    assert sandbox.refunds_of(named.paid.provider_payment_id) == []


def test_an_existing_and_an_unknown_id_get_the_same_answer(named: Named, outsider: Person) -> None:
    existing = outsider.api.refund(named.paid.payment_id)
    unknown = outsider.api.refund(str(uuid.uuid4()))

    assert existing.json() == unknown.json()
    assert existing.status_code == unknown.status_code == 404


@pytest.mark.parametrize(("method", "path"), sorted(FORBIDDEN))
def test_what_belongs_to_a_school_or_to_operators_is_forbidden_to_others(
    named: Named, outsider: Person, customer: Person, method: str, path: str
) -> None:
    answers = [named.call(person.api, method, path) for person in (outsider, customer)]

    assert [refused(answer, 403, "FORBIDDEN") for answer in answers] == [{}] * 2


def test_ones_own_lists_hold_nothing_of_somebody_elses(named: Named, outsider: Person) -> None:
    listed = [named.call(outsider.api, "GET", PAYMENT), outsider.api.get(PAYMENT)]
    exported = [named.call(outsider.api, "GET", f"{PAYMENT}.csv"), outsider.api.get(f"{PAYMENT}.csv")]

    assert [(page.json()["result"], page.json()["nextCursor"]) for page in listed] == [([], None)] * 2
    assert [page.text.count("\n") for page in exported] == [1, 1]


def test_staff_of_the_school_and_admins_see_its_payments(named: Named, insider: Person) -> None:
    ids = [named.recorded_id, named.open_payment_id, named.paid.payment_id]

    listed = named.call(insider.api, "GET", f"{PAYMENTS}/schools/{{schoolId}}/payments").json()["data"]
    second_door = named.call(insider.api, "GET", PAYMENT).json()["result"]
    figures = named.call(insider.api, "GET", f"{PAYMENTS}/stats").json()["data"]

    assert insider.api.status(named.paid.order_id)["payment"]["id"] == named.paid.payment_id
    assert insider.api.get(f"{PAYMENT}/{named.recorded_id}").json()["result"]["status"] == "CREATED"
    assert [row["id"] for row in listed["payments"]] == ids
    assert [row["paymentId"] for row in second_door] == ids
    assert figures["totalPayments"] == 3
    assert insider.api.download(named.paid.receipt).content.startswith(b"%PDF-")


def test_another_customer_of_the_same_school_sees_only_their_own(named: Named, stranger: Person) -> None:
    stranger.school_id = named.paid.school_id
    _, own_id = open_order(stranger)

    listed = named.call(stranger.api, "GET", PAYMENT).json()["result"]

    assert [row["paymentId"] for row in listed] == [own_id]
