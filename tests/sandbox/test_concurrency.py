"""Many clients at once: only what fits is accepted, and exactly once."""

import threading

import requests

AUTH = ("rzp_test_sandbox", "sandbox_key_secret")


def at_once(count, call):
    """Run calls at the same moment, each with its own connection, and give their answers."""
    barrier = threading.Barrier(count)
    answers = []

    def run(number):
        barrier.wait()
        answers.append(call(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_simultaneous_captures_capture_once(sandbox_server):
    payment_id = sandbox_server.paid(method="upi", vpa="success@razorpay", capture=False)
    url = f"{sandbox_server.url}/v1/payments/{payment_id}/capture"

    answers = at_once(
        12, lambda _: requests.post(url, json={"amount": 150_000, "currency": "INR"}, auth=AUTH, timeout=20)
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 11
    assert {answer.json()["error"]["description"] for answer in answers if answer.status_code == 400} == {
        "This payment has already been captured"
    }


def test_simultaneous_refunds_never_exceed_the_captured_amount(sandbox_server):
    payment_id = sandbox_server.paid(100_000)
    url = f"{sandbox_server.url}/v1/payments/{payment_id}/refund"

    answers = at_once(20, lambda _: requests.post(url, json={"amount": 30_000}, auth=AUTH, timeout=20))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [400] * 17
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 90_000
    assert sandbox_server.call("GET", f"/v1/payments/{payment_id}/refunds").json()["count"] == 3


def test_simultaneous_refunds_with_one_key_make_one_refund(sandbox_server):
    payment_id = sandbox_server.paid(100_000)
    url = f"{sandbox_server.url}/v1/payments/{payment_id}/refund"
    headers = {"X-Refund-Idempotency": "refund-key-1"}

    answers = at_once(
        10, lambda _: requests.post(url, json={"amount": 500}, auth=AUTH, headers=headers, timeout=20)
    )

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 200}) == 1
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 500


def test_simultaneous_payments_of_one_order_pay_it_once(sandbox_server):
    order = sandbox_server.order()
    url = f"{sandbox_server.url}/sandbox/orders/{order['id']}/pay"

    answers = at_once(
        10, lambda _: requests.post(url, json={"method": "upi", "vpa": "success@razorpay"}, timeout=20)
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}/payments").json()["count"] == 1


def test_simultaneous_orders_with_one_receipt_make_one_order_in_idempotent_mode(sandbox_server):
    sandbox_server.control("POST", "/receipts", {"mode": "idempotent"})
    body = {"amount": 50_000, "currency": "INR", "receipt": "same"}

    answers = at_once(
        10, lambda _: requests.post(f"{sandbox_server.url}/v1/orders", json=body, auth=AUTH, timeout=20)
    )

    assert [answer.status_code for answer in answers] == [200] * 10
    assert len({answer.json()["id"] for answer in answers}) == 1
