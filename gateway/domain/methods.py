"""The ways in which a client may say that it will pay. How it was really paid is the provider's to say."""

import re

CARD, CREDIT_CARD, DEBIT_CARD = "card", "credit_card", "debit_card"
UPI, NETBANKING, WALLET, DIGITAL_WALLET = "upi", "netbanking", "wallet", "digital_wallet"
METHODS = (CARD, CREDIT_CARD, DEBIT_CARD, UPI, NETBANKING, WALLET, DIGITAL_WALLET)

_WITHOUT_SEPARATORS = {method.replace("_", ""): method for method in METHODS}


def parse_method(text: str) -> str | None:
    """Return the method that the text spells: "Credit Card", "credit-card" and "creditCard" are all
    credit_card. None when it spells none."""
    return _WITHOUT_SEPARATORS.get(re.sub(r"[\s_-]+", "", text).lower())
