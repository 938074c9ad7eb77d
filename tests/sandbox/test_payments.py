"""Payments: their fields, capture, fees, and money that arrives late."""

import pytest

PAYMENT_FIELDS = [
    "id", "entity", "amount", "currency", "status", "order_id", "invoice_id", "international", "method",
    "amount_refunded", "refund_status", "captured", "description", "card_id", "bank", "wallet", "vpa",
    "email", "contact", "notes", "fee", "tax", "error_code", "error_description", "error_source",
    "error_step", "error_reason", "acquirer_data", "created_at",
]  # fmt: skip


def described(answer):
    """Give status and description of an error."""
    return answer.status_code, answer.json()["error"]["description"]


def test_a_captured_upi_payment_has_every_documented_field(sandbox_server):
    order = sandbox_server.order(150_000)
    payment_id = sandbox_server.pay(order["id"])

    payment = sandbox_server.payment(payment_id)

    assert list(payment) == [*PAYMENT_FIELDS, "upi"]
    assert type(payment.pop("created_at")) is int
    assert list(payment.pop("acquirer_data")) == ["rrn", "upi_transaction_id"]
    assert payment == {
        "id": payment_id, "entity": "payment", "amount": 150_000, "currency": "INR", "status": "captured",
        "order_id": order["id"], "invoice_id": None, "international": False, "method": "upi",
        "amount_refunded": 0, "refund_status": None, "captured": True, "description": None, "card_id": None,
        "bank": None, "wallet": None, "vpa": "success@razorpay", "email": "void@razorpay.com",
        "contact": "+919000000001", "notes": [], "fee": 3540, "tax": 540, "error_code": None,
        "error_description": None, "error_source": None, "error_step": None, "error_reason": None,
        "upi": {"vpa": "success@razorpay", "flow": "collect"},
    }  # fmt: skip


def test_a_card_is_shown_on_demand_only(sandbox_server):
    payment_id = sandbox_server.paid(method="card", number="4100 2800 0000 1007", name="Asha Rao")

    plain = sandbox_server.payment(payment_id)
    expanded = sandbox_server.call("GET", f"/v1/payments/{payment_id}?expand[]=card").json()
    card = sandbox_server.call("GET", f"/v1/payments/{payment_id}/card").json()

    assert "card" not in plain
    assert expanded["card"] == card
    assert card == {
        "id": plain["card_id"], "entity": "card", "name": "Asha Rao", "last4": "1007", "network": "Visa",
        "type": "credit", "issuer": "UTIB", "international": False, "emi": False, "sub_type": "consumer",
        "token_iin": None,
    }  # fmt: skip


def test_the_card_of_a_payment_without_one_is_refused(sandbox_server):
    payment_id = sandbox_server.paid()

    answer = sandbox_server.call("GET", f"/v1/payments/{payment_id}/card")

    assert described(answer) == (400, "Payment was not done using card")


def test_payments_are_listed_newest_first(sandbox_server):
    made = [sandbox_server.paid() for _ in range(3)]

    found = sandbox_server.call("GET", "/v1/payments?count=2").json()

    assert [one["id"] for one in found["items"]] == made[:0:-1]


def test_only_the_notes_of_a_payment_can_be_changed(sandbox_server):
    payment_id = sandbox_server.paid()
    before = sandbox_server.payment(payment_id)

    changed = sandbox_server.call("PATCH", f"/v1/payments/{payment_id}", {"notes": {"a": "b"}}).json()

    assert changed == {**before, "notes": {"a": "b"}}
    assert sandbox_server.payment(payment_id) == changed


def test_an_authorized_payment_is_captured_once_for_its_exact_amount(sandbox_server):
    order = sandbox_server.order(20_000)
    payment_id = sandbox_server.pay(order["id"], capture=False)
    before = sandbox_server.payment(payment_id)
    path = f"/v1/payments/{payment_id}/capture"

    less = sandbox_server.call("POST", path, {"amount": 19_999, "currency": "INR"})
    other_currency = sandbox_server.call("POST", path, {"amount": 20_000, "currency": "USD"})
    no_amount = sandbox_server.call("POST", path, {"currency": "INR"})
    captured = sandbox_server.call("POST", path, {"amount": 20_000, "currency": "INR"}).json()
    again = sandbox_server.call("POST", path, {"amount": 20_000, "currency": "INR"})

    assert (before["status"], before["captured"], before["fee"], before["tax"]) == (
        "authorized",
        False,
        None,
        None,
    )
    assert described(less) == (400, "Capture amount must be equal to the amount authorized")
    assert described(other_currency) == (400, "Capture request currency must be same as payment currency.")
    assert described(no_amount) == (
        400, "Could not validate payment capture request due to: amount: cannot be blank.",
    )  # fmt: skip
    assert captured == {**before, "status": "captured", "captured": True, "fee": 472, "tax": 72}
    assert described(again) == (400, "This payment has already been captured")
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["status"] == "paid"


def test_a_failed_or_refunded_payment_cannot_be_captured(sandbox_server):
    failed = sandbox_server.try_pay(sandbox_server.order()["id"], method="upi", vpa="failure@razorpay").json()
    refunded = sandbox_server.paid()
    assert sandbox_server.refund(refunded).status_code == 200

    answers = [
        sandbox_server.call("POST", f"/v1/payments/{one}/capture", {"amount": 150_000, "currency": "INR"})
        for one in (failed["error"]["metadata"]["payment_id"], refunded)
    ]

    expected = (400, "Only payments which have been authorized and not yet captured can be captured")
    assert [described(answer) for answer in answers] == [expected, expected]


@pytest.mark.parametrize(
    "options", [{"payment_capture": 0}, {"payment_capture": False}, {"payment": {"capture": "manual"}}]
)
def test_an_order_with_manual_capture_leaves_its_payment_authorized(sandbox_server, options):
    order = sandbox_server.order(**options)

    payment_id = sandbox_server.pay(order["id"])

    assert sandbox_server.payment(payment_id)["status"] == "authorized"
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["status"] == "attempted"


def test_a_paid_order_takes_no_second_payment(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.pay(order["id"])

    answer = sandbox_server.try_pay(order["id"])

    assert described(answer) == (
        400,
        (
            "Your payment has been declined as the order is already paid. "
            "Please initiate the payment with a new order."
        ),
    )
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["attempts"] == 1


def test_an_order_with_an_authorized_payment_takes_no_second_one(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.pay(order["id"], capture=False)

    answer = sandbox_server.try_pay(order["id"])

    assert described(answer) == (400, "Payment already done for this order.")
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}/payments").json()["count"] == 1


def test_a_failed_payment_may_be_authorized_late_and_pays_its_order(sandbox_server, sandbox_receiver):
    order = sandbox_server.order()
    error = sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay").json()["error"]
    payment_id = error["metadata"]["payment_id"]

    late = sandbox_server.control("POST", f"/payments/{payment_id}/authorize-late")

    assert (late["id"], late["status"], late["error_code"]) == (payment_id, "captured", None)
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["status"] == "paid"
    received = sandbox_receiver.wait_for(4)
    assert [one.event for one in received] == [
        "payment.failed", "payment.authorized", "payment.captured", "order.paid",
    ]  # fmt: skip
    assert {one.entity["id"] for one in received} == {payment_id}
    assert received[1].entity["late_authorized"] is True


def test_money_that_arrives_late_for_a_paid_order_is_given_back(sandbox_server, sandbox_receiver):
    order = sandbox_server.order()
    error = sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay").json()["error"]
    sandbox_server.pay(order["id"])
    sandbox_receiver.wait_for(4)

    late = sandbox_server.control("POST", f"/payments/{error['metadata']['payment_id']}/authorize-late")

    assert (late["status"], late["captured"], late["amount_refunded"]) == ("refunded", False, 150_000)
    received = sandbox_receiver.wait_for(7)
    assert [one.event for one in received[4:]] == ["payment.authorized", "refund.created", "refund.processed"]
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json()["amount_paid"] == 150_000


def test_only_a_failed_payment_can_be_authorized_late(sandbox_server):
    payment_id = sandbox_server.paid()

    answer = sandbox_server.call("POST", f"/sandbox/payments/{payment_id}/authorize-late")

    assert described(answer) == (400, "Only a failed payment can be authorized late; this one is captured")


def test_an_uncaptured_payment_goes_back_to_the_payer_after_three_days(
    sandbox_server, sandbox_receiver, sandbox_until
):
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"], capture=False)
    sandbox_receiver.wait_for(1)

    sandbox_server.control("POST", "/clock", {"frozen": True, "advance_seconds": 3 * 86400 - 60})
    still = sandbox_server.payment(payment_id)["status"]
    sandbox_server.control("POST", "/clock", {"advance_seconds": 60})
    sandbox_until(lambda: sandbox_server.payment(payment_id)["status"] == "refunded")

    assert still == "authorized"
    events = sandbox_receiver.wait_for(3)
    assert [one.event for one in events] == ["payment.authorized", "refund.created", "refund.processed"]
    assert sandbox_server.payment(payment_id)["captured"] is False


def test_payments_and_refunds_are_listed_by_period_and_page_by_page(sandbox_server):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    made = []
    for _ in range(3):
        sandbox_server.control("POST", "/clock", {"advance_seconds": 1000})
        payment_id = sandbox_server.paid()
        refund = sandbox_server.refund(payment_id, amount=1000).json()
        made.append({"payments": payment_id, "refunds": refund["id"], "at": refund["created_at"]})

    def found(path, query):
        return [one["id"] for one in sandbox_server.call("GET", f"/v1/{path}?{query}").json()["items"]]

    first, second, third = made
    for path in ("payments", "refunds"):
        # Both ends of the period belong to it.
        assert found(path, f"from={second['at']}&to={third['at']}") == [third[path], second[path]]
        assert found(path, f"to={first['at']}") == [first[path]]
        assert found(path, f"from={third['at'] + 1}") == []
        assert found(path, "count=2") == [third[path], second[path]]
        assert found(path, "count=2&skip=2") == [first[path]]
        assert found(path, f"from={first['at']}&count=1&skip=1") == [second[path]]


def test_the_list_of_payments_can_lag_behind_while_everything_else_knows(sandbox_server):
    sandbox_server.control("POST", "/clock", {"frozen": True})
    sandbox_server.control("POST", "/lists", {"lag_seconds": 120})
    order = sandbox_server.order()
    payment_id = sandbox_server.pay(order["id"])

    def listed():
        items = sandbox_server.call("GET", "/v1/payments").json()["items"]
        return [one["id"] for one in items]

    assert listed() == []
    assert sandbox_server.payment(payment_id)["status"] == "captured"
    of_order = sandbox_server.call("GET", f"/v1/orders/{order['id']}/payments").json()
    assert [one["id"] for one in of_order["items"]] == [payment_id]
    sandbox_server.control("POST", "/clock", {"advance_seconds": 121})
    assert listed() == [payment_id]
