"""Receipts: which are owed, what each says, and where its PDF is kept. Does not know how one looks.

A receipt is minted on the payment in the same write as the change that it documents, under an id and a
number derived from the payment, the kind and the refund; so it exists once, whoever asks for it.
"""

import base64
import hashlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from gateway.domain import work
from gateway.domain.account_models import User
from gateway.domain.context import Context
from gateway.domain.models import Payment, Receipt, ReceiptRef, Refund
from gateway.domain.receipt_contents import Issuer, ReceiptContents, ReceiptKind
from gateway.domain.store import Changed, change
from gateway.domain.transitions import change_claimed

NUMBER_PREFIX: dict[ReceiptKind, str] = {
    "PAYMENT_RECEIPT": "RCP",
    "REFUND_RECEIPT": "REF",
    "CANCELLATION_RECEIPT": "CAN",
}
# Derived ids are UUIDs of this name space, so that they never meet a random one.
RECEIPT_NAMESPACE = uuid.UUID("6f1c1c0e-6c2f-5a53-9d0e-0d3a7a0b9e51")
# What orders are for unless they say so, and what is printed when nobody has said anything.
PURPOSE_DEFAULT = "school_registration"
PURPOSE_UNKNOWN = "Payment"


def mint(payment: Payment, kind: ReceiptKind, now: datetime, refund: Refund | None = None) -> ReceiptRef:
    """Put a receipt of this kind on the payment, unless it has it. Only alters the copy in memory."""
    refund_id = refund.id if refund else None
    name = f"{payment.id}/{kind}/{refund_id or ''}"
    receipt_id = str(uuid.uuid5(RECEIPT_NAMESPACE, name))
    for existing in payment.receipts:
        if existing.id == receipt_id:
            return existing
    # Eight characters of the payment's id for people, ten of a digest to make the number unique.
    tail = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:10].lower()
    number = f"{NUMBER_PREFIX[kind]}_{payment.id[:8]}_{tail}"
    ref = ReceiptRef(id=receipt_id, number=number, kind=kind, refund_id=refund_id, issued_at=now)
    payment.receipts.append(ref)
    return ref


@dataclass(frozen=True)
class Issued:
    """The payment, and the receipts whose documents have just been created."""

    payment: Payment
    receipt_ids: list[str]


def issue(context: Context, payment_id: str) -> Issued | None:
    """Create the Receipt documents that the payment is owed, each with the work of being rendered.

    Claims the payment's work; returns None when there was nothing to claim. Every step can be repeated:
    a receipt's id is derived, so a second insert of it is refused by the index and means "done".
    """
    claim = work.claim(context, Payment, payment_id, work.ISSUE_RECEIPTS)
    if claim is None:
        return None
    owed = [ref for ref in claim.document.receipts if not ref.stored]
    for ref in owed:
        _insert(context, claim.document, ref)
    stored_ids = [ref.id for ref in owed]

    def decide(payment: Payment) -> bool:
        for ref in payment.receipts:
            if ref.id in stored_ids:
                ref.stored = True
        work.release(payment, claim)
        return True

    return Issued(change_claimed(context, claim, decide).document, stored_ids)


def _insert(context: Context, payment: Payment, ref: ReceiptRef) -> None:
    receipt = Receipt(
        id=ref.id,
        payment_id=payment.id,
        kind=ref.kind,
        number=ref.number,
        contents=dump_contents(_contents(context, payment, ref)),
        work=work.Work(kind=work.RENDER_RECEIPT, due_at=context.now()),
    )
    try:
        receipt.save(force_insert=True)
    except NotUniqueError:
        # A worker that died before it could say so has inserted it already.
        return


def _contents(context: Context, payment: Payment, ref: ReceiptRef) -> ReceiptContents:
    owner = User.objects(id=payment.user_id).first()
    refund = next((r for r in payment.refunds if r.id == ref.refund_id), None)
    duplicate = next((d for d in payment.duplicates if d.refund.id == ref.refund_id), None)
    if duplicate:
        refund = duplicate.refund
    return ReceiptContents(
        kind=ref.kind,
        number=ref.number,
        issued_at=ref.issued_at,
        payment_id=payment.id,
        school_id=payment.school_id,
        order_id=payment.provider_order_id,
        provider_payment_id=(duplicate or payment).provider_payment_id,
        payment_method=(duplicate or payment).payment_method,
        status=_status_at_issue(payment, ref),
        purpose=payment.notes.get("purpose") or payment.description or PURPOSE_UNKNOWN,
        currency=payment.currency,
        amount_minor=refund.amount_minor if refund else payment.amount_minor,
        payment_amount_minor=payment.amount_minor,
        # A payment that a program made belongs to no account, and may only name an address, or nobody.
        payer_name=owner.name if owner else payment.user_email or "",
        payer_email=payment.user_email if owner else "",
        issuer=context.issuer,
        created_at=payment.created_at,
        paid_at=payment.paid_at,
        cancelled_at=payment.cancelled_at if ref.kind == "CANCELLATION_RECEIPT" else None,
        refund_id=(refund.provider_refund_id or refund.id) if refund else None,
        refund_status=refund.status if refund else None,
        refund_reason=refund.notes.get("reason") if refund else None,
        refunded_at=refund.processed_at if refund else None,
    )


def _status_at_issue(payment: Payment, ref: ReceiptRef) -> str:
    """Return the status that the documented change led to; the payment may have moved on since."""
    if ref.kind == "PAYMENT_RECEIPT":
        return "PAID"
    if ref.kind == "CANCELLATION_RECEIPT":
        return "CANCELLED"
    return str(payment.status)


def claim_rendering(context: Context, receipt_id: str) -> work.Claim[Receipt] | None:
    """Take the work of rendering a receipt; None when it is done or someone else's."""
    return work.claim(context, Receipt, receipt_id, work.RENDER_RECEIPT)


def finish_rendering(context: Context, claim: work.Claim[Receipt], pdf: bytes) -> Changed[Receipt]:
    """Keep the PDF and its SHA-256. Safe to repeat: the same contents give the same bytes."""

    def decide(receipt: Receipt) -> bool:
        if receipt.rendered_at:
            return False
        receipt.pdf = pdf
        receipt.pdf_sha256 = hashlib.sha256(pdf).hexdigest()
        receipt.rendered_at = context.now()
        receipt.work = None
        return True

    return change(Receipt, claim.document.id, decide, claim.document)


def rendered(receipt_id: str) -> Receipt | None:
    """Return the receipt with its PDF, or None while it has not been rendered. The caller has checked
    that the payment that it belongs to may be seen."""
    receipt = Receipt.objects(id=receipt_id).first()
    return receipt if receipt and receipt.rendered_at else None


def dump_contents(contents: ReceiptContents) -> str:
    """Return the contents as JSON text, times in ISO 8601."""
    return json.dumps(
        {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in asdict(contents).items()
        },
        ensure_ascii=False,
    )


def load_contents(text: str) -> ReceiptContents:
    """Return the contents that `dump_contents` wrote."""
    raw: dict[str, Any] = json.loads(text)
    raw["issuer"] = Issuer(**raw["issuer"])
    for key, value in raw.items():
        if key.endswith("_at") and value is not None:
            raw[key] = datetime.fromisoformat(value)
    return ReceiptContents(**raw)
