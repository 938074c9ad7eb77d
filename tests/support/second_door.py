"""Payments by the second door, /api/payment: created, processed, paid, and read again."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from gateway.domain.models import Payment
from tests.support.client import Api, Person, Sandbox, stored
from tests.support.domain import a_payment
from tests.support.steps import has_status
from tests.support.waiting import wait_until

PAYMENT = "/api/payment"
WAIT = {"Prefer": "wait=10"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def new_payment(person: Person, **fields: Any) -> dict[str, Any]:
    """Return the body of a request for 500 rupees by UPI."""
    body = {"email": person.email, "amount": 500, "currency": "INR", "paymentMethod": "upi"}
    return body | fields


def create(person: Person, **fields: Any) -> dict[str, Any]:
    """Create a payment; returns its `result`."""
    answer = person.api.post(PAYMENT, new_payment(person, **fields))
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def process(api: Api, payment_id: str, body: Any = None, **options: Any) -> requests.Response:
    """Process a payment, waiting for the work behind it."""
    return api.post(f"{PAYMENT}/{payment_id}/process", body, **({"headers": WAIT} | options))


def processed(person: Person, **fields: Any) -> dict[str, Any]:
    """Create a payment and open its order; returns its `result`."""
    answer = process(person.api, create(person, **fields)["paymentId"])
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def asked(person: Person, vpa: str, **fields: Any) -> dict[str, Any]:
    """Create a payment and send a UPI request for it; returns its `result`."""
    answer = process(person.api, create(person, **fields)["paymentId"], {"vpa": vpa})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def paid(person: Person, sandbox: Sandbox, **fields: Any) -> str:
    """Create a payment and pay it on the checkout page, with no webhook on its way; returns its id."""
    sandbox.deliveries(paused=True)
    result = processed(person, **fields)
    checkout = sandbox.pay(result["razorpayOrderId"])
    answer = person.api.verify(checkout)
    assert answer.json()["data"]["payment"]["status"] == "PAID", answer.text
    has_status(result["paymentId"], "PAID")
    return str(result["paymentId"])


def refund(api: Api, payment_id: str, body: Any = None, **options: Any) -> requests.Response:
    """Refund a payment by the second door."""
    return api.post(f"{PAYMENT}/{payment_id}/refund", body, **options)


def cancel(api: Api, payment_id: str) -> requests.Response:
    """Cancel a payment by the second door."""
    return api.post(f"{PAYMENT}/{payment_id}/cancel")


def seen(api: Api, payment_id: str) -> dict[str, Any]:
    """Return everything that is told about a payment."""
    answer = api.get(f"{PAYMENT}/{payment_id}")
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def opened(payment_id: str) -> Payment:
    """Return the payment once its order is open."""
    wait_until(lambda: stored(payment_id).provider_order_id, f"the order of {payment_id}")
    return stored(payment_id)


def orders_of(sandbox: Sandbox, payment_id: str) -> list[str]:
    """Return the ids of all provider orders that were opened for a payment."""
    return [order["id"] for order in sandbox.orders_with_receipt(stored(payment_id).order_receipt)]


def tried_again(payment_id: str) -> Payment:
    """Return the payment once its work was tried a second time and came to nothing."""

    def is_tried() -> Payment | None:
        payment = stored(payment_id)
        is_waiting = payment.work and payment.work.attempts >= 2 and payment.work.claimed_until is None
        return payment if is_waiting else None

    return wait_until(is_tried, f"a second try for {payment_id}")


def page_of(action: dict[str, Any]) -> tuple[str, str, bool]:
    """Return a next action's type, the path of its page, and whether the page's token is there."""
    address = urlsplit(action["url"])
    return action["type"], address.path, len(parse_qs(address.query)["token"][0]) >= 32


def provider_payments(sandbox: Sandbox, payment_id: str) -> list[dict[str, Any]]:
    """Return the provider payments of a payment's order, which every UPI request makes one of."""
    order_id = stored(payment_id).provider_order_id
    items: list[dict[str, Any]] = sandbox.api("GET", f"/orders/{order_id}/payments").json()["items"]
    return items


def inserted(person: Person, times: list[datetime], **fields: Any) -> list[str]:
    """Store payments that were made at these times; returns their ids, newest first as lists have them."""
    rows = [
        a_payment(user_id=person.user_id, opened=False, created_at=time, updated_at=time, **fields)
        for time in times
    ]
    Payment.objects.insert(rows, load_bulk=False)
    return [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]


def listed(api: Api, **query: Any) -> dict[str, Any]:
    """Return one page of the list."""
    answer = api.get(PAYMENT, params=query)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"success", "message", "result", "nextCursor"}
    page: dict[str, Any] = answer.json()
    return page


def ids_of(page: dict[str, Any]) -> list[str]:
    """Return the ids on a page."""
    return [row["paymentId"] for row in page["result"]]


def pages(api: Api, **query: Any) -> list[list[str]]:
    """Return the ids on every page, following the cursors."""
    page = listed(api, **query)
    found = [ids_of(page)]
    while page["nextCursor"]:
        page = listed(api, cursor=page["nextCursor"], **query)
        found.append(ids_of(page))
    return found
