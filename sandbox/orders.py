"""Orders: what may be created, and the states created → attempted → paid.

Razorpay's documents leave open what a reused receipt comes to, so a switch decides. They do not say from
when the capture windows count; here the automatic one counts from the payment's creation, as late
authorizations need, and the other one from its authorization. Of an order that takes parts they show no
field; it stays attempted until nothing is due.
"""

import json
from typing import Any

from sandbox import errors, fields, ids, money, records
from sandbox.world import Transaction

JsonObject = dict[str, Any]
CREATE_FIELDS = (
    "amount", "currency", "receipt", "notes", "partial_payment", "first_payment_min_amount",
    "payment", "payment_capture", "unique_receipt",
)  # fmt: skip
# Uncaptured payments go back to the payer after three days, in minutes.
MANUAL_EXPIRY_DEFAULT_MINUTES = 4320
MANUAL_EXPIRY_MAX_MINUTES = 7200
AUTOMATIC_EXPIRY_MIN_MINUTES = 12
FETCH_AGE_MAX_SECONDS = 180 * 86400
_OPTIONS_DEFAULT: JsonObject = {
    "is_automatic": True,
    "automatic_expiry_minutes": MANUAL_EXPIRY_DEFAULT_MINUTES,
    "expiry_minutes": MANUAL_EXPIRY_DEFAULT_MINUTES,
    "refund_speed": "normal",
    "is_partial": False,
    "first_payment_minimum": None,
}


def create(tx: Transaction, body: JsonObject) -> JsonObject:
    """Write a new order, or give the existing one when its receipt is reused and the mode says so."""
    fields.only(body, CREATE_FIELDS)
    currency = _currency(body)
    amount = _amount(body, currency, tx.settings.order_amount_max_minor)
    receipt = fields.receipt(body.get("receipt"))
    notes = fields.notes(body.get("notes"))
    options = {**_capture_options(body), **_partial_payment(body, amount, currency)}
    existing = _reused_receipt(tx, body, receipt, amount, currency)
    if existing is not None:
        return existing
    order = {
        "id": ids.new("order"),
        "entity": "order",
        "amount": amount,
        "amount_paid": 0,
        "amount_due": amount,
        "currency": currency,
        "receipt": receipt,
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": notes,
        "created_at": int(tx.now),
    }
    records.insert(tx, "orders", order, receipt=receipt, capture=json.dumps(options))
    return order


def fetch(tx: Transaction, order_id: str) -> JsonObject:
    """Read an order; the API does not give orders older than 180 days."""
    order = records.get(tx, "orders", order_id)
    if tx.now - order["created_at"] > FETCH_AGE_MAX_SECONDS:
        raise errors.ProviderError("Order older than 180 days, please use reports.")
    return order


def update(tx: Transaction, order_id: str, body: JsonObject) -> JsonObject:
    """Change the notes, the only thing that can change."""
    order = records.get(tx, "orders", order_id)
    order["notes"] = fields.required_notes(body)
    records.save(tx, "orders", order)
    return order


def options(tx: Transaction, order_id: str) -> JsonObject:
    """Give what the API takes for an order but never shows: is_automatic, automatic_expiry_minutes,
    expiry_minutes, refund_speed, is_partial, first_payment_minimum."""
    row = tx.one("SELECT capture FROM orders WHERE id = ?", order_id)
    found: JsonObject = json.loads(row["capture"]) if row is not None else {}
    return {**_OPTIONS_DEFAULT, **found}


def count_attempt(tx: Transaction, order: JsonObject) -> None:
    """Count an attempt, whether it succeeds or not."""
    order["attempts"] += 1
    if order["status"] == "created":
        order["status"] = "attempted"
    records.save(tx, "orders", order)


def mark_authorized(tx: Transaction, order_id: str) -> None:
    """Let the list filter authorized=1 find the order."""
    tx.execute("UPDATE orders SET authorized = 1 WHERE id = ?", order_id)


def note_captured(tx: Transaction, order_id: str, amount: int) -> JsonObject:
    """Count a captured payment. With nothing left to pay, the order is paid, which is final: refunds do not
    change it, and no more than its amount counts as paid."""
    order = records.get(tx, "orders", order_id)
    paid = min(order["amount_paid"] + amount, order["amount"])
    order.update(amount_paid=paid, amount_due=order["amount"] - paid)
    if order["amount_due"] == 0:
        order["status"] = "paid"
    records.save(tx, "orders", order)
    return order


def _currency(body: JsonObject) -> str:
    if body.get("currency") is None:
        raise errors.invalid("currency: is required.", "currency")
    currency = fields.text(body["currency"], "currency")
    if currency not in money.CURRENCIES:
        raise errors.invalid("Currency is not supported", "currency")
    return currency


def _amount(body: JsonObject, currency: str, maximum: int) -> int:
    if body.get("amount") is None:
        raise errors.invalid("amount: is required.", "amount")
    amount = fields.whole_number(body["amount"], "amount")
    if amount < money.minimum_minor(currency):
        raise errors.amount_too_small(currency)
    if amount > maximum:
        raise errors.invalid("Amount exceeds maximum amount allowed.", "amount")
    if money.exponent(currency) == 3 and amount % 10:
        # The rule is documented (the last of three decimals must be 0); its error text is not.
        raise errors.invalid(f"The amount must be a multiple of 10 for {currency}.", "amount")
    return amount


def _partial_payment(body: JsonObject, amount: int, currency: str) -> JsonObject:
    is_partial = fields.flag(body.get("partial_payment", False), "partial_payment")
    first = body.get("first_payment_min_amount")
    if first is None:
        return {"is_partial": is_partial}
    if not is_partial:
        raise errors.extra_fields(["first_payment_min_amount"])
    if fields.whole_number(first, "first_payment_min_amount") > amount:
        raise errors.invalid("Amount exceeds maximum amount allowed.", "first_payment_min_amount")
    if first < money.minimum_minor(currency):
        raise errors.amount_too_small(currency, "first_payment_min_amount")
    return {"is_partial": True, "first_payment_minimum": first}


def _capture_options(body: JsonObject) -> JsonObject:
    payment = body.get("payment")
    if payment is None:
        return {"is_automatic": fields.flag(body.get("payment_capture", True), "payment_capture")}
    if not isinstance(payment, dict) or payment.get("capture") not in ("automatic", "manual"):
        raise errors.invalid("The capture must be automatic or manual.", "payment")
    fields.only(payment, ("capture", "capture_options"))
    given = payment.get("capture_options") or {}
    if not isinstance(given, dict):
        raise errors.invalid("The capture_options must be an object.", "payment")
    fields.only(given, ("automatic_expiry_period", "manual_expiry_period", "refund_speed"))
    speed = given.get("refund_speed", "normal")
    if speed not in ("normal", "optimum"):
        raise errors.invalid("The selected speed is invalid.", "refund_speed")
    return {"is_automatic": payment["capture"] == "automatic", **_expiries(given), "refund_speed": speed}


def _expiries(given: JsonObject) -> JsonObject:
    """Read the two windows: one that names only the first has it for both, if it is the longer one."""
    automatic = given.get("automatic_expiry_period")
    if automatic is not None:
        fields.whole_number(automatic, "automatic_expiry_period")
        if automatic < AUTOMATIC_EXPIRY_MIN_MINUTES:
            raise errors.invalid(
                "The automatic_expiry_period must be at least 12.", "automatic_expiry_period"
            )
    lowest = AUTOMATIC_EXPIRY_MIN_MINUTES if automatic is None else automatic
    manual = given.get("manual_expiry_period")
    if manual is None:
        manual = max(lowest, MANUAL_EXPIRY_DEFAULT_MINUTES)
    if not lowest <= fields.whole_number(manual, "manual_expiry_period") <= MANUAL_EXPIRY_MAX_MINUTES:
        raise errors.invalid(
            "The manual_expiry_period must be between automatic_expiry_period and 7200.",
            "manual_expiry_period",
        )
    return {
        "automatic_expiry_minutes": manual if automatic is None else automatic,
        "expiry_minutes": manual,
    }


def _reused_receipt(
    tx: Transaction, body: JsonObject, receipt: str | None, amount: int, currency: str
) -> JsonObject | None:
    """Decide about a reused receipt. The docs contradict themselves, so all three answers exist."""
    mode = tx.controls.get("receipts")["mode"]
    wants_same_order = fields.flag(body.get("unique_receipt", False), "unique_receipt")
    if receipt is None or (mode == "allow" and not wants_same_order):
        return None
    found = records.find(tx, "orders", {"receipt = ?": receipt}, count=1)
    if not found:
        return None
    is_same = found[0]["amount"] == amount and found[0]["currency"] == currency
    if is_same and (mode == "idempotent" or (wants_same_order and mode == "allow")):
        return found[0]
    raise errors.invalid("Order receipt should be unique.", "receipt", {"order_id": found[0]["id"]})
