"""Payments: one attempt of a customer, in states created → authorized → captured → refunded, or failed.

Where the documents have several texts for one refused capture, the one that was seen in use is given. They do
not say where the marker of a late authorization stands; here it comes last in the payment of its event.
"""

from typing import Any

from sandbox import errors, events, fields, ids, money, orders, records, settlements, timers
from sandbox.failures import Failure
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]
CAPTURE_FIELDS = ("amount", "currency")
# Razorpay was seen to send order.paid this long after payment.captured.
ORDER_PAID_SPACING_SECONDS = 0.35
DEFAULT_EMAIL = "void@razorpay.com"
DEFAULT_CONTACT = "+919000000001"


def create(
    tx: Transaction, order: JsonObject, amount: int, instrument: Instrument, payer: JsonObject
) -> JsonObject:
    """Write a payment of an order, as created. payer: email, contact, description, notes."""
    payment: JsonObject = {
        "id": ids.new("pay"),
        "entity": "payment",
        "amount": amount,
        "currency": order["currency"],
        "status": "created",
        "order_id": order["id"],
        "invoice_id": None,
        "international": instrument.is_international,
        "method": instrument.method,
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": payer.get("description"),
        "card_id": instrument.card["id"] if instrument.card else None,
        **({"card": instrument.card} if instrument.card else {}),
        "bank": instrument.bank,
        "wallet": instrument.wallet,
        "vpa": instrument.vpa,
        "email": payer.get("email") or DEFAULT_EMAIL,
        "contact": payer.get("contact") or DEFAULT_CONTACT,
        "notes": payer.get("notes") or [],
        "fee": None,
        "tax": None,
        **_no_error(),
        "acquirer_data": instrument.acquirer_data_unknown(),
        "created_at": int(tx.now),
    }
    if instrument.vpa is not None:
        payment["upi"] = {"vpa": instrument.vpa, "flow": "collect"}
    records.insert(tx, "payments", payment, order_id=order["id"], status="created")
    return payment


def authorize(
    tx: Transaction, payment: JsonObject, acquirer_data: JsonObject, *, is_late: bool = False
) -> None:
    """Take a payment from created (or from failed, when late) to authorized, and start its capture window."""
    payment.update(status="authorized", acquirer_data=acquirer_data, **_no_error())
    _save(tx, payment)
    orders.mark_authorized(tx, payment["order_id"])
    marker = {"late_authorized": True} if is_late else {}
    events.record(tx, "payment.authorized", {"payment": {**shown_in_event(payment), **marker}})
    minutes = orders.options(tx, payment["order_id"])["expiry_minutes"]
    timers.add(tx, tx.now + 60 * minutes, "refund_uncaptured_payment", payment["id"])


def fail(tx: Transaction, payment: JsonObject, failure: Failure) -> None:
    """Take a payment to failed. It is not final: the payment may still be authorized late."""
    payment.update(
        status="failed",
        error_code=failure.code,
        error_description=failure.description,
        error_source=failure.source,
        error_step=failure.step,
        error_reason=failure.reason,
    )
    _save(tx, payment)
    events.record(tx, "payment.failed", {"payment": shown_in_event(payment)})


def capture(tx: Transaction, payment_id: str, body: JsonObject) -> JsonObject:
    """Take an authorized payment to captured at a merchant's request, once and for its whole amount."""
    fields.only(body, CAPTURE_FIELDS)
    payment = records.get(tx, "payments", payment_id)
    if body.get("amount") is None:
        raise errors.invalid(
            "Could not validate payment capture request due to: amount: cannot be blank.", "amount"
        )
    amount = fields.whole_number(body["amount"], "amount")
    if body.get("currency") is not None and fields.text(body["currency"], "currency") != payment["currency"]:
        raise errors.invalid("Capture request currency must be same as payment currency.", "currency")
    if payment["status"] == "captured":
        raise errors.ProviderError("This payment has already been captured")
    if payment["status"] != "authorized":
        raise errors.ProviderError(
            "Only payments which have been authorized and not yet captured can be captured"
        )
    if amount != payment["amount"]:
        raise errors.invalid("Capture amount must be equal to the amount authorized", "amount")
    order = records.get(tx, "orders", payment["order_id"])
    if order["status"] == "paid":
        raise errors.ProviderError("Payment already done for this order.")
    if amount > order["amount_due"]:
        raise errors.ProviderError("Payment amount is greater than the amount due for order.")
    capture_now(tx, payment)
    return payment


def capture_now(tx: Transaction, payment: JsonObject) -> None:
    """Take an authorized payment to captured and its order to paid, with the events of both.

    An order that takes parts is paid when nothing is due any more. A forced payment of a paid order is
    captured beside the first one, and the order has no further event.
    """
    fee, tax = money.fee_and_tax(payment["amount"], payment["method"], payment["international"])
    payment.update(status="captured", captured=True, fee=fee, tax=tax)
    _save(tx, payment)
    settlements.note_payment(tx, payment)
    was_paid = records.get(tx, "orders", payment["order_id"])["status"] == "paid"
    order = orders.note_captured(tx, payment["order_id"], payment["amount"])
    shown = shown_in_event(payment)
    captured = {**shown, "base_amount": payment["amount"], "amount_transferred": 0}
    events.record(tx, "payment.captured", {"payment": captured})
    if was_paid or order["status"] != "paid":
        return
    paid_order = {**order, "description": None, "checkout": None}
    events.record(
        tx, "order.paid", {"payment": shown, "order": paid_order}, spacing_seconds=ORDER_PAID_SPACING_SECONDS
    )


def update(tx: Transaction, payment_id: str, body: JsonObject) -> JsonObject:
    """Change the notes, the only thing that a merchant can change."""
    payment = records.get(tx, "payments", payment_id)
    payment["notes"] = fields.required_notes(body)
    _save(tx, payment)
    return payment


def save_refunded_amount(tx: Transaction, payment: JsonObject, amount_refunded: int) -> None:
    """Write a new refunded total and what follows from it. Only a full refund changes the status."""
    is_full = amount_refunded == payment["amount"]
    payment["amount_refunded"] = amount_refunded
    payment["refund_status"] = None if amount_refunded == 0 else "full" if is_full else "partial"
    if is_full:
        payment["status"] = "refunded"
    elif payment["status"] == "refunded":
        payment["status"] = "captured" if payment["captured"] else "authorized"
    _save(tx, payment)


def is_any_authorized(tx: Transaction, order_id: str) -> bool:
    """Tell whether a payment of the order waits for its capture; no second one is taken meanwhile."""
    return tx.one("SELECT 1 FROM payments WHERE order_id = ? AND status = 'authorized'", order_id) is not None


def shown_in_refund_event(payment: JsonObject) -> JsonObject:
    """Give the payment as refund events carry it."""
    return {**shown_in_event(payment), "base_amount": payment["amount"], "amount_transferred": 0}


def shown_in_event(payment: JsonObject) -> JsonObject:
    """Give a payment with its fields in the order of webhooks, and the two that the API does not show."""
    shown: JsonObject = {}
    for name, value in payment.items():
        shown[name] = value
        if name == "acquirer_data" and payment["status"] != "failed":
            shown["emi_plan"] = None
        if name == "created_at":
            shown["reward"] = None
    return shown


def _save(tx: Transaction, payment: JsonObject) -> None:
    records.save(tx, "payments", payment, status=payment["status"])


def _no_error() -> JsonObject:
    names = ("error_code", "error_description", "error_source", "error_step", "error_reason")
    return dict.fromkeys(names)
