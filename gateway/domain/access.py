"""Who may see and do what. Every look-up of a payment by an id from outside goes through here, and what
is not the viewer's does not exist for them.

An account sees its own payments, staff those of their schools too, an admin all. A program with an API key
sees those of its school, or all; which calls it may make at all is in its scopes, which the edge checks.
"""

import hmac
from dataclasses import dataclass
from typing import Any, Self

from gateway.domain.account_models import ADMIN, SCHOOL_STAFF, ApiKey, User
from gateway.domain.errors import Forbidden, PaymentNotFound, ReceiptNotFound
from gateway.domain.models import Payment, ReceiptRef

SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who asks. `id` owns what they create; `reach` are the schools whose payments they see beside their
    own, None for all; `email` and `phone_number` are the account's, None for a program."""

    id: str
    email: str | None
    phone_number: str | None
    role: str
    reach: frozenset[str] | None

    @classmethod
    def of_account(cls, user: User) -> Self:
        """Return the viewer who is logged in to an account."""
        reach = {ADMIN: None, SCHOOL_STAFF: frozenset(user.school_ids)}.get(user.role, frozenset())
        return cls(id=user.id, email=user.email, phone_number=user.phone_number, role=user.role, reach=reach)

    @classmethod
    def of_key(cls, key: ApiKey) -> Self:
        """Return the viewer that is a program with this API key."""
        reach = frozenset({key.school_id}) if key.school_id else None
        return cls(id=f"key:{key.id}", email=None, phone_number=None, role=SERVICE, reach=reach)

    @property
    def name(self) -> str:
        """Return what the history calls them: user:… or key:…"""
        return self.id if self.role == SERVICE else f"user:{self.id}"

    def reaches(self, school_id: str | None) -> bool:
        """Return whether payments of this school are theirs to see, whoever made them."""
        return self.reach is None or school_id in self.reach


def require_operator(viewer: Viewer) -> None:
    """Let only those through who see all there is: administrators, and API keys of all schools.
    Raises Forbidden."""
    if viewer.reach is not None:
        raise Forbidden("Only administrators, and API keys of all schools, see this.")


def payment_by_id(viewer: Viewer, payment_id: str) -> Payment:
    """Return the payment with our id, if the viewer may see it. Raises PaymentNotFound."""
    return _visible(viewer, Payment.objects(id=payment_id).first())


def payment_by_order(viewer: Viewer, order_id: str) -> Payment:
    """Return the payment with this provider order id, or with this id of ours, which a client knows
    before the order is open; if the viewer may see it. Raises PaymentNotFound."""
    payment = Payment.objects(provider_order_id=order_id).first() or Payment.objects(id=order_id).first()
    return _visible(viewer, payment)


def payment_to_refund(viewer: Viewer, payment_id: str, *, by_customer: bool) -> Payment:
    """Return the payment, if the viewer may refund it; by_customer: whether who made it may.
    Raises PaymentNotFound for what they may not even see, else Forbidden."""
    payment = payment_by_id(viewer, payment_id)
    if not by_customer and not viewer.reaches(payment.school_id):
        raise Forbidden(
            "Refunds are made by the school here. Please ask its staff.",
            paymentId="may only be refunded by staff of its school or an administrator",
        )
    return payment


def payment_by_page(payment_id: str, page_token: str) -> Payment:
    """Return the payment whose checkout page was asked for with its token. Raises PaymentNotFound."""
    payment = Payment.objects(id=payment_id).first()
    kept = payment.page_token if payment else None
    if not kept or not hmac.compare_digest(kept.encode(), page_token.encode("utf-8", "replace")):
        raise PaymentNotFound("There is no such payment.")
    return payment


def receipt(viewer: Viewer, receipt_id: str) -> tuple[Payment, ReceiptRef]:
    """Return a receipt with its payment, if the viewer may see that. Raises ReceiptNotFound."""
    receipt_id = receipt_id.lower()
    payment = Payment.objects(receipts__id=receipt_id).first()
    if payment is None or not may_see(viewer, payment):
        raise ReceiptNotFound("There is no such receipt.", receiptId="is unknown")
    return payment, next(ref for ref in payment.receipts if ref.id == receipt_id)


def _visible(viewer: Viewer, payment: Payment | None) -> Payment:
    if payment is None or not may_see(viewer, payment):
        raise PaymentNotFound("There is no such payment.")
    return payment


def may_see(viewer: Viewer, payment: Payment) -> bool:
    """Return whether the payment is the viewer's own or within their reach."""
    return payment.user_id == viewer.id or viewer.reaches(payment.school_id)


def require_school(viewer: Viewer, school_id: str | None) -> None:
    """Refuse a program that is bound to one school and makes a payment elsewhere. Raises Forbidden."""
    if viewer.role == SERVICE and not viewer.reaches(school_id):
        raise Forbidden(
            "This API key belongs to one school.", schoolId=f"must be {', '.join(viewer.reach or ())}"
        )


def school_scope(viewer: Viewer, school_id: str | None) -> dict[str, Any]:
    """Return the MongoDB filter for the payments of one school, or of all that the viewer reaches.
    Raises Forbidden for those who are not staff of it, whether or not such a school exists."""
    if school_id is not None and viewer.reaches(school_id):
        return {"school_id": school_id}
    if school_id is None and viewer.reach is None:
        return {}
    if school_id is None and viewer.reach:
        reach = sorted(viewer.reach)
        return {"school_id": reach[0] if len(reach) == 1 else {"$in": reach}}
    raise Forbidden("Only staff of the school and administrators see this.")


def own_scope(viewer: Viewer, school_id: str | None) -> dict[str, Any]:
    """Return the MongoDB filter for the payments that the viewer calls theirs: their own; of a school that
    they reach, all; for admins and programs, all that they reach. Raises Forbidden for a program that asks
    for another school than its own."""
    if viewer.reach is None or viewer.role == SERVICE:
        return school_scope(viewer, school_id)
    if school_id is None:
        return {"user_id": viewer.id}
    if viewer.reaches(school_id):
        return {"school_id": school_id}
    return {"user_id": viewer.id, "school_id": school_id}
