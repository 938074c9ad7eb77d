"""Settlements: what is paid out to the merchant for the captured payments and refunds of earlier days.

Razorpay's test mode settles nothing, and the documents give fields but no calendar. Chosen here: at the first
midnight in India on the sandbox's clock after something was captured or refunded, everything of the days
before is settled in one settlement, once it adds up to more than nothing. Only rupees are, as other
currencies would need a rate. A refund that fails after it was settled comes back as an adjustment. No event
is sent. Items are listed newest first and have notes as their entities do, although one sample shows a text.
"""

import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox import happenings, ids, records, timers
from sandbox.world import Transaction

JsonObject = dict[str, Any]
CURRENCY = "INR"
INDIA = timezone(timedelta(hours=5, minutes=30))
SETTLE = "settle"


def note_payment(tx: Transaction, payment: JsonObject) -> None:
    """Write down that a captured payment is to be paid out, less its fee."""
    _note(tx, payment["id"], "payment", payment, credit=payment["amount"] - payment["fee"])


def note_refund(tx: Transaction, refund: JsonObject, payment: JsonObject) -> None:
    """Write down that a refund is to be taken from what is paid out."""
    _note(tx, refund["id"], "refund", payment, debit=refund["amount"])


def note_failed_refund(tx: Transaction, refund: JsonObject, payment: JsonObject) -> None:
    """Take back that a refund is to be taken: strike it out, or give it back when it was settled already."""
    row = tx.one("SELECT settlement_id FROM ledger WHERE entity_id = ?", refund["id"])
    if row is None:
        return
    if row["settlement_id"] is None:
        tx.execute("DELETE FROM ledger WHERE entity_id = ?", refund["id"])
    else:
        _note(tx, ids.new("adj"), "adjustment", payment, credit=refund["amount"])


def settle(tx: Transaction, _subject_id: str) -> None:
    """Settle what earlier days left, and plan the next time if anything stays open."""
    today = _midnight(tx.now)
    total = tx.one(
        "SELECT COUNT(*) AS count, SUM(credit - debit) AS amount, SUM(fee) AS fees, SUM(tax) AS tax"
        " FROM ledger WHERE settlement_id IS NULL AND created_at < ?",
        today,
    )
    if total is not None and total["count"] and total["amount"] > 0:
        _settle_before(tx, today, total["amount"], total["fees"], total["tax"])
    if tx.one("SELECT 1 FROM ledger WHERE settlement_id IS NULL") is not None:
        _plan(tx)


def settled_between(tx: Transaction, start: float, end: float, count: int, skip: int) -> list[JsonObject]:
    """List what was settled in a period, newest first, as the reconciliation shows it."""
    rows = tx.all(
        "SELECT ledger.*, settlements.entity AS settlement FROM settlements"
        " JOIN ledger ON ledger.settlement_id = settlements.id"
        " WHERE settlements.created_at >= ? AND settlements.created_at < ?"
        " ORDER BY settlements.created_at DESC, ledger.seq DESC LIMIT ? OFFSET ?",
        start,
        end,
        count,
        skip,
    )
    return [_reconciled(tx, row) for row in rows]


def _settle_before(tx: Transaction, moment: float, amount: int, fees: int, tax: int) -> None:
    settlement: JsonObject = {
        "id": ids.new("setl"),
        "entity": "settlement",
        "amount": amount,
        "status": "processed",
        "fees": fees,
        "tax": tax,
        "utr": f"{int(tx.now)}{secrets.token_hex(3)}",
        "created_at": int(tx.now),
    }
    records.insert(tx, "settlements", settlement)
    tx.execute(
        "UPDATE ledger SET settlement_id = ? WHERE settlement_id IS NULL AND created_at < ?",
        settlement["id"],
        moment,
    )
    tx.note(
        happenings.BACKGROUND,
        f"settlement {settlement['id']} of {amount}",
        what="settled",
        settlement_id=settlement["id"],
    )


def _note(
    tx: Transaction, entity_id: str, kind: str, payment: JsonObject, *, credit: int = 0, debit: int = 0
) -> None:
    if payment["currency"] != CURRENCY:
        return
    is_first = tx.one("SELECT 1 FROM ledger WHERE settlement_id IS NULL") is None
    is_payment = kind == "payment"
    tx.execute(
        "INSERT INTO ledger (entity_id, kind, payment_id, credit, debit, fee, tax, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        entity_id,
        kind,
        payment["id"],
        credit,
        debit,
        payment["fee"] if is_payment else 0,
        payment["tax"] if is_payment else 0,
        int(tx.now),
    )
    # Whoever writes the first open line plans the midnight; all later lines of the day wait for the same one.
    if is_first:
        _plan(tx)


def _plan(tx: Transaction) -> None:
    timers.add(tx, _midnight(tx.now) + 86400, SETTLE, "")


def _midnight(moment: float) -> float:
    """Give the last midnight in India."""
    day = datetime.fromtimestamp(moment, INDIA)
    return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _reconciled(tx: Transaction, row: Any) -> JsonObject:
    payment = records.get(tx, "payments", row["payment_id"])
    order = records.get(tx, "orders", payment["order_id"])
    source = records.get(tx, "refunds", row["entity_id"]) if row["kind"] == "refund" else payment
    settlement = records.parsed(row["settlement"])
    card = payment.get("card") or {}
    return {
        "entity_id": row["entity_id"],
        "type": row["kind"],
        "debit": row["debit"],
        "credit": row["credit"],
        "amount": row["credit"] + row["debit"] + row["fee"],
        "currency": CURRENCY,
        "fee": row["fee"],
        "tax": row["tax"],
        "on_hold": False,
        "settled": True,
        "created_at": row["created_at"],
        "settled_at": settlement["created_at"],
        "settlement_id": settlement["id"],
        "posted_at": None,
        "credit_type": "default",
        "description": payment["description"],
        "notes": source["notes"],
        "payment_id": None if row["kind"] == "payment" else payment["id"],
        "settlement_utr": settlement["utr"],
        "order_id": order["id"],
        "order_receipt": order["receipt"],
        "method": payment["method"],
        "card_network": card.get("network"),
        "card_issuer": card.get("issuer"),
        "card_type": card.get("type"),
        "dispute_id": None,
    }
