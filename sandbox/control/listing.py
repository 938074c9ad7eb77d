"""Controls that list what there is: orders, newest first, and all that belongs to one of them.

The API lists the same, but wants keys, and by pages that shift while orders are made. The page at /sandbox/
asks here; it gets the next page by the number of the last line, which 100,000 orders make no slower.
"""

import json
from typing import Any

from sandbox import disputes, records
from sandbox.control.request import Control, collection, limit
from sandbox.control_errors import ControlError
from sandbox.world import Transaction

JsonObject = dict[str, Any]
LIMIT_DEFAULT = 25
LIMIT_MAX = 100
# How many payments of one order, and refunds of one payment, are shown.
PARTS_MAX = 50


def orders(control: Control) -> JsonObject:
    """Answer GET /sandbox/orders: newest first; ?before= gives those before a line, ?find= the order of an id
    or of a receipt. next_before is null on the last page."""
    wanted = limit(control, LIMIT_DEFAULT, LIMIT_MAX)
    with control.world.reading() as tx:
        if control.query.get("find"):
            rows = _found(tx, control.query["find"], wanted)
        else:
            rows = tx.all(
                "SELECT seq, entity FROM orders WHERE seq < ? ORDER BY seq DESC LIMIT ?",
                _before(control),
                wanted + 1,
            )
    has_more = len(rows) > wanted
    rows = rows[:wanted]
    page = collection([json.loads(row["entity"]) for row in rows])
    return {**page, "next_before": rows[-1]["seq"] if has_more else None}


def order(control: Control) -> JsonObject:
    """Answer GET /sandbox/orders/:id: the order with its payments, and those with refunds and disputes."""
    with control.world.reading() as tx:
        found = records.get(tx, "orders", control.ids["order_id"])
        payments = records.find(tx, "payments", {"order_id = ?": found["id"]}, count=PARTS_MAX)
        return {
            "order": found,
            "payments": [
                {
                    "payment": payment,
                    "refunds": _of(tx, "refunds", payment),
                    "disputes": _of(tx, disputes.TABLE, payment),
                }
                for payment in payments
            ],
        }


def _of(tx: Transaction, table: str, payment: JsonObject) -> list[JsonObject]:
    return records.find(tx, table, {"payment_id = ?": payment["id"]}, count=PARTS_MAX)


def _found(tx: Transaction, text: str, wanted: int) -> list[Any]:
    """Find the order that an id of an order, payment or refund belongs to, or the orders of a receipt."""
    payment_id = text
    refund = tx.one("SELECT payment_id FROM refunds WHERE id = ?", text)
    if refund is not None:
        payment_id = refund["payment_id"]
    payment = tx.one("SELECT order_id FROM payments WHERE id = ?", payment_id)
    order_id = payment["order_id"] if payment is not None else text
    by_id = tx.all("SELECT seq, entity FROM orders WHERE id = ?", order_id)
    return by_id or tx.all(
        "SELECT seq, entity FROM orders WHERE receipt = ? ORDER BY seq DESC LIMIT ?", text, wanted
    )


def _before(control: Control) -> int:
    text = control.query.get("before")
    if text is None:
        return 2**62
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ControlError(f"before must be the number of a line: {text!r}", "before")
    return int(text)
