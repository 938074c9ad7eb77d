"""Who may see which payment. Every look-up of a payment by an id from outside goes through here, and what
is not the viewer's does not exist for them."""

from typing import Any

from gateway.domain.account_models import User
from gateway.domain.errors import PaymentNotFound, ReceiptNotFound
from gateway.domain.models import Payment, ReceiptRef

SCHOOL_STAFF = "school_staff"
ADMIN = "admin"


def payment_by_id(viewer: User, payment_id: str) -> Payment:
    """Return the payment with our id, if the viewer may see it. Raises PaymentNotFound."""
    return _visible(viewer, Payment.objects(id=payment_id).first())


def payment_by_order(viewer: User, order_id: str) -> Payment:
    """Return the payment with this provider order id, or with this id of ours, which a client knows
    before the order is open; if the viewer may see it. Raises PaymentNotFound."""
    payment = Payment.objects(provider_order_id=order_id).first() or Payment.objects(id=order_id).first()
    return _visible(viewer, payment)


def receipt(viewer: User, receipt_id: str) -> tuple[Payment, ReceiptRef]:
    """Return a receipt with its payment, if the viewer may see that. Raises ReceiptNotFound."""
    receipt_id = receipt_id.lower()
    payment = Payment.objects(receipts__id=receipt_id).first()
    if payment is None or not may_see(viewer, payment):
        raise ReceiptNotFound("There is no such receipt.", receiptId="is unknown")
    return payment, next(ref for ref in payment.receipts if ref.id == receipt_id)


def _visible(viewer: User, payment: Payment | None) -> Payment:
    if payment is None or not may_see(viewer, payment):
        raise PaymentNotFound("There is no such payment.")
    return payment


def may_see(viewer: User, payment: Payment) -> bool:
    """Return whether the payment is the viewer's own, of a school granted to them, or they see all."""
    return (
        viewer.role == ADMIN
        or payment.user_id == viewer.id
        or (viewer.role == SCHOOL_STAFF and payment.school_id in viewer.school_ids)
    )


def scope(viewer: User, school_id: str | None) -> dict[str, Any]:
    """Return the MongoDB filter for what the viewer may list, of one school or of all."""
    if viewer.role == ADMIN:
        return {"school_id": school_id} if school_id else {}
    if viewer.role == SCHOOL_STAFF:
        if school_id is None:
            return {"school_id": {"$in": list(viewer.school_ids)}}
        if school_id in viewer.school_ids:
            return {"school_id": school_id}
    own = {"user_id": viewer.id}
    return own | {"school_id": school_id} if school_id else own
