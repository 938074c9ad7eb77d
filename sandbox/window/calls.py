"""The calls of the checkout's window: look at the order, begin an attempt, answer it, look how it goes."""

from typing import Any

from sandbox import attempts, checkout, errors, fields, instruments, money
from sandbox.control_errors import ControlError, require_text
from sandbox.world import Transaction, World

JsonObject = dict[str, Any]
TEXT_CHARACTERS_MAX = 255


def show_order(world: World, body: JsonObject, _attempt_id: str) -> JsonObject:
    """Give what the window shows of an order. Raises ProviderError for one that cannot be paid like this."""
    with world.reading() as tx:
        order = _payable_order(tx, body)
    return {
        "order_id": order["id"],
        "amount": order["amount"],
        "currency": order["currency"],
        "amount_shown": money.for_people(order["amount"], order["currency"]),
        "methods": attempts.methods(order["currency"]),
    }


def begin(world: World, body: JsonObject, _attempt_id: str) -> JsonObject:
    """Begin an attempt: attempt, method and its fields in `instrument`, and the merchant's options."""
    attempt_id = require_text(body, "attempt")
    entered = body.get("instrument")
    if not isinstance(entered, dict):
        raise ControlError("instrument must be an object", "instrument")
    payer = _payer(body)
    instrument = instruments.parse(entered, world.clock.now())
    with world.transaction() as tx:
        _require_key(tx, body)
        payment = attempts.begin(tx, attempt_id, _order_id(body), instrument, payer)
    return attempts.shown(world.settings.key_secret, payment)


def show_attempt(world: World, _body: JsonObject, attempt_id: str) -> JsonObject:
    """Tell how an attempt goes."""
    with world.reading() as tx:
        payment = attempts.find(tx, attempt_id)
    return attempts.shown(world.settings.key_secret, payment)


def answer(world: World, body: JsonObject, attempt_id: str) -> JsonObject:
    """Answer an attempt in place of the bank: outcome success (with otp for a card), failure or cancelled."""
    otp = body.get("otp")
    if otp is not None and not isinstance(otp, str):
        raise ControlError("otp must be a text", "otp")
    outcome = require_text(body, "outcome")
    with world.transaction() as tx:
        payment = attempts.answer(tx, attempt_id, outcome, otp)
    return attempts.shown(world.settings.key_secret, payment)


def _payable_order(tx: Transaction, body: JsonObject) -> JsonObject:
    """Read the order that the merchant's options name. What they say beside it must agree with it."""
    _require_key(tx, body)
    order = checkout.payable_order(tx, _order_id(body))
    amount, currency = body.get("amount"), body.get("currency")
    checkout.require_amount_of_order(
        order,
        order["amount_due"] if amount in (None, "") else _amount(amount),
        order["currency"] if currency in (None, "") else fields.text(currency, "currency"),
    )
    return order


def _require_key(tx: Transaction, body: JsonObject) -> None:
    if body.get("key") != tx.settings.key_id:
        raise errors.ProviderError("The api key provided is invalid", field="key")


def _order_id(body: JsonObject) -> str:
    # Razorpay also takes payments without an order and refunds them, because nobody can capture them.
    if body.get("order_id") in (None, ""):
        raise errors.required("order_id")
    return fields.text(body["order_id"], "order_id")


def _amount(value: Any) -> int:
    """Read an amount; pages often write it as a text, which Checkout takes."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18
    return fields.whole_number(int(value) if is_number else value, "amount")


def _payer(body: JsonObject) -> JsonObject:
    given = {name: _short_text(body, name) for name in ("email", "contact", "description")}
    return {**given, "notes": fields.notes(body.get("notes"))}


def _short_text(body: JsonObject, name: str) -> str | None:
    text = fields.optional_text(body.get(name), name)
    if text is not None and len(text) > TEXT_CHARACTERS_MAX:
        raise errors.invalid(f"The {name} may not be greater than {TEXT_CHARACTERS_MAX} characters.", name)
    return text or None
