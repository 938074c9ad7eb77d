"""Every route of the pages without its token, or with a wrong one: one plain page, and nothing changed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.domain.account_models import PasswordReset, User
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, snapshot, stored
from tests.support.pages import Page
from tests.support.queue import everything_about
from tests.support.routes import route_listing
from tests.support.second_door import UNKNOWN, processed
from tests.support.steps import calls_to

PAY_ROUTES = {
    ("GET", "/pay/{payment_id}"),
    ("GET", "/pay/{payment_id}/card"),
    ("POST", "/pay/{payment_id}/callback"),
    ("POST", "/pay/{payment_id}/open"),
    ("GET", "/pay/{payment_id}/receipt"),
}
PASSWORD_ROUTES = {("GET", "/password/reset"), ("POST", "/password/reset")}
WRONG_TOKENS = ["", "x", "é\x00\ud800", "n3Vw8qkq2iLrXo0cQmC5yZ1dn3Vw8qkq"]
each_pay_route = pytest.mark.parametrize(("method", "path"), sorted(PAY_ROUTES))


@pytest.fixture
def payment(customer: Person, sandbox: Sandbox) -> Payment:
    """A payment that can be paid."""
    sandbox.deliveries(paused=True)
    return stored(processed(customer)["paymentId"])


def _send(
    stack: Stack, sandbox: Sandbox, payment: Payment, method: str, path: str, **options: Any
) -> requests.Response:
    """Send what would be taken, if the token were right."""
    body = {
        "razorpay_payment_id": "pay_of_nobody",
        "razorpay_signature": sandbox.sign_checkout(payment.provider_order_id, "pay_of_nobody"),
    }
    url = stack.api_url + path.format(payment_id=payment.id)
    data = body if method == "POST" else None
    return requests.request(method, url, data=data, timeout=30, allow_redirects=False, **options)


def test_these_are_all_routes(stack: Stack) -> None:
    listing = route_listing(stack)

    rows = re.findall(r"(GET|POST|PUT|PATCH|DELETE)\s+(/(?:pay|password)\S*)", listing)
    routes = {(method, re.sub(r"<string:(\w+)>", r"{\1}", path)) for method, path in rows}
    assert routes == PAY_ROUTES | PASSWORD_ROUTES


def test_none_of_them_is_in_the_document_of_the_api(stack: Stack) -> None:
    paths = requests.get(f"{stack.api_url}/openapi.json", timeout=30).json()["paths"]

    assert [path for path in paths if path.startswith(("/pay", "/password", "/assets"))] == []


@each_pay_route
@pytest.mark.parametrize("token", WRONG_TOKENS)
def test_a_wrong_token_gets_the_plain_page_and_changes_nothing(
    stack: Stack, sandbox: Sandbox, payment: Payment, method: str, path: str, token: str
) -> None:
    before = everything_about(payment.id)
    query = {"token": token.encode("utf-8", "surrogatepass")} if token else {}

    answer = _send(stack, sandbox, payment, method, path, params=query)
    nowhere = requests.get(f"{stack.api_url}/pay/{UNKNOWN}/nothing", timeout=30)

    assert (answer.status_code, Page(answer).heading) == (404, "This page does not exist")
    assert answer.text == nowhere.text
    assert everything_about(payment.id) == before
    assert calls_to(sandbox, "GET", "/payments/pay_of_nobody") == []


@each_pay_route
def test_another_payments_token_is_a_wrong_one(
    stack: Stack, sandbox: Sandbox, payment: Payment, customer: Person, method: str, path: str
) -> None:
    other = stored(processed(customer)["paymentId"])
    before = [everything_about(payment.id), everything_about(other.id)]

    answer = _send(stack, sandbox, payment, method, path, params={"token": other.page_token})

    assert answer.status_code == 404
    assert [everything_about(payment.id), everything_about(other.id)] == before


@each_pay_route
def test_a_login_is_no_substitute_for_the_token(
    stack: Stack, sandbox: Sandbox, payment: Payment, customer: Person, method: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {customer.api.token}"}
    before = snapshot(payment.id)

    assert _send(stack, sandbox, payment, method, path, headers=headers).status_code == 404
    assert snapshot(payment.id) == before


@each_pay_route
def test_an_unknown_payment_and_one_without_a_page_get_the_plain_page(
    stack: Stack, sandbox: Sandbox, keep: Callable[..., Payment], method: str, path: str
) -> None:
    unprocessed = keep(page_token=None)
    unknown = Payment(id=UNKNOWN, provider_order_id="order_unknown")

    answers = [
        _send(stack, sandbox, payment, method, path, params={"token": token})
        for payment in (unprocessed, unknown)
        for token in ("", "None", "x")
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(("method", "path"), sorted(PASSWORD_ROUTES))
@pytest.mark.parametrize("token", WRONG_TOKENS)
def test_a_wrong_password_link_changes_no_account(
    stack: Stack, customer: Person, method: str, path: str, token: str
) -> None:
    users, resets = User._get_collection(), PasswordReset._get_collection()
    before = (users.find_one({"_id": customer.user_id}), resets.count_documents({}))
    raw = token.encode("utf-8", "surrogatepass")
    data = {"token": raw, "new_password": "staple battery horse", "repeated": "staple battery horse"}

    answer = requests.request(
        method,
        stack.api_url + path,
        params={"token": raw},
        data=data if method == "POST" else None,
        timeout=30,
    )

    assert (answer.status_code, Page(answer).heading) == (400, "This link does not work any more")
    assert (users.find_one({"_id": customer.user_id}), resets.count_documents({})) == before
