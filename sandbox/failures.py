"""Why a payment fails: code, description, source and step for each documented reason.

Codes and reasons are Razorpay's. Where its public documents give no literal description, the text is ours.
"""

from dataclasses import dataclass
from typing import Any

BAD_REQUEST = "BAD_REQUEST_ERROR"
GATEWAY = "GATEWAY_ERROR"


@dataclass(frozen=True)
class Failure:
    """One way in which a payment fails."""

    reason: str
    code: str
    source: str
    step: str
    description: str


_ALL = (
    Failure(
        "payment_failed", BAD_REQUEST, "gateway", "payment_response",
        "Payment was unsuccessful due to a temporary issue. "
        "Any amount deducted will be refunded within 5-7 working days.",
    ),
    Failure(
        "payment_timed_out", BAD_REQUEST, "customer", "payment_authentication",
        "Payment was unsuccessful as it was not completed in time. Try again.",
    ),
    Failure(
        "insufficient_fund", BAD_REQUEST, "customer", "payment_authorization",
        "Your payment could not be completed due to insufficient account balance. "
        "Try again with another card or payment method.",
    ),
    Failure(
        "insufficient_funds", BAD_REQUEST, "customer", "payment_authorization",
        "Payment was unsuccessful as your bank account does not have enough funds. Try another account.",
    ),
    Failure(
        "payment_cancelled", BAD_REQUEST, "customer", "payment_authentication",
        "Payment processing cancelled by user",
    ),
    Failure(
        "payment_declined", BAD_REQUEST, "bank", "payment_authorization",
        "Payment was unsuccessful as your bank declined it. Try another payment method.",
    ),
    Failure(
        "incorrect_pin", BAD_REQUEST, "customer", "payment_authentication",
        "Payment was unsuccessful as the PIN was incorrect. Try again.",
    ),
    Failure(
        "payment_collect_request_expired", BAD_REQUEST, "customer", "payment_authentication",
        "Payment was unsuccessful as you could not pay with the UPI app within time.",
    ),
    Failure(
        "card_declined", BAD_REQUEST, "issuer", "payment_authorization",
        "Your payment was declined by your bank. Try again with another card or payment method.",
    ),
    Failure(
        "card_disabled_for_online_payments", BAD_REQUEST, "issuer", "payment_authorization",
        "Your card is not enabled for online payments. Try again with another card or payment method.",
    ),
    Failure(
        "card_number_invalid", BAD_REQUEST, "customer", "payment_authentication",
        "Your card number is incorrect. Check it and try again.",
    ),
    Failure(
        "gateway_technical_error", GATEWAY, "gateway", "payment_authorization",
        "Payment was unsuccessful due to a technical error at the partner bank. Try again later.",
    ),
    Failure(
        "authentication_failed", GATEWAY, "customer", "payment_authentication",
        "Payment was unsuccessful as the OTP or the other verification details were incorrect.",
    ),
)  # fmt: skip
BY_REASON = {failure.reason: failure for failure in _ALL}
DEFAULT = BY_REASON["payment_failed"]
COLLECT_EXPIRED = BY_REASON["payment_collect_request_expired"]


def of_payment(payment: dict[str, Any]) -> Failure:
    """Give the way in which a failed payment failed."""
    names = ("reason", "code", "source", "step", "description")
    return Failure(**{name: payment[f"error_{name}"] for name in names})
