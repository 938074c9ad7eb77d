"""What a receipt says: a snapshot taken when it is issued, so that rendering it again gives the same
document. Knows nothing about how it looks (worker/receipt_pdf) or where it is kept (receipts)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ReceiptKind = Literal["PAYMENT_RECEIPT", "REFUND_RECEIPT", "CANCELLATION_RECEIPT"]


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who issues the receipt. Comes from the settings; empty strings are left off the document."""

    name: str
    address: str
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class ReceiptContents:
    """Everything printed on one receipt. Times are aware UTC datetimes; amounts are in minor units.

    amount_minor: what this receipt is about: the sum paid, the sum refunded or the sum cancelled.
    payment_amount_minor: the payment's whole amount, the same except on a refund receipt.
    """

    kind: ReceiptKind
    number: str
    issued_at: datetime
    payment_id: str
    school_id: str | None
    order_id: str | None
    provider_payment_id: str | None
    payment_method: str | None
    status: str
    purpose: str
    currency: str
    amount_minor: int
    payment_amount_minor: int
    payer_name: str
    payer_email: str
    issuer: Issuer
    created_at: datetime
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    refund_id: str | None = None
    refund_status: str | None = None
    refund_reason: str | None = None
    refunded_at: datetime | None = None
