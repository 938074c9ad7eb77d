"""The calls about payments and their refunds."""

from typing import Any

from sandbox import collect, errors, idempotency, payments, records, refunds
from sandbox.api import lists
from sandbox.api.call import Call

JsonObject = dict[str, Any]


def shown(payment: JsonObject, *, is_card_shown: bool = False) -> JsonObject:
    """Give a payment as the API shows it: the card only on demand. (Webhooks always carry it.)"""
    return {name: value for name, value in payment.items() if name != "card" or is_card_shown}


def fetch(call: Call) -> JsonObject:
    """Answer GET /v1/payments/:id."""
    with call.world.reading() as tx:
        payment = records.get(tx, "payments", call.ids["payment_id"])
    return shown(payment, is_card_shown="card" in lists.expansions(call.query))


def every(call: Call) -> JsonObject:
    """Answer GET /v1/payments. Razorpay's was seen to miss the newest ones; a switch does so too."""
    count, skip = lists.page(call.query)
    is_card_shown = "card" in lists.expansions(call.query)
    conditions = lists.period(call.query)
    with call.world.reading() as tx:
        lag_seconds = tx.controls.get("lists")["lag_seconds"]
        if lag_seconds:
            conditions["? >= created_at"] = tx.now - lag_seconds
        found = records.find(tx, "payments", conditions, count=count, skip=skip)
    return records.collection([shown(payment, is_card_shown=is_card_shown) for payment in found])


def create_upi(call: Call) -> JsonObject:
    """Answer POST /v1/payments/create/upi as documented for collect: with the id and nothing else."""
    with call.world.transaction() as tx:
        return {"razorpay_payment_id": collect.create(tx, call.body)["id"]}


def update(call: Call) -> JsonObject:
    """Answer PATCH /v1/payments/:id."""
    with call.world.transaction() as tx:
        return shown(payments.update(tx, call.ids["payment_id"], call.body))


def capture(call: Call) -> JsonObject:
    """Answer POST /v1/payments/:id/capture."""
    with call.world.transaction() as tx:
        return shown(payments.capture(tx, call.ids["payment_id"], call.body))


def card(call: Call) -> JsonObject:
    """Answer GET /v1/payments/:id/card."""
    with call.world.reading() as tx:
        payment = records.get(tx, "payments", call.ids["payment_id"])
    if "card" not in payment:
        raise errors.ProviderError("Payment was not done using card")
    found: JsonObject = payment["card"]
    return found


def refund(call: Call) -> JsonObject:
    """Answer POST /v1/payments/:id/refund."""
    return _refund(call, call.ids["payment_id"], call.body)


def refund_by_body(call: Call) -> JsonObject:
    """Answer POST /v1/refunds, which names the payment in its body."""
    payment_id = call.body.get("payment_id")
    if not isinstance(payment_id, str) or not payment_id:
        raise errors.invalid("The payment id field is required.", "payment_id")
    body = {name: value for name, value in call.body.items() if name != "payment_id"}
    return _refund(call, payment_id, body)


def refunds_of(call: Call) -> JsonObject:
    """Answer GET /v1/payments/:id/refunds."""
    count, skip = lists.page(call.query)
    payment_id = call.ids["payment_id"]
    with call.world.reading() as tx:
        records.get(tx, "payments", payment_id)
        conditions = {"payment_id = ?": payment_id, **lists.period(call.query)}
        return records.collection(records.find(tx, "refunds", conditions, count=count, skip=skip))


def refund_of(call: Call) -> JsonObject:
    """Answer GET /v1/payments/:id/refunds/:id."""
    with call.world.reading() as tx:
        records.get(tx, "payments", call.ids["payment_id"])
        found = records.get(tx, "refunds", call.ids["refund_id"])
    if found["payment_id"] != call.ids["payment_id"]:
        raise errors.unknown_id("rfnd", call.ids["refund_id"])
    return found


def _refund(call: Call, payment_id: str, body: JsonObject) -> JsonObject:
    key = call.idempotency_key
    with call.world.transaction() as tx:
        earlier = idempotency.earlier_refund(tx, key, payment_id, body) if key is not None else None
        if earlier is not None:
            return earlier
        made = refunds.create(tx, payment_id, body)
        if key is not None:
            idempotency.remember(tx, key, payment_id, body, made)
        return made
