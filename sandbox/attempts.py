"""A customer's attempt in the checkout's window: it begins, the bank or the customer's app answers, it ends.

Unlike the pay control, which is over at once, an attempt waits as `created` for an answer. Its id is made by
the browser. It makes a doubled call harmless, and it is the only proof of who may answer and learn the
signature, because the public key and the order's id are no secrets.
"""

import re
from typing import Any

from sandbox import checkout, collect, errors, failures, happenings, instruments, payments, records, timers
from sandbox.control_errors import ControlError
from sandbox.failures import Failure
from sandbox.instruments import Instrument
from sandbox.world import Transaction

JsonObject = dict[str, Any]
# A payment that its bank never answers fails after this long.
UNANSWERED_MINUTES = 10
EXPIRE = "expire_attempt"
OUTCOMES = ("success", "failure", "cancelled")
# What answers an attempt of each method: the customer's app, or a page of the bank.
STEPS = {"upi": "app", "card": "otp", "netbanking": "bank", "wallet": "bank"}
OTP_DIGITS_MIN, OTP_DIGITS_MAX = 4, 10
_ID = re.compile(r"[0-9a-f]{32}")
_OTP = re.compile(rf"[0-9]{{{OTP_DIGITS_MIN},{OTP_DIGITS_MAX}}}")


def begin(
    tx: Transaction,
    attempt_id: str,
    order_id: str,
    instrument: Instrument,
    payer: JsonObject,
    amount_minor: int | None = None,
) -> JsonObject:
    """Write a payment that waits for its answer, and give it; the same id again gives the same payment.
    amount_minor None: all that is due. Raises ProviderError when the order takes no payment, or not this one.
    """
    if not _ID.fullmatch(attempt_id):
        raise errors.invalid("The attempt must be 32 hexadecimal digits.", "attempt")
    if tx.one("SELECT 1 FROM attempts WHERE id = ?", attempt_id) is not None:
        return find(tx, attempt_id)
    order = checkout.payable_order(tx, order_id)
    if instrument.method not in methods(order["currency"]):
        raise errors.invalid("Currency is not supported", "currency")
    if amount_minor is not None:
        checkout.require_part_of_order(tx, order, amount_minor)
    payment = checkout.begin(tx, order, instrument, payer, amount_minor)
    tx.execute(
        "INSERT INTO attempts (id, payment_id, failing_reason) VALUES (?, ?, ?)",
        attempt_id,
        payment["id"],
        instrument.failing_reason,
    )
    _tell(tx, payment, "attempt_begun", f"a customer pays by {instrument.method}")
    if instrument.method == "upi":
        collect.plan_end(tx, payment, 60 * collect.EXPIRY_DEFAULT_MINUTES)
    else:
        timers.add(tx, tx.now + 60 * UNANSWERED_MINUTES, EXPIRE, payment["id"])
    return payment


def find(tx: Transaction, attempt_id: str) -> JsonObject:
    """Read the payment of an attempt. Raises ProviderError for an id that leads nowhere."""
    row = tx.one("SELECT payment_id FROM attempts WHERE id = ?", attempt_id)
    if row is None:
        raise errors.invalid("The id provided does not exist")
    return records.get(tx, "payments", row["payment_id"])


def answer(tx: Transaction, attempt_id: str, outcome: str, otp: str | None = None) -> JsonObject:
    """End an attempt as the customer does on the bank's page, and give its payment. Answers after the first
    one change nothing. A UPI attempt is answered in the customer's app, so it stays as it is."""
    payment = find(tx, attempt_id)
    if payment["status"] != "created" or payment["method"] == "upi":
        return payment
    failure = _failure(tx, attempt_id, outcome, otp)
    _tell(tx, payment, "attempt_answered", f"the bank's page says {outcome}")
    if failure is not None:
        payments.fail(tx, payment, failure)
    else:
        checkout.receive(tx, payment, should_capture=None)
    return payment


def expire(tx: Transaction, payment_id: str) -> None:
    """Fail a payment that nobody has answered in time."""
    payment = records.get(tx, "payments", payment_id)
    if payment["status"] == "created":
        payments.fail(tx, payment, failures.BY_REASON["payment_timed_out"])
        summary = f"nobody answered for payment {payment_id} on the bank's page"
        tx.note(happenings.BACKGROUND, summary, what="attempt_expired", payment_id=payment_id)


def methods(currency: str) -> list[str]:
    """List the methods of payment for a currency. Only cards move another one than the rupee."""
    return list(instruments.FIELDS_BY_METHOD) if currency == collect.CURRENCY else ["card"]


def shown(key_secret: str, payment: JsonObject) -> JsonObject:
    """Give what the window learns of an attempt: that it waits for which step, or how it has ended."""
    if payment["status"] == "created":
        return {"status": "waiting", "step": STEPS[payment["method"]]}
    if payment["status"] == "failed":
        error = checkout.error_for_browser(payment, failures.of_payment(payment)).error
        return {"status": "failed", "error": error}
    if payment["status"] == "refunded" and not payment["captured"]:
        # Another attempt was faster, so this one's money has gone back.
        metadata = {"order_id": payment["order_id"], "payment_id": payment["id"]}
        return {"status": "failed", "error": errors.order_already_paid(metadata).error}
    return {"status": "succeeded", "result": checkout.receipt_for_browser(key_secret, payment)}


def _tell(tx: Transaction, payment: JsonObject, what: str, words: str) -> None:
    tx.note(
        happenings.CHECKOUT,
        f"{words}: {payment['id']} of {payment['order_id']}",
        what=what,
        payment_id=payment["id"],
        order_id=payment["order_id"],
        method=payment["method"],
    )


def _failure(tx: Transaction, attempt_id: str, outcome: str, otp: str | None) -> Failure | None:
    """Tell how an answer fails, or None. A card that always fails does so whatever is answered, except that
    its customer can still turn back."""
    if outcome not in OUTCOMES:
        raise ControlError(f"outcome must be one of {', '.join(OUTCOMES)}: {outcome!r}", "outcome")
    if outcome == "cancelled":
        return failures.BY_REASON["payment_cancelled"]
    row = tx.one("SELECT failing_reason FROM attempts WHERE id = ?", attempt_id)
    if row is not None and row["failing_reason"] is not None:
        return failures.BY_REASON[row["failing_reason"]]
    if outcome == "failure":
        return failures.DEFAULT
    if otp is not None and not _OTP.fullmatch(otp):
        # Documented: fewer than four digits fail. With which reason is not; this is the one for a wrong OTP.
        return failures.BY_REASON["authentication_failed"]
    return None
