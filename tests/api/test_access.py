"""Who may call what: no route is open by mistake, and what is somebody else's does not exist."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from dev.openapi import COMMITTED
from tests.support.client import (
    PAYMENTS,
    Api,
    PaidOrder,
    Person,
    Sandbox,
    open_order,
    paid_order,
    snapshot,
    stored,
)
from tests.support.shapes import refused
from tests.support.waiting import wait_until

# A test in test_openapi.py holds this document against the running service.
PATHS = json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]
OPERATIONS = {(m.upper(), path) for path, item in PATHS.items() for m in item if m != "parameters"}

PUBLIC = {
    ("POST", "/api/user/register"),
    ("POST", "/api/user/login"),
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
    ("POST", f"{PAYMENTS}/orders"),
}
# What each of the others answers to somebody who may not see what it names.
NOT_FOUND = {
    ("POST", f"{PAYMENTS}/verify"): "PAYMENT_NOT_FOUND",
    ("GET", f"{PAYMENTS}/orders/{{orderId}}/status"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENTS}/orders/{{orderId}}/cancel"): "PAYMENT_NOT_FOUND",
    ("POST", f"{PAYMENTS}/refunds"): "PAYMENT_NOT_FOUND",
    ("GET", f"{PAYMENTS}/receipts/{{receiptId}}/download"): "RECEIPT_NOT_FOUND",
}
EMPTY = {
    ("GET", f"{PAYMENTS}/schools/{{schoolId}}/payments"),
    ("GET", f"{PAYMENTS}/stats"),
}


@dataclass(frozen=True)
class Named:
    """A paid order and an open one of the customer, and the checkout of the open one."""

    paid: PaidOrder
    open_order_id: str
    open_payment_id: str
    checkout: dict[str, str]

    def call(self, api: Api, method: str, path: str, *, order_id: str | None = None) -> requests.Response:
        """Call the operation about what this names."""
        url = path.format(
            orderId=order_id or self.open_order_id,
            receiptId=self.paid.receipt["id"],
            schoolId=self.paid.school_id,
        )
        bodies: dict[str, Any] = {
            f"{PAYMENTS}/verify": self.checkout,
            f"{PAYMENTS}/refunds": {"paymentId": self.paid.payment_id, "amount": 1},
        }
        query = {"schoolId": self.paid.school_id} if path.endswith("/stats") else {}
        return api.call(method, url, bodies.get(path), params=query)

    def snapshots(self) -> list[dict[str, Any]]:
        return [snapshot(self.paid.payment_id), snapshot(self.open_payment_id)]


@pytest.fixture
def named(customer: Person, sandbox: Sandbox) -> Named:
    # Nothing may change these behind a test's back: no webhook, and no receipt that is still being made.
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    wait_until(lambda: stored(paid.payment_id).work is None, "the end of the payment's work")
    order_id, payment_id = open_order(customer)
    checkout = {"razorpay_order_id": order_id, "razorpay_payment_id": paid.provider_payment_id}
    signature = sandbox.sign_checkout(order_id, paid.provider_payment_id)
    return Named(paid, order_id, payment_id, checkout | {"razorpay_signature": signature})


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
    return path.format(orderId=some_id, receiptId=some_id, schoolId=some_id)


def test_each_route_is_public_or_about_oneself_or_named_in_these_tests() -> None:
    named = ABOUT_ONESELF | NOT_FOUND.keys() | EMPTY

    assert sorted(OPERATIONS) == sorted(PUBLIC | named)
    assert PUBLIC & named == set()


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_route_refuses_callers_without_a_valid_token(
    anonymous: Api, customer: Person, method: str, path: str
) -> None:
    without = anonymous.call(method, _url(path))
    garbage = Api(anonymous.base_url, "eyJhbGciOiJIUzI1NiJ9.e30.AAAA").call(method, _url(path))
    customer.api.post("/api/user/logout")
    logged_out = customer.api.call(method, _url(path))

    answers = [without, garbage, logged_out]
    assert [refused(answer, 401, "UNAUTHORIZED") for answer in answers] == [{}] * 3
    assert [answer.headers["WWW-Authenticate"] for answer in answers] == ["Bearer"] * 3


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


def test_lists_and_figures_hold_nothing_of_somebody_elses(named: Named, outsider: Person) -> None:
    listed = named.call(outsider.api, "GET", f"{PAYMENTS}/schools/{{schoolId}}/payments").json()["data"]
    of_school = named.call(outsider.api, "GET", f"{PAYMENTS}/stats").json()["data"]
    of_all = outsider.api.get(f"{PAYMENTS}/stats").json()["data"]

    assert listed == {"payments": [], "pagination": {"page": 1, "limit": 10, "total": 0, "totalPages": 0}}
    assert of_school["totalPayments"] == of_all["totalPayments"] == 0
    assert of_school["totalAmount"] == of_all["totalAmount"] == 0
    assert of_school["paymentMethods"] == of_all["paymentMethods"] == {}


def test_staff_of_the_school_and_admins_see_its_payments(named: Named, insider: Person) -> None:
    listed = named.call(insider.api, "GET", f"{PAYMENTS}/schools/{{schoolId}}/payments").json()["data"]
    figures = named.call(insider.api, "GET", f"{PAYMENTS}/stats").json()["data"]

    assert insider.api.status(named.paid.order_id)["payment"]["id"] == named.paid.payment_id
    assert [row["id"] for row in listed["payments"]] == [named.open_payment_id, named.paid.payment_id]
    assert figures["totalPayments"] == 2
    assert insider.api.download(named.paid.receipt).content.startswith(b"%PDF-")


def test_another_customer_of_the_same_school_sees_only_their_own(named: Named, stranger: Person) -> None:
    stranger.school_id = named.paid.school_id
    _, own_id = open_order(stranger)

    listed = named.call(stranger.api, "GET", f"{PAYMENTS}/schools/{{schoolId}}/payments").json()["data"]
    figures = named.call(stranger.api, "GET", f"{PAYMENTS}/stats").json()["data"]

    assert [row["id"] for row in listed["payments"]] == [own_id]
    assert figures["totalPayments"] == 1
