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
        _require_key(tx, body)
        order = checkout.payable_order(tx, _order_id(body))
        amount = _amount(body)
        if amount is None:
            amount = order["amount_due"]
        checkout.require_part_of_order(tx, order, amount)
    currency = order["currency"]
    if body.get("currency") not in (None, ""):
        checkout.require_currency_of_order(order, fields.text(body["currency"], "currency"))
    return {
        "order_id": order["id"],
        "amount": amount,
        "currency": currency,
        "amount_shown": money.for_people(amount, currency),
        "methods": attempts.methods(currency),
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
        payment = attempts.begin(tx, attempt_id, _order_id(body), instrument, payer, _amount(body))
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


def _require_key(tx: Transaction, body: JsonObject) -> None:
    if body.get("key") != tx.settings.key_id:
        raise errors.ProviderError("The api key provided is invalid", field="key")


def _order_id(body: JsonObject) -> str:
    # Razorpay also takes payments without an order and refunds them, because nobody can capture them.
    if body.get("order_id") in (None, ""):
        raise errors.required("order_id")
    return fields.text(body["order_id"], "order_id")


def _amount(body: JsonObject) -> int | None:
    """Read the amount, or None for all that is due. Pages often write it as a text, which Checkout takes."""
    value = body.get("amount")
    if value in (None, ""):
        return None
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
