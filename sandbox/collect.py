"""UPI collect requests sent server to server: a payment is created at once, its payer decides a little later.

Razorpay announced that UPI collect is deprecated in India from 28 February 2026, except for MCC 6012 and
6211, iOS, mandates, eRupi and PACB merchants (razorpay.com/docs/payments/payment-gateway/s2s-integration/
payment-methods/upi). A switch refuses the call, as for a merchant who is not exempt; that text is ours.

What only serves Razorpay's risk checks and saved addresses (ip, referer, user_agent, customer_id, save) is
taken and has no effect. Nobody is redirected, so callback_url is never called: poll, or await the webhooks.
"""

from typing import Any

from sandbox import checkout, errors, failures, fields, instruments, payments, records, timers
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]
CREATE_FIELDS = (
    "amount", "currency", "order_id", "email", "contact", "method", "upi", "notes", "description",
    "ip", "referer", "user_agent", "customer_id", "save", "callback_url",
)  # fmt: skip
UPI_FIELDS = ("flow", "vpa", "expiry_time")
UNUSED_TEXT_FIELDS = ("ip", "referer", "user_agent", "customer_id", "callback_url")
EXPIRY_DEFAULT_MINUTES = 5
EXPIRY_MAX_MINUTES = 5760
# The only currency that UPI moves.
CURRENCY = "INR"
ANSWER, EXPIRE = "answer_collect_request", "expire_collect_request"


def create(tx: Transaction, body: JsonObject) -> JsonObject:
    """Write the payment of a collect request, as created, and plan how it ends. Gives the payment."""
    if tx.controls.get("upi_collect")["mode"] == "refused":
        raise errors.ProviderError("UPI Collect is not enabled for the merchant")
    fields.only(body, CREATE_FIELDS)
    amount = fields.whole_number(_required(body, "amount"), "amount")
    currency = fields.text(_required(body, "currency"), "currency")
    order_id = fields.text(_required(body, "order_id"), "order_id")
    payer = _payer(body)
    if _required(body, "method") != "upi":
        raise errors.invalid("The selected method is invalid.", "method")
    instrument, expiry_seconds = _request(_required(body, "upi"))
    _check_unused(body)
    order = checkout.payable_order(tx, order_id)
    checkout.require_part_of_order(tx, order, amount)
    checkout.require_currency_of_order(order, currency)
    if currency != CURRENCY:
        raise errors.invalid("Currency is not supported", "currency")
    payment = checkout.begin(tx, order, instrument, payer, amount)
    plan_end(tx, payment, expiry_seconds)
    return payment


def answer(tx: Transaction, payment_id: str) -> None:
    """Let the payer approve or decline, as the address and the amount say."""
    payment = records.get(tx, "payments", payment_id)
    failure = instruments.upi(payment["vpa"]).failure(payment["amount"])
    if failure is None:
        checkout.receive(tx, payment, should_capture=None)
    else:
        payments.fail(tx, payment, failure)


def expire(tx: Transaction, payment_id: str) -> None:
    """Fail a payment that its payer did not answer in time."""
    payments.fail(tx, records.get(tx, "payments", payment_id), failures.COLLECT_EXPIRED)


def plan_end(tx: Transaction, payment: JsonObject, expiry_seconds: int) -> None:
    """Plan when the payer answers, or when it is too late for an answer."""
    answer_seconds = tx.settings.upi_approval_seconds
    if payment["vpa"].lower() == instruments.UNANSWERED_VPA or answer_seconds >= expiry_seconds:
        timers.add(tx, tx.now + expiry_seconds, EXPIRE, payment["id"])
    else:
        timers.add(tx, tx.now + answer_seconds, ANSWER, payment["id"])


def _request(upi: Any) -> tuple[Instrument, int]:
    """Read the object upi: whom to ask, and for how many seconds."""
    if not isinstance(upi, dict):
        raise errors.invalid("The upi must be an object.", "upi")
    fields.only(upi, UPI_FIELDS)
    if _required(upi, "flow") != "collect":
        raise errors.invalid("The selected flow is invalid. The sandbox only takes collect.", "flow")
    vpa = fields.text(_required(upi, "vpa"), "vpa")
    if not instruments.is_vpa(vpa):
        raise errors.invalid_vpa()
    minutes = fields.whole_number(upi.get("expiry_time", EXPIRY_DEFAULT_MINUTES), "expiry_time")
    if not 1 <= minutes <= EXPIRY_MAX_MINUTES:
        raise errors.invalid(f"The expiry_time must be between 1 and {EXPIRY_MAX_MINUTES}.", "expiry_time")
    return instruments.upi(vpa), 60 * minutes


def _payer(body: JsonObject) -> JsonObject:
    email = fields.text(_required(body, "email"), "email")
    if "@" not in email:
        raise errors.invalid("The email must be a valid email address.", "email")
    return {
        "email": email,
        "contact": fields.text(_required(body, "contact"), "contact"),
        "description": fields.optional_text(body.get("description"), "description"),
        "notes": fields.notes(body.get("notes")),
    }


def _check_unused(body: JsonObject) -> None:
    for name in UNUSED_TEXT_FIELDS:
        fields.optional_text(body.get(name), name)
    fields.flag(body.get("save", False), "save")


def _required(body: JsonObject, name: str) -> Any:
    if body.get(name) in (None, ""):
        raise errors.required(name)
    return body[name]
