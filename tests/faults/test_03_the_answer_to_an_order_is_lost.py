"""Row 3: the provider opens the order, and its answer is lost. The order is looked up by its receipt before
anything else is done, so that there is one; the client is told that it is being opened, and then has it.

Lost calls that had no effect are in tests/api/test_orders.py and tests/api/test_payment_process_faults.py.
"""

from tests.support.client import Api, Person, Sandbox, stored
from tests.support.second_door import create, process, seen
from tests.support.waiting import wait_until


def _now(sandbox: Sandbox) -> float:
    now: float = sandbox.control("GET", "/clock").json()["now"]
    return now


def _opened(sandbox: Sandbox, payment_id: str, since: float) -> tuple[str, list[str]]:
    """Wait until the order is open; returns its id, and what was asked about it, the oldest first."""
    order_id: str = wait_until(lambda: stored(payment_id).provider_order_id, "the order's opening")
    order_receipt = stored(payment_id).order_receipt
    items = sandbox.control("GET", "/requests", params={"path": "/v1/orders"}).json()["items"]
    calls = [call for call in reversed(items) if call["path"] == "/v1/orders" and call["at"] >= since]
    found = [order["id"] for order in sandbox.orders_with_receipt(order_receipt)]
    assert found == [order_id]
    asked = [call["method"] for call in calls if call["method"] == "POST" or order_receipt in call["query"]]
    return order_id, asked


def test_the_order_is_looked_up_within_the_request(customer: Person, sandbox: Sandbox) -> None:
    since = _now(sandbox)
    sandbox.fault("orders.create", "timeout_after")

    answer = customer.api.create_order(customer.school_id)

    data = answer.json()["data"]
    assert answer.status_code == 201
    assert _opened(sandbox, data["payment"]["id"], since) == (data["order"]["id"], ["POST", "GET"])


def test_a_client_is_told_to_come_again_until_the_order_is_found(
    hasty: Api, customer: Person, sandbox: Sandbox
) -> None:
    since = _now(sandbox)
    sandbox.fault("orders.create", "timeout_after")
    sandbox.fault("orders.list", "drop")

    first = hasty.create_order(customer.school_id, key="one-order")
    payment_id = first.json()["data"]["payment"]["id"]
    order_id, asked = _opened(sandbox, payment_id, since)
    second = hasty.create_order(customer.school_id, key="one-order")

    assert (first.status_code, first.headers["Retry-After"], first.json()["data"]["order"]) == (
        202,
        "2",
        None,
    )
    assert second.status_code == 201
    assert second.json()["data"]["order"]["id"] == order_id
    assert second.json()["data"]["payment"]["id"] == payment_id
    assert asked == ["POST", "GET", "GET"]


def test_a_payment_that_is_processed_is_processing_until_the_order_is_found(
    hasty: Api, customer: Person, sandbox: Sandbox
) -> None:
    payment_id = create(customer)["paymentId"]
    since = _now(sandbox)
    sandbox.fault("orders.create", "timeout_after")
    sandbox.fault("orders.list", "drop")

    answer = process(hasty, payment_id, headers={})
    at_first = seen(hasty, payment_id)["razorpayOrderId"]
    order_id, asked = _opened(sandbox, payment_id, since)

    assert (answer.status_code, at_first) == (202, None)
    assert seen(hasty, payment_id)["razorpayOrderId"] == order_id
    assert asked == ["POST", "GET", "GET"]
