"""The service's main job, from an account to a refund receipt."""

from tests.support.client import Person, Sandbox, paid_order, stored
from tests.support.waiting import wait_until


def test_an_order_is_paid_verified_receipted_and_refunded_in_part(customer: Person, sandbox: Sandbox) -> None:
    paid = paid_order(customer, sandbox, 500)

    pdf = customer.api.download(paid.receipt)
    refund = customer.api.refund(paid.payment_id, 250, notes={"reason": "moved away"}).json()["data"]

    assert pdf.content.startswith(b"%PDF-")
    assert refund["refund"]["amount"] == 25000
    assert refund["payment"]["status"] == "PARTIAL_REFUND"
    assert customer.api.download(refund["receipt"]).headers["Content-Type"] == "application/pdf"
    assert stored(paid.payment_id).refund_reserved_minor == 25000
    assert [r["amount"] for r in sandbox.refunds_of(paid.provider_payment_id)] == [25000]


def test_an_authorised_payment_is_captured_by_the_worker(customer: Person, sandbox: Sandbox) -> None:
    order = customer.api.create_order(customer.school_id, 120.5).json()["data"]["order"]
    checkout = sandbox.pay(order["id"], capture=False)

    answer = customer.api.verify(checkout)

    assert answer.status_code == 200
    assert answer.json()["data"]["payment"]["status"] == "PAID"
    assert sandbox.api("GET", f"/payments/{checkout['razorpay_payment_id']}").json()["status"] == "captured"


def test_a_receipt_comes_into_being_when_only_the_webhook_arrives(customer: Person, sandbox: Sandbox) -> None:
    order = customer.api.create_order(customer.school_id, 99).json()["data"]["order"]

    sandbox.pay(
        order["id"], {"method": "card", "number": "4111 1111 1111 1111", "expiry": "12/30", "cvv": "123"}
    )

    status = wait_until(
        lambda: (found := customer.api.status(order["id"]))["receipts"] and found, "the webhook's receipt"
    )
    assert status["payment"]["status"] == "PAID"
    assert status["payment"]["attempts"] == 1
    assert customer.api.download(status["receipts"][0]).content.startswith(b"%PDF-")
