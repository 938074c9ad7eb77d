"""A second payment of a paid order, which Razorpay prevents as well as it can, forced by a tester."""

UPI = {"method": "upi", "vpa": "success@razorpay"}


def test_a_forced_payment_of_a_paid_order_is_captured_beside_the_first(sandbox_server, sandbox_receiver):
    order = sandbox_server.order(150_000)
    first_id = sandbox_server.pay(order["id"])
    sandbox_receiver.wait_for(3)

    second_id = sandbox_server.pay(order["id"], **UPI, force=True)

    first, second = sandbox_server.payment(first_id), sandbox_server.payment(second_id)
    assert first_id != second_id
    assert [(one["status"], one["captured"], one["amount"]) for one in (first, second)] == [
        ("captured", True, 150_000)
    ] * 2
    paid = sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()
    assert (paid["status"], paid["amount_paid"], paid["attempts"]) == ("paid", 150_000, 2)
    received = sandbox_receiver.wait_for(5)
    assert [one.event for one in received] == [
        "payment.authorized", "payment.captured", "order.paid", "payment.authorized", "payment.captured",
    ]  # fmt: skip
    assert {one.entity["id"] for one in received[3:]} == {second_id}


def test_a_forced_payment_is_refunded_for_itself(sandbox_server):
    order = sandbox_server.order(150_000)
    first_id = sandbox_server.pay(order["id"])
    second_id = sandbox_server.pay(order["id"], **UPI, force=True)

    refund = sandbox_server.refund(second_id).json()

    assert (refund["payment_id"], refund["amount"]) == (second_id, 150_000)
    assert sandbox_server.payment(first_id)["amount_refunded"] == 0


def test_a_forced_payment_may_be_authorised_only(sandbox_server):
    order = sandbox_server.order(150_000)
    sandbox_server.pay(order["id"])

    second_id = sandbox_server.pay(order["id"], **UPI, force=True, capture=False)

    assert sandbox_server.payment(second_id)["status"] == "authorized"


def test_without_force_a_paid_order_takes_no_second_payment(sandbox_server):
    order = sandbox_server.order(150_000)
    sandbox_server.pay(order["id"])

    answer = sandbox_server.try_pay(order["id"], **UPI, force=False)

    assert answer.status_code == 400
    assert answer.json()["error"]["description"].startswith("Your payment has been declined as the order")
    assert len(sandbox_server.call("GET", f"/v1/orders/{order['id']}/payments").json()["items"]) == 1
