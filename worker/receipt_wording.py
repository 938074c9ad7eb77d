"""What a receipt calls things: its titles, labels, rows and sentences, in the order they are printed. Knows
nothing about fonts and pages (receipt_pdf)."""

from datetime import UTC, datetime

from gateway.domain import money
from gateway.domain.receipt_contents import ReceiptContents

TITLES = {
    "PAYMENT_RECEIPT": "Payment receipt",
    "REFUND_RECEIPT": "Refund receipt",
    "CANCELLATION_RECEIPT": "Cancellation receipt",
}
AMOUNT_LABELS = {
    "PAYMENT_RECEIPT": "Amount paid",
    "REFUND_RECEIPT": "Refund amount",
    "CANCELLATION_RECEIPT": "Amount cancelled",
}
NOTES = {
    "REFUND_RECEIPT": "The refund is credited to the original payment method within 5-7 working days.",
    "CANCELLATION_RECEIPT": "This payment was cancelled before it was completed. No money was taken.",
}
FOOTER = "This is a computer-generated receipt and needs no signature."

# Razorpay's names of payment methods; the others are printed with a capital letter and spaces.
METHODS = {
    "upi": "UPI",
    "netbanking": "Net banking",
    "emi": "EMI",
    "cardless_emi": "Cardless EMI",
    "paylater": "Pay later",
}

# Not strftime, whose month names depend on the machine's locale.
MONTHS = "January February March April May June July August September October November December".split()


def rows(contents: ReceiptContents) -> list[tuple[str, str | None]]:
    """Return the details, in the order they are printed. A row without a value is left out."""
    is_refund = contents.kind == "REFUND_RECEIPT"
    is_cancellation = contents.kind == "CANCELLATION_RECEIPT"
    original_amount = money.display(contents.payment_amount_minor, contents.currency)
    return [
        ("Purpose", contents.purpose),
        ("Refund ID", contents.refund_id),
        ("Refund status", _words(contents.refund_status)),
        ("Refund reason", contents.refund_reason),
        ("Refund date", _moment(contents.refunded_at)),
        ("Payment requested", _moment(contents.created_at) if is_cancellation else None),
        ("Cancellation date", _moment(contents.cancelled_at)),
        ("Payment date", _moment(contents.paid_at)),
        ("Payment method", _method(contents.payment_method)),
        ("Payment status" if is_refund else "Status", contents.status),
        ("School ID", contents.school_id),
        ("Original payment ID" if is_refund else "Payment ID", contents.payment_id),
        ("Original order ID" if is_refund else "Order ID", contents.order_id),
        ("Provider payment ID", contents.provider_payment_id),
        ("Currency", contents.currency),
        ("Original amount", original_amount if is_refund else None),
        (AMOUNT_LABELS[contents.kind], amount(contents)),
    ]


def amount(contents: ReceiptContents) -> str:
    """Return what the receipt is about, with the currency's symbol."""
    return money.display(contents.amount_minor, contents.currency)


def _method(method: str | None) -> str | None:
    return METHODS.get(method.lower(), _words(method)) if method else None


def _words(constant: str | None) -> str | None:
    """Turn bank_transfer into "Bank transfer"."""
    return constant.replace("_", " ").capitalize() if constant else None


def date(moment: datetime) -> str:
    """Return a day, such as 22 November 2026."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def _moment(moment: datetime | None) -> str | None:
    return f"{date(moment)}, {moment.astimezone(UTC):%H:%M} UTC" if moment else None
