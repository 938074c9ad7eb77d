"""The hosted checkout as a browser without scripts walks through it: forms are read, filled in and posted."""

import json

import pytest

from tests.sandbox.browser import CALLBACK_URL, CANCEL_URL, PATH, attempt, opening, payments_of, post


def test_the_page_shows_what_is_paid_and_offers_every_method(sandbox_server):
    order = sandbox_server.order(15_000_000)

    page = post(sandbox_server, opening(order))

    assert page.status == 200
    for shown in ("Greenfield School", "₹1,50,000.00", "Term 1", order["id"], "asha@example.com"):
        assert shown in page.text
    assert [form["fields"]["pay[method]"] for form in page.forms] == ["upi", "card", "netbanking", "wallet"]
    assert page.method("upi")["pay[vpa]"] == "success@razorpay"
    assert page.method("card")["pay[number]"] == "4100 2800 0000 1007"
    assert page.labels == {"vpa", "number", "expiry", "cvv", "name", "bank", "wallet"}
    assert page.links == [CANCEL_URL]
    assert page.scripts == []
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    ("method", "entered", "shown"),
    [
        ("upi", {}, {"method": "upi", "vpa": "success@razorpay"}),
        ("card", {}, {"method": "card", "bank": None}),
        ("netbanking", {"bank": "SBIN", "outcome": "success"}, {"method": "netbanking", "bank": "SBIN"}),
        ("wallet", {"outcome": "success"}, {"method": "wallet", "wallet": "freecharge"}),
    ],
)
def test_a_success_goes_to_the_callback_with_a_valid_signature(
    sandbox_server, sandbox_client, sandbox_receiver, method, entered, shown
):
    order = sandbox_server.order()

    page = attempt(sandbox_server, post(sandbox_server, opening(order)), method, **entered)

    (form,) = page.forms
    (payment,) = payments_of(sandbox_server, order)
    assert (page.status, form["action"], form["method"]) == (200, CALLBACK_URL, "post")
    assert list(form["fields"]) == ["razorpay_payment_id", "razorpay_order_id", "razorpay_signature"]
    assert form["fields"]["razorpay_payment_id"] == payment["id"]
    assert sandbox_client.utility.verify_payment_signature(form["fields"]) is True
    assert page.scripts == ["/sandbox/checkout/return.js"]
    assert (payment["status"], payment["notes"]) == ("captured", {"child": "Class 4"})
    assert (payment["email"], payment["contact"]) == ("asha@example.com", "+919812345678")
    assert {name: payment[name] for name in shown} == shown
    assert [one.event for one in sandbox_receiver.wait_for(3)] == [
        "payment.authorized", "payment.captured", "order.paid",
    ]  # fmt: skip


def test_a_failure_is_shown_and_the_customer_pays_the_same_order_at_the_second_try(sandbox_server):
    order = sandbox_server.order()
    first = post(sandbox_server, opening(order))

    failed = attempt(sandbox_server, first, "card", number="4100 2800 0008 0001")
    paid = attempt(sandbox_server, failed, "upi")

    assert failed.status == 200
    assert "Payment failed" in failed.text
    assert "due to insufficient account balance" in failed.text
    assert [payment["status"] for payment in payments_of(sandbox_server, order)] == ["captured", "failed"]
    assert paid.forms[0]["fields"]["razorpay_order_id"] == order["id"]
    found = sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()
    assert (found["status"], found["attempts"]) == ("paid", 2)


def test_giving_up_after_a_failure_posts_its_error_to_the_callback(sandbox_server):
    order = sandbox_server.order()
    page = post(sandbox_server, opening(order))
    failed = attempt(sandbox_server, page, "netbanking", outcome="failure")
    (give_up,) = [form for form in failed.forms if form["action"] == f"{PATH}/give-up"]

    left = post(sandbox_server, give_up["fields"], give_up["action"])

    (form,) = left.forms
    (payment,) = payments_of(sandbox_server, order)
    metadata = json.loads(form["fields"].pop("error[metadata]"))
    assert (form["action"], form["method"]) == (CALLBACK_URL, "post")
    assert form["fields"] == {
        "error[code]": "BAD_REQUEST_ERROR",
        "error[description]": "Payment was unsuccessful due to a temporary issue. "
        "Any amount deducted will be refunded within 5-7 working days.",
        "error[source]": "gateway",
        "error[step]": "payment_response",
        "error[reason]": "payment_failed",
    }
    assert metadata == {"order_id": order["id"], "payment_id": payment["id"]}
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["status"] == "attempted"
