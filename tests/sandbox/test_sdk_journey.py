"""The official Python SDK, unchanged except for its base address."""

import pytest
import razorpay
import requests

TIMEOUT = 10


def test_the_sdk_goes_from_order_to_refund(sandbox_server, sandbox_client, sandbox_receiver):
    client = sandbox_client
    order = client.order.create(
        {"amount": 150_000, "currency": "INR", "receipt": "journey-1", "notes": {"a": "b"}}, timeout=TIMEOUT
    )
    browser = sandbox_server.try_pay(order["id"], method="card", number="4111 1111 1111 1111").json()
    payment_id = browser["razorpay_payment_id"]

    assert client.utility.verify_payment_signature(browser) is True
    assert client.order.fetch(order["id"], timeout=TIMEOUT)["status"] == "paid"
    assert client.order.payments(order["id"], timeout=TIMEOUT)["items"][0]["id"] == payment_id
    assert client.order.all({"receipt": "journey-1", "expand[]": "payments"}, timeout=TIMEOUT)["count"] == 1
    assert client.order.edit(order["id"], {"notes": {"c": "d"}}, timeout=TIMEOUT)["notes"] == {"c": "d"}
    assert client.payment.fetch(payment_id, timeout=TIMEOUT)["captured"] is True
    assert client.payment.all({"count": 1}, timeout=TIMEOUT)["items"][0]["id"] == payment_id
    assert client.payment.edit(payment_id, {"notes": {"e": "f"}}, timeout=TIMEOUT)["notes"] == {"e": "f"}
    assert client.payment.fetchCardDetails(payment_id, timeout=TIMEOUT)["last4"] == "1111"

    refund = client.payment.refund(
        payment_id, {"amount": 50_000}, headers={"X-Refund-Idempotency": "journey-key-1"}, timeout=TIMEOUT
    )

    assert refund["status"] == "processed"
    assert client.refund.fetch(refund["id"], timeout=TIMEOUT) == refund
    assert client.refund.all(timeout=TIMEOUT)["items"] == [refund]
    assert client.payment.fetch_multiple_refund(payment_id, timeout=TIMEOUT)["items"] == [refund]
    assert client.payment.fetch_refund_id(payment_id, refund["id"], timeout=TIMEOUT) == refund
    assert client.refund.edit(refund["id"], {"notes": {"g": "h"}}, timeout=TIMEOUT)["notes"] == {"g": "h"}
    second = client.refund.create({"payment_id": payment_id, "amount": 100}, timeout=TIMEOUT)
    assert second["payment_id"] == payment_id
    for received in sandbox_receiver.wait_for(7):
        assert client.utility.verify_webhook_signature(
            received.body.decode(), received.headers["x-razorpay-signature"], "sandbox_webhook_secret"
        )


def test_the_sdk_captures_an_authorized_payment(sandbox_server, sandbox_client):
    order = sandbox_client.order.create(
        {"amount": 20_000, "currency": "INR", "payment": {"capture": "manual"}}, timeout=TIMEOUT
    )
    payment_id = sandbox_server.pay(order["id"])

    captured = sandbox_client.payment.capture(payment_id, 20_000, {"currency": "INR"}, timeout=TIMEOUT)

    assert (captured["status"], captured["fee"], captured["tax"]) == ("captured", 472, 72)


def test_the_sdk_sees_the_errors_that_it_knows(sandbox_server, sandbox_client):
    with pytest.raises(razorpay.errors.BadRequestError, match=r"The amount must be at least INR 1\.00"):
        sandbox_client.order.create({"amount": 1, "currency": "INR"}, timeout=TIMEOUT)
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.list", "fault": "500"})
    with pytest.raises(razorpay.errors.ServerError, match="The server encountered an error"):
        sandbox_client.order.all(timeout=TIMEOUT)
    sandbox_server.control("POST", "/faults", {"endpoint": "orders.list", "fault": "html_502"})
    with pytest.raises(requests.exceptions.JSONDecodeError):
        sandbox_client.order.all(timeout=TIMEOUT)


def test_the_sdk_runs_into_its_timeout_and_the_order_exists_all_the_same(sandbox_server, sandbox_client):
    sandbox_server.control(
        "POST", "/faults", {"endpoint": "orders.create", "fault": "timeout_after", "seconds": 5}
    )

    with pytest.raises(requests.exceptions.ReadTimeout):
        sandbox_client.order.create({"amount": 20_000, "currency": "INR", "receipt": "lost-1"}, timeout=0.5)

    found = sandbox_client.order.all({"receipt": "lost-1"}, timeout=TIMEOUT)
    assert [order["amount"] for order in found["items"]] == [20_000]


def test_the_sdk_with_a_wrong_secret_is_refused(sandbox_server):
    with requests.Session() as session:
        client = razorpay.Client(
            session=session, auth=("rzp_test_sandbox", "wrong"), base_url=sandbox_server.url
        )
        with pytest.raises(razorpay.errors.BadRequestError, match="Authentication failed"):
            client.order.all(timeout=TIMEOUT)
