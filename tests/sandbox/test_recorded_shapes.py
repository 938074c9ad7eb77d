"""Webhook bodies have the keys, in the order and of the types, that were recorded at Razorpay."""

import json
from typing import Any

PAYMENT_FAILED = """
{"entity":"event","account_id":"acc_SBXacct0000001","event":"payment.failed","contains":["payment"],
 "payload":{"payment":{"entity":{
 "id":"pay_SBXpaym0000002","entity":"payment","amount":150000,"currency":"INR","status":"failed",
 "order_id":"order_SBXordr0000001","invoice_id":null,"international":false,"method":"card","amount_refunded":0,
 "refund_status":null,"captured":false,"description":"Booking","card_id":"card_SBXcard0000001",
 "card":{"id":"card_SBXcard0000001","entity":"card","name":"","last4":"0003","network":"Visa","type":"credit",
 "issuer":"UTIB","international":false,"emi":false,"sub_type":"consumer","token_iin":null},
 "bank":null,"wallet":null,"vpa":null,"email":"void@razorpay.com","contact":"+919000000001","notes":[],
 "fee":null,"tax":null,"error_code":"BAD_REQUEST_ERROR","error_description":"Payment failed",
 "error_source":"gateway","error_step":"payment_authorization","error_reason":"payment_failed",
 "acquirer_data":{"auth_code":null},"created_at":1780000000,"reward":null}}},"created_at":1780000005}
"""
ORDER_PAID = """
{"entity":"event","account_id":"acc_SBXacct0000001","event":"order.paid","contains":["payment","order"],
 "payload":{"payment":{"entity":{
 "id":"pay_SBXpaym0000001","entity":"payment","amount":150000,"currency":"INR","status":"captured",
 "order_id":"order_SBXordr0000001","invoice_id":null,"international":false,"method":"upi","amount_refunded":0,
 "refund_status":null,"captured":true,"description":null,"card_id":null,"bank":null,"wallet":null,
 "vpa":"success@razorpay","email":"void@razorpay.com","contact":"+919000000001","notes":[],
 "fee":3540,"tax":540,"error_code":null,"error_description":null,"error_source":null,"error_step":null,
 "error_reason":null,"acquirer_data":{"rrn":"600000000001","upi_transaction_id":"0A0B0C"},"emi_plan":null,
 "created_at":1780000100,"reward":null,"upi":{"vpa":"success@razorpay","flow":"collect"}}},
 "order":{"entity":{"id":"order_SBXordr0000001","entity":"order","amount":150000,"amount_paid":150000,
 "amount_due":0,"currency":"INR","receipt":"bk-1","offer_id":null,"status":"paid","attempts":2,"notes":[],
 "created_at":1779999990,"description":null,"checkout":null}}},"created_at":1780000102}
"""
REFUND = """
{"id":"rfnd_SBXrfnd0000001","entity":"refund","amount":50000,"currency":"INR",
 "payment_id":"pay_SBXpaym0000001","notes":[],"receipt":"rf-1","acquirer_data":{"rrn":null},
 "created_at":1780000500,"batch_id":null,"status":"processed","speed_processed":"normal",
 "speed_requested":"normal"}
"""
FAILING_CARD, DECLINED = "4100280000060003", "card_declined"
# These differ from sale to sale, and only their types are compared.
VARYING = frozenset(
    (
        "id", "account_id", "created_at", "order_id", "payment_id", "card_id", "rrn", "upi_transaction_id",
        "error_description", "error_source", "error_step", "error_reason",
    )
)  # fmt: skip


def shape(value: Any, name: str = "") -> Any:
    """Give what is compared: keys in their order, and values, or the types of those that vary."""
    if isinstance(value, dict):
        return [(key, shape(content, key)) for key, content in value.items()]
    return type(value).__name__ if name in VARYING else value


def bodies(receiver, count: int) -> dict[str, Any]:
    return {one.event: json.loads(one.body) for one in receiver.wait_for(count)}


def test_a_failed_card_payment_has_the_recorded_shape(sandbox_server, sandbox_receiver):
    order = sandbox_server.order(150_000)
    card = {"method": "card", "number": FAILING_CARD, "description": "Booking"}
    assert sandbox_server.try_pay(order["id"], **card).status_code == 400

    found = bodies(sandbox_receiver, 1)["payment.failed"]

    assert shape(found) == shape(json.loads(PAYMENT_FAILED))
    assert found["payload"]["payment"]["entity"]["error_reason"] == DECLINED


def test_a_paid_order_has_the_recorded_shape(sandbox_server, sandbox_receiver):
    order = sandbox_server.order(150_000, receipt="bk-1")
    sandbox_server.try_pay(order["id"], method="upi", vpa="failure@razorpay")
    sandbox_server.pay(order["id"])

    found = bodies(sandbox_receiver, 4)

    assert shape(found["order.paid"]) == shape(json.loads(ORDER_PAID))
    recorded = json.loads(ORDER_PAID)["payload"]["payment"]["entity"]
    captured = found["payment.captured"]["payload"]["payment"]["entity"]
    assert shape(captured) == shape({**recorded, "base_amount": 150_000, "amount_transferred": 0})
    authorized = found["payment.authorized"]["payload"]["payment"]["entity"]
    before = {**recorded, "status": "authorized", "captured": False, "fee": None, "tax": None}
    assert shape(authorized) == shape(before)


def test_a_refund_has_the_recorded_shape(sandbox_server, sandbox_receiver):
    order = sandbox_server.order(150_000)
    payment_id = sandbox_server.pay(order["id"])
    made = sandbox_server.refund(payment_id, amount=50_000, receipt="rf-1")

    found = bodies(sandbox_receiver, 5)["refund.processed"]

    assert shape(made.json()) == shape(json.loads(REFUND))
    payment = json.loads(ORDER_PAID)["payload"]["payment"]["entity"]
    refunded = {**payment, "amount_refunded": 50_000, "refund_status": "partial"}
    entities = {
        "refund": {"entity": json.loads(REFUND)},
        "payment": {"entity": {**refunded, "base_amount": 150_000, "amount_transferred": 0}},
    }
    assert shape(found["payload"]) == shape(entities)
    assert found["contains"] == ["refund", "payment"]


def test_a_refund_of_optimum_speed_tells_that_it_became_a_normal_one(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_server.refund(payment_id, amount=100, speed="optimum")

    found = bodies(sandbox_receiver, 6)["refund.speed_changed"]

    refund = found["payload"]["refund"]["entity"]
    assert (refund["speed_requested"], refund["speed_processed"]) == ("optimum", "normal")
