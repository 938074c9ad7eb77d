"""Controls that play the customer: pay an order, let a failed payment's money arrive late, or dispute one."""

from typing import Any

from sandbox import checkout, disputes, instruments
from sandbox.api import payments as shown_payments
from sandbox.checkout import Attempt
from sandbox.control.request import Control
from sandbox.control_errors import ControlError, boolean, require_choice, require_only, require_text

JsonObject = dict[str, Any]
PAYER_FIELDS = ("email", "contact", "description")
COMMON_FIELDS = ("method", *PAYER_FIELDS, "notes", "amount", "capture", "outcome", "force")
OUTCOMES = ("success", "failure")


def pay(control: Control) -> JsonObject:
    """Answer POST /sandbox/orders/:id/pay with what Checkout gives to the browser."""
    world = control.world
    attempt = _attempt(control.body, world.clock.now())
    with world.transaction() as tx:
        payment, failure = checkout.pay(tx, control.ids["order_id"], attempt)
    if failure is not None:
        raise checkout.error_for_browser(payment, failure)
    return checkout.receipt_for_browser(world.settings.key_secret, payment)


def authorize_late(control: Control) -> JsonObject:
    """Answer POST /sandbox/payments/:id/authorize-late with the payment."""
    require_only(control.body, ("capture",))
    with control.world.transaction() as tx:
        payment = checkout.authorize_late(tx, control.ids["payment_id"], _capture(control.body))
    return shown_payments.shown(payment)


def dispute(control: Control) -> JsonObject:
    """Answer POST /sandbox/payments/:id/dispute with what is so from now on."""
    require_only(control.body, ("open", "phase", "outcome"))
    payment_id, is_open = control.ids["payment_id"], boolean(control.body, "open", True)
    phase = _choice(control.body, "phase", disputes.PHASES, "chargeback")
    outcome = _choice(control.body, "outcome", disputes.OUTCOMES, "closed")
    with control.world.transaction() as tx:
        if is_open:
            found: JsonObject | None = disputes.open_for(tx, payment_id, phase)
        else:
            found = disputes.end(tx, payment_id, outcome)
    return {"payment_id": payment_id, "open": is_open, "dispute": found}


def _choice(body: JsonObject, name: str, allowed: tuple[str, ...], default: str) -> str:
    return require_choice(body, name, allowed) if name in body else default


def _attempt(body: JsonObject, now: float) -> Attempt:
    instrument = instruments.parse(body, now)
    require_only(body, (*COMMON_FIELDS, *instruments.FIELDS_BY_METHOD[instrument.method]))
    payer: JsonObject = {
        name: require_text(body, name) for name in PAYER_FIELDS if body.get(name) is not None
    }
    if not isinstance(body.get("notes", {}), dict):
        raise ControlError("notes must be an object", "notes")
    payer["notes"] = body.get("notes", {})
    outcome = _choice(body, "outcome", OUTCOMES, "success")
    return Attempt(
        instrument,
        payer,
        should_capture=_capture(body),
        should_fail=outcome == "failure",
        is_forced=boolean(body, "force", False),
        amount_minor=_amount(body),
    )


def _amount(body: JsonObject) -> int | None:
    amount = body.get("amount")
    if amount is not None and (isinstance(amount, bool) or not isinstance(amount, int) or amount < 1):
        raise ControlError("amount must be a whole number of the currency's smallest unit", "amount")
    return amount


def _capture(body: JsonObject) -> bool | None:
    return boolean(body, "capture", True) if "capture" in body else None
