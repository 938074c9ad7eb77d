"""What a customer pays with: reads it from the pay control, and decides as test mode does."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox import cards, errors, failures, ids
from sandbox.control_errors import ControlError, require_text
from sandbox.failures import Failure

JsonObject = dict[str, Any]
# UPI amounts that fail with a set reason, in paise.
UPI_FAILING_AMOUNTS = {
    201: "insufficient_funds",
    204: "incorrect_pin",
    302: "payment_cancelled",
    402: "payment_declined",
}
FAILING_VPA = "failure@razorpay"
# Ours, not Razorpay's: the customer who never answers. Where nobody waits for one, the time is over at once.
UNANSWERED_VPA = "pending@razorpay"
_REASON_BY_VPA = {
    FAILING_VPA: failures.DEFAULT.reason,
    UNANSWERED_VPA: failures.COLLECT_EXPIRED.reason,
}
FIELDS_BY_METHOD = {
    "upi": ("vpa",),
    "card": ("number", "expiry", "cvv", "name"),
    "netbanking": ("bank",),
    "wallet": ("wallet",),
}
# What the checkout offers. The pay control takes any short code.
BANKS = {
    "HDFC": "HDFC Bank", "ICIC": "ICICI Bank", "SBIN": "State Bank of India",
    "UTIB": "Axis Bank", "KKBK": "Kotak Mahindra Bank",
}  # fmt: skip
WALLETS = {
    "freecharge": "Freecharge", "mobikwik": "MobiKwik", "olamoney": "Ola Money",
    "airtelmoney": "Airtel Money", "payzapp": "PayZapp",
}  # fmt: skip
_ACQUIRER_FIELDS = {
    "upi": ("rrn", "upi_transaction_id"),
    "card": ("auth_code",),
    "netbanking": ("bank_transaction_id",),
    "wallet": ("transaction_id",),
}
_VPA = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9.-]{1,63}")
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(?:20)?([0-9]{2})")


@dataclass(frozen=True)
class Instrument:
    """One means of payment, and the reason with which it always fails, if it does."""

    method: str
    failing_reason: str | None = None
    is_international: bool = False
    card: JsonObject | None = None
    bank: str | None = None
    wallet: str | None = None
    vpa: str | None = None

    def failure(self, amount_minor: int) -> Failure | None:
        """Tell how a payment of this amount fails, or None when it succeeds."""
        reason = self.failing_reason
        if reason is None and self.method == "upi":
            reason = UPI_FAILING_AMOUNTS.get(amount_minor)
        return failures.BY_REASON[reason] if reason else None

    def acquirer_data_unknown(self) -> JsonObject:
        """Give the bank's reference fields before the bank has answered."""
        return dict.fromkeys(_ACQUIRER_FIELDS[self.method])


def acquirer_data(method: str) -> JsonObject:
    """Make the reference fields that a bank answers with."""
    return {name: str(secrets.randbelow(9 * 10**11) + 10**11) for name in _ACQUIRER_FIELDS[method]}


def parse(body: JsonObject, now: float) -> Instrument:
    """Read the method and its fields. Raises ControlError that names the field."""
    method = require_text(body, "method")
    if method not in FIELDS_BY_METHOD:
        raise ControlError(f"method must be one of {', '.join(FIELDS_BY_METHOD)}: {method!r}", "method")
    if method == "card":
        return _card(body, now)
    if method == "upi":
        return _upi(body)
    value = require_text(body, FIELDS_BY_METHOD[method][0])
    if not re.fullmatch(r"[A-Za-z0-9_]{2,30}", value):
        raise ControlError(f"{method} needs a short code, such as HDFC or freecharge: {value!r}", method)
    return Instrument(method, bank=value) if method == "netbanking" else Instrument(method, wallet=value)


def is_vpa(text: str) -> bool:
    """Tell whether a text has the form of a UPI address."""
    return _VPA.fullmatch(text) is not None


def upi(vpa: str) -> Instrument:
    """Give the instrument of a well-formed UPI address."""
    return Instrument("upi", failing_reason=_REASON_BY_VPA.get(vpa.lower()), vpa=vpa)


def _upi(body: JsonObject) -> Instrument:
    vpa = require_text(body, "vpa")
    if not is_vpa(vpa):
        raise ControlError(errors.INVALID_VPA, "vpa")
    return upi(vpa)


def _card(body: JsonObject, now: float) -> Instrument:
    number = re.sub(r"[ -]", "", require_text(body, "number"))
    if not re.fullmatch(r"[0-9]{12,19}", number):
        raise ControlError("number must be 12 to 19 digits; spaces are fine", "number")
    if not cards.is_documented(number) and not cards.is_luhn_valid(number):
        raise ControlError("number is not a card number: its check digit is wrong", "number")
    _check_expiry(body, now)
    if "cvv" in body and not re.fullmatch(r"[0-9]{3,4}", require_text(body, "cvv")):
        raise ControlError("cvv must be 3 or 4 digits", "cvv")
    is_international = number in cards.INTERNATIONAL_CARDS
    card = {
        "id": ids.new("card"),
        "entity": "card",
        "name": require_text(body, "name") if body.get("name") else "",
        "last4": number[-4:],
        "network": cards.network(number),
        "type": "credit",
        "issuer": None if is_international else "UTIB",
        "international": is_international,
        "emi": number == cards.EMI_CARD,
        "sub_type": "consumer",
        "token_iin": None,
    }
    reason = cards.REASON_BY_ERROR_CARD.get(number)
    return Instrument("card", failing_reason=reason, is_international=is_international, card=card)


def _check_expiry(body: JsonObject, now: float) -> None:
    if "expiry" not in body:
        return
    found = _EXPIRY.fullmatch(require_text(body, "expiry").strip())
    if found is None:
        raise ControlError("expiry must look like 12/30", "expiry")
    today = datetime.fromtimestamp(now, UTC)
    if (2000 + int(found[2]), int(found[1])) < (today.year, today.month):
        raise ControlError("expiry is in the past", "expiry")
