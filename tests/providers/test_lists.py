"""The provider's lists, one page at a time: of the window that was asked for, in the order in which they are
kept, and readable although one entry is not."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderRejected
from gateway.providers.razorpay import LIST_COUNT_MAX, RazorpayProvider
from tests.conftest import Stack
from tests.support.client import Sandbox
from tests.support.domain import runtime_of
from tests.support.http_answers import answering, http
from tests.support.provider_calls import a_day, impatient_provider

PAYMENT = {"entity": "payment", "amount": 100, "currency": "INR", "status": "captured", "captured": True}


@pytest.fixture
def provider(stack: Stack) -> Any:
    """The adapter, connected to the stack's sandbox."""
    return runtime_of(stack.environ).context(by="test").provider


@pytest.fixture
def receipt() -> str:
    return f"RCP_{uuid.uuid4().hex}"


def a_minute_around(created_at: int) -> dict[str, Any]:
    """Return a window in which something was made, from its first page on."""
    made = datetime.fromtimestamp(created_at, UTC)
    minute = timedelta(minutes=1)
    return {"created_from": made - minute, "created_to": made + minute, "skip": 0}


def an_order(sandbox: Sandbox, receipt: str) -> dict[str, Any]:
    """Open an order at the sandbox."""
    body = {"amount": 50_000, "currency": "INR", "receipt": receipt}
    order: dict[str, Any] = sandbox.api("POST", "/orders", body).json()
    return order


def test_orders_payments_and_refunds_of_a_window_are_listed(
    provider: RazorpayProvider, sandbox: Sandbox, receipt: str
) -> None:
    order = an_order(sandbox, receipt)
    payment_id = sandbox.pay(order["id"])["razorpay_payment_id"]
    refund = sandbox.api("POST", f"/payments/{payment_id}/refund", {"amount": 20_000}).json()
    window = a_minute_around(order["created_at"])

    orders = [each for each in provider.list_orders(**window).items if each.order_receipt == receipt]
    payments = [each for each in provider.list_payments(**window).items if each.order_id == order["id"]]
    refunds = [each for each in provider.list_refunds(**window).items if each.payment_id == payment_id]

    assert [(each.id, each.status) for each in orders] == [(order["id"], "paid")]
    assert [(each.id, each.status, each.refunded_minor) for each in payments] == [
        (payment_id, "captured", 20_000)
    ]
    assert [(each.id, each.amount_minor) for each in refunds] == [(refund["id"], 20_000)]
    assert provider.fetch_order(order["id"]) == orders[0]


def test_an_order_that_the_provider_does_not_know_is_refused(provider: RazorpayProvider) -> None:
    with pytest.raises(ProviderRejected):
        provider.fetch_order("order_00000000000000")


def test_what_was_made_outside_the_window_is_not_listed(
    provider: RazorpayProvider, sandbox: Sandbox, receipt: str
) -> None:
    made = datetime.fromtimestamp(an_order(sandbox, receipt)["created_at"], UTC)
    hour = timedelta(hours=1)

    found = provider.list_orders(created_from=made + hour, created_to=made + 2 * hour, skip=0)

    assert (found.items, found.entries, found.is_last) == ([], 0, True)


@pytest.mark.parametrize("skip", [0, LIST_COUNT_MAX])
def test_a_page_says_whether_another_one_follows(skip: int) -> None:
    def page(request: bytes) -> bytes:
        asked = request.split(b" ")[1].decode()
        assert asked == f"/v1/payments?from=1793491200&to=1793577600&count=100&skip={skip}"
        count = LIST_COUNT_MAX if skip == 0 else 1
        items = [PAYMENT | {"id": f"pay_{number}"} for number in range(count)]
        return http(200, json.dumps({"entity": "collection", "count": count, "items": items}))

    with answering(page) as server:
        found = impatient_provider(server.base_url).list_payments(**a_day() | {"skip": skip})

    assert (found.entries, found.is_last) == ((100, False) if skip == 0 else (1, True))
    assert [each.id for each in found.items] == [f"pay_{number}" for number in range(found.entries)]


def test_an_entry_that_cannot_be_read_hides_no_other() -> None:
    items = [
        PAYMENT | {"id": "pay_1"},
        PAYMENT | {"id": "pay_2", "status": "pending"},
        "no payment at all",
        PAYMENT | {"id": "pay_3"},
    ]
    answer = http(200, json.dumps({"entity": "collection", "count": 4, "items": items}))

    with answering(lambda request: answer) as server:
        found = impatient_provider(server.base_url).list_payments(**a_day())

    assert [each.id for each in found.items] == ["pay_1", "pay_3"]
    assert (found.entries, found.is_last) == (4, True)


def test_an_answer_that_is_no_list_is_an_unknown_outcome() -> None:
    with (
        answering(lambda request: http(200, json.dumps(PAYMENT))) as server,
        pytest.raises(OutcomeUnknown),
    ):
        impatient_provider(server.base_url).list_refunds(**a_day())
