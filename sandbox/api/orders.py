"""The calls about orders."""

from typing import Any

from sandbox import orders, records
from sandbox.api import lists, payments
from sandbox.api.call import Call
from sandbox.world import Transaction

JsonObject = dict[str, Any]


def create(call: Call) -> JsonObject:
    """Answer POST /v1/orders."""
    with call.world.transaction() as tx:
        return orders.create(tx, call.body)


def fetch(call: Call) -> JsonObject:
    """Answer GET /v1/orders/:id."""
    with call.world.reading() as tx:
        return _expanded(tx, orders.fetch(tx, call.ids["order_id"]), lists.expansions(call.query))


def update(call: Call) -> JsonObject:
    """Answer PATCH /v1/orders/:id."""
    with call.world.transaction() as tx:
        return orders.update(tx, call.ids["order_id"], call.body)


def every(call: Call) -> JsonObject:
    """Answer GET /v1/orders."""
    count, skip = lists.page(call.query)
    conditions = lists.period(call.query)
    if "receipt" in call.query:
        conditions["receipt = ?"] = call.query["receipt"][-1]
    is_authorized = lists.flag(call.query, "authorized")
    if is_authorized is not None:
        conditions["authorized = ?"] = int(is_authorized)
    expansions = lists.expansions(call.query)
    with call.world.reading() as tx:
        found = records.find(tx, "orders", conditions, count=count, skip=skip)
        return records.collection([_expanded(tx, order, expansions) for order in found])


def payments_of(call: Call) -> JsonObject:
    """Answer GET /v1/orders/:id/payments: all attempts, the failed ones too."""
    with call.world.reading() as tx:
        order = records.get(tx, "orders", call.ids["order_id"])
        return _payments(tx, order, is_card_shown="card" in lists.expansions(call.query))


def _expanded(tx: Transaction, order: JsonObject, expansions: set[str]) -> JsonObject:
    if {"payments", "payments.card"} & expansions:
        order["payments"] = _payments(tx, order, is_card_shown="payments.card" in expansions)
    return order


def _payments(tx: Transaction, order: JsonObject, *, is_card_shown: bool) -> JsonObject:
    found = records.find(tx, "payments", {"order_id = ?": order["id"]})
    return records.collection([payments.shown(payment, is_card_shown=is_card_shown) for payment in found])
