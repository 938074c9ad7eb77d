"""Card numbers: the documented test cards, and what a number tells about any other card."""

import re

# The documented error cards, by the reason with which they fail.
_ERROR_CARDS = {
    "payment_timed_out": ("4100280000090000", "5305620000060000"),
    "insufficient_fund": ("4100280000080001", "5305620000050001"),
    "payment_cancelled": ("4100280000070002", "5305620000040002"),
    "card_declined": (
        "4100280000060003", "4100280000050004", "4100280000040005",
        "5305620000030003", "5305620000020004", "5305620000010005",
    ),
    "card_disabled_for_online_payments": ("4100280000030006", "5305620000000006"),
    "card_number_invalid": ("4100280000010008", "5305620000080008"),
    "gateway_technical_error": ("4100280000020007", "5305620000090007"),
    "authentication_failed": ("4100280000000009", "5305620000070009"),
}  # fmt: skip
REASON_BY_ERROR_CARD = {number: reason for reason, numbers in _ERROR_CARDS.items() for number in numbers}

SHOWN_SUCCESS_CARDS = (
    "4100280000001007", "5500670000001002", "6527658900001005", "36082800091007", "340256000401007",
)  # fmt: skip
SUCCESS_CARDS = frozenset(SHOWN_SUCCESS_CARDS)
INTERNATIONAL_CARDS = frozenset(
    (
        "5555555555554444", "5105105105105100", "5104060000000008", "4012888888881881",
        "5104015555555558",
    )
)  # fmt: skip
EMI_CARD = "5241810000000000"
# Razorpay's number for subscriptions. Elsewhere, as here, it is a card like any other.
SUBSCRIPTION_CARD = "4718609108204366"
_NETWORKS = (
    (re.compile(r"3[47]"), "American Express"),
    (re.compile(r"3(?:0[0-5]|[689])"), "Diners Club"),
    (re.compile(r"(?:60|65|81|82|508)"), "RuPay"),
    (re.compile(r"(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)"), "MasterCard"),
    (re.compile(r"(?:50|5[6-9]|6[37])"), "Maestro"),
    (re.compile(r"4"), "Visa"),
)


def is_documented(number: str) -> bool:
    """Tell whether a number is one of Razorpay's own test cards; these need not pass the Luhn check."""
    return (
        number in SUCCESS_CARDS
        or number in REASON_BY_ERROR_CARD
        or number in INTERNATIONAL_CARDS
        or number in (EMI_CARD, SUBSCRIPTION_CARD)
    )


def is_luhn_valid(number: str) -> bool:
    """Check the last digit of a card number."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def network(number: str) -> str:
    """Name the card network, in Razorpay's spelling."""
    return next((name for pattern, name in _NETWORKS if pattern.match(number)), "Unknown")


def grouped(number: str) -> str:
    """Write a number as it stands on a card: in groups of four; a shorter one in 4, 6 and the rest."""
    ends = (4, 10, len(number)) if len(number) < 16 else (*range(4, len(number), 4), len(number))
    return " ".join(number[start:end] for start, end in zip((0, *ends), ends, strict=False))


def first_error_card_by_reason() -> dict[str, str]:
    """Give one card for each reason to fail, in the documented order."""
    return {reason: numbers[0] for reason, numbers in _ERROR_CARDS.items()}
