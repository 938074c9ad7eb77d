"""Refunds: what fits into a captured payment, and the states pending → processed or failed.

Left open by the documents, and chosen here: without an amount, what is left is refunded; the reserved failing
amount fails at any speed; and a failed refund gives its amount back to its payment.
"""

from typing import Any

from sandbox import (
    disputes,
    errors,
    events,
    fields,
    ids,
    money,
    orders,
    payments,
    records,
    settlements,
    timers,
)
from sandbox.world import Transaction

JsonObject = dict[str, Any]
CREATE_FIELDS = ("amount", "speed", "notes", "receipt")
# Test mode reserves this amount for a refund that fails after it was accepted.
FAILING_AMOUNT_MINOR = 2468
FAILING_AFTER_SECONDS = 0.5
# A mode in which the merchant's balance does not suffice for any refund.
INSUFFICIENT_BALANCE = "insufficient_balance"
REFUND_AGE_MAX_SECONDS = 180 * 86400


def create(tx: Transaction, payment_id: str, body: JsonObject) -> JsonObject:
    """Write a refund of a captured payment and reserve its amount. Without an amount: all that is left."""
    fields.only(body, CREATE_FIELDS)
    payment = records.get(tx, "payments", payment_id)
    speed = _speed(body)
    notes = fields.notes(body.get("notes"), key_length_max=255, value_length_max=512)
    receipt = fields.receipt(body.get("receipt"))
    amount = _amount(tx, payment, body)
    if receipt is not None and _is_receipt_used(tx, payment_id, receipt):
        raise errors.invalid("Duplicate receipt found for this refund request.", "receipt")
    if tx.controls.get("refunds")["mode"] == INSUFFICIENT_BALANCE:
        raise errors.ProviderError(
            "Your account does not have enough balance to carry out the refund operation."
        )
    refund = _write(tx, payment, amount, speed=speed, notes=notes, receipt=receipt)
    payments.save_refunded_amount(tx, payment, payment["amount_refunded"] + amount)
    settlements.note_refund(tx, refund, payment)
    _announce_creation(tx, refund, payment)
    return refund


def refund_uncaptured(tx: Transaction, payment: JsonObject) -> None:
    """Give an authorized payment back to the payer, as Razorpay does by itself. It stays "not captured"."""
    speed = orders.options(tx, payment["order_id"])["refund_speed"]
    refund = _write(tx, payment, payment["amount"], speed=speed, notes=[], receipt=None)
    payments.save_refunded_amount(tx, payment, payment["amount"])
    _announce_creation(tx, refund, payment)


def process(tx: Transaction, refund_id: str) -> JsonObject:
    """Take a pending refund to processed."""
    refund = _pending(tx, refund_id)
    refund.update(status="processed", speed_processed="normal")
    records.save(tx, "refunds", refund)
    _announce(tx, "refund.processed", refund, records.get(tx, "payments", refund["payment_id"]))
    return refund


def fail(tx: Transaction, refund_id: str) -> JsonObject:
    """Take a pending refund to failed and give its amount back to what can be refunded.

    Razorpay's documents do not say what happens to the payment's fields; giving back is the only reading that
    lets a merchant try again.
    """
    refund = _pending(tx, refund_id)
    refund["status"] = "failed"
    records.save(tx, "refunds", refund)
    payment = records.get(tx, "payments", refund["payment_id"])
    payments.save_refunded_amount(tx, payment, payment["amount_refunded"] - refund["amount"])
    settlements.note_failed_refund(tx, refund, payment)
    _announce(tx, "refund.failed", refund, payment)
    return refund


def update(tx: Transaction, refund_id: str, body: JsonObject) -> JsonObject:
    """Change the notes, the only thing that can change."""
    refund = records.get(tx, "refunds", refund_id)
    refund["notes"] = fields.required_notes(body)
    records.save(tx, "refunds", refund)
    return refund


def _amount(tx: Transaction, payment: JsonObject, body: JsonObject) -> int:
    asked = body.get("amount")
    currency = payment["currency"]
    if asked is not None:
        fields.whole_number(asked, "amount")
        if asked == 0:
            raise errors.invalid("Amount cannot be blank.", "amount")
        if asked < money.minimum_minor(currency):
            raise errors.amount_too_small(currency)
    _require_refundable(tx, payment)
    left = payment["amount"] - payment["amount_refunded"]
    if asked is None:
        return int(left)
    if asked > payment["amount"]:
        raise errors.invalid("The refund amount provided is greater than amount captured", "amount")
    if asked > left:
        raise errors.invalid("The total refund amount is greater than the refund payment amount", "amount")
    return int(asked)


def _require_refundable(tx: Transaction, payment: JsonObject) -> None:
    if payment["status"] == "refunded":
        raise errors.ProviderError("The payment has been fully refunded already")
    if payment["status"] != "captured":
        raise errors.ProviderError("The payment status should be captured for action to be taken")
    if disputes.find_undecided(tx, payment["id"]) is not None:
        raise errors.ProviderError(
            "The refund on this payment is blocked due to ongoing dispute investigation."
        )
    if tx.now - payment["created_at"] > REFUND_AGE_MAX_SECONDS:
        raise errors.ProviderError(
            "Refund is not supported by the bank because the payment is more than 6 months old",
            source=None,
            step=None,
            reason=None,
        )


def _speed(body: JsonObject) -> str:
    speed = body.get("speed")
    if speed is None:
        return "normal"
    if speed not in ("normal", "optimum"):
        raise errors.invalid("The selected speed is invalid.", "speed")
    return str(speed)


def _is_receipt_used(tx: Transaction, payment_id: str, receipt: str) -> bool:
    row = tx.one("SELECT 1 FROM refunds WHERE payment_id = ? AND receipt = ?", payment_id, receipt)
    return row is not None


def _write(tx: Transaction, payment: JsonObject, amount: int, **asked: Any) -> JsonObject:
    fails_later = amount == FAILING_AMOUNT_MINOR
    is_pending = fails_later or tx.controls.get("refunds")["mode"] == "pending"
    refund: JsonObject = {
        "id": ids.new("rfnd"),
        "entity": "refund",
        "amount": amount,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": asked["notes"],
        "receipt": asked["receipt"],
        # Refunds are processed before the bank's reference is known, so it is null at first.
        "acquirer_data": {"arn": None} if payment["method"] == "card" else {"rrn": None},
        "created_at": int(tx.now),
        "batch_id": None,
        "status": "pending" if is_pending else "processed",
        # Test mode has no instant refunds: an optimum one falls back to normal.
        "speed_processed": "normal",
        "speed_requested": asked["speed"],
    }
    records.insert(tx, "refunds", refund, payment_id=payment["id"], receipt=asked["receipt"])
    if fails_later:
        timers.add(tx, tx.now + FAILING_AFTER_SECONDS, "fail_refund", refund["id"])
    return refund


def _announce_creation(tx: Transaction, refund: JsonObject, payment: JsonObject) -> None:
    _announce(tx, "refund.created", refund, payment)
    if refund["speed_requested"] == "optimum":
        _announce(tx, "refund.speed_changed", refund, payment)
    if refund["status"] == "processed":
        _announce(tx, "refund.processed", refund, payment)


def _announce(tx: Transaction, name: str, refund: JsonObject, payment: JsonObject) -> None:
    events.record(tx, name, {"refund": refund, "payment": payments.shown_in_refund_event(payment)})


def _pending(tx: Transaction, refund_id: str) -> JsonObject:
    refund = records.get(tx, "refunds", refund_id)
    if refund["status"] != "pending":
        raise errors.ProviderError("Refund has already been processed.")
    return refund
