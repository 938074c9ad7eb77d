"""Cancelling an order: only an unpaid one, after asking the provider, with a receipt."""

from tests.support.client import Person, Sandbox, open_order, paid_order, snapshot, stored
from tests.support.steps import at_rest, changes_to, has_status

PAYMENTS = "/api/v1/payments"


def _cancel_path(order_id: str) -> str:
    return f"{PAYMENTS}/orders/{order_id}/cancel"


def test_an_unpaid_order_is_cancelled_with_a_receipt(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)

    answer = customer.api.post(_cancel_path(order_id))

    payment = stored(payment_id)
    (receipt,) = payment.receipts
    assert answer.status_code == 200
    assert answer.json()["message"] == "Payment cancelled successfully"
    assert answer.json()["data"]["payment"]["status"] == "CANCELLED"
    assert answer.json()["data"]["receipt"] == {
        "id": receipt.id,
        "receiptNumber": receipt.number,
        "filePath": f"receipts/{receipt.number}.pdf",
        "downloadUrl": f"{PAYMENTS}/receipts/{receipt.id}/download",
    }
    assert receipt.number.startswith("CAN_")
    (row,) = customer.api.status(order_id)["receipts"]
    assert row["receiptType"] == "CANCELLATION_RECEIPT"


def test_cancelling_twice_gives_the_same_answer(customer: Person) -> None:
    order_id, payment_id = open_order(customer)

    first = customer.api.post(_cancel_path(order_id))
    second = customer.api.post(_cancel_path(order_id))

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert changes_to(stored(payment_id), "CANCELLED") == 1


def test_a_failed_payment_can_be_cancelled(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    sandbox.fail(order_id)
    has_status(payment_id, "FAILED")

    answer = customer.api.post(_cancel_path(order_id))

    assert answer.json()["data"]["payment"]["status"] == "CANCELLED"
    assert answer.json()["data"]["payment"]["attempts"] == 1


def test_a_paid_order_is_not_cancelled(customer: Person, sandbox: Sandbox) -> None:
    sandbox.deliveries(paused=True)
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    before = snapshot(paid.payment_id)

    answer = customer.api.post(_cancel_path(paid.order_id))

    after = snapshot(paid.payment_id)
    assert answer.status_code == 409
    assert answer.json()["code"] == "PAYMENT_NOT_CANCELLABLE"
    assert answer.json()["details"] == {"status": "PAID"}
    assert {**after, "version": None} == {**before, "version": None}


def test_money_that_we_have_not_heard_of_yet_prevents_a_cancellation(
    customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    sandbox.pay(order_id)

    answer = customer.api.post(_cancel_path(order_id))

    assert answer.status_code == 409
    assert answer.json()["details"] == {"status": "PAID"}
    payment = has_status(payment_id, "PAID")
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]


def test_nothing_is_cancelled_while_the_provider_cannot_be_asked(customer: Person, sandbox: Sandbox) -> None:
    order_id, payment_id = open_order(customer)
    before = snapshot(payment_id)
    sandbox.fault("orders.payments", "500")

    answer = customer.api.post(_cancel_path(order_id))

    assert answer.status_code == 503
    assert answer.json()["code"] == "PROVIDER_UNAVAILABLE"
    assert answer.headers["Retry-After"] == "5"
    assert snapshot(payment_id) == before


def test_someone_elses_order_is_a_404(customer: Person, stranger: Person) -> None:
    order_id, payment_id = open_order(customer)
    before = snapshot(payment_id)

    answer = stranger.api.post(_cancel_path(order_id))

    assert answer.status_code == 404
    assert answer.json()["code"] == "PAYMENT_NOT_FOUND"
    assert snapshot(payment_id) == before
