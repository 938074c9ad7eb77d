"""What a provider's message means for the refunds of a payment, by the same rules as `observations`: any
number of messages in any order end in the same state, and nothing here raises because of one.
"""

from datetime import timedelta

from gateway.domain import differences, planning, refund_steps
from gateway.domain.context import Context
from gateway.domain.difference import REFUND_EXCESS
from gateway.domain.ids import new_id
from gateway.domain.models import REASON_CHARS_MAX, REFUNDS_PER_PAYMENT_MAX, Payment, Refund
from gateway.domain.provider import ProviderRefund
from gateway.domain.states import (
    PAID,
    PARTIAL_REFUND,
    REFUND_FAILED,
    REFUND_PENDING,
    REFUNDED,
)
from gateway.domain.transitions import flag_for_review, flag_for_review_once, move, note


def observe_refund(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Take note of one provider refund as it was at some moment; one that was made elsewhere, in the
    provider's dashboard say, is imported. Only alters the copy in memory. Returns whether it changed."""
    refund = _match(payment, seen)
    if refund is None:
        if not payment.captured_minor:
            return False
        if seen.status == "failed":
            return _remember_failed(payment, seen, context)
        left = payment.captured_minor - payment.refund_reserved_minor
        if seen.amount_minor > left or len(payment.refunds) >= REFUNDS_PER_PAYMENT_MAX:
            return _review_misfit(payment, seen, context)
        refund = _import(payment, seen, context)
    if not refund.provider_refund_id and refund.status == REFUND_FAILED:
        _revive(payment, refund, seen, context)
    status = refund_steps.follow(payment, refund, seen, context)
    if status is None:
        return False
    if status == REFUND_FAILED:
        fail(payment, refund, refund_steps.NOT_RETURNED, context)
        return True
    _follow(payment, f"refund {seen.id} is {status}", context)
    return True


def _match(payment: Payment, seen: ProviderRefund) -> Refund | None:
    """Return our refund: by the provider's id, or by our own id, which it carries as its receipt."""
    for refund in payment.refunds:
        if refund.provider_refund_id == seen.id or (
            refund.provider_refund_id is None and seen.refund_receipt == refund.id
        ):
            return refund
    return None


def _review_misfit(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Ask a person about a refund that we did not ask for and that does not fit beside ours: the money has
    moved, and the sum must not be hidden. Written down only the first time that it is reported."""
    why = f"refund {seen.id} of {seen.amount_minor} does not fit beside the refunds known here"
    return flag_for_review_once(payment, why, context, differences.refund_excess(payment, seen))


def _remember_failed(payment: Payment, seen: ProviderRefund, context: Context) -> bool:
    """Add a refund that we did not ask for, and that has failed already. It takes up nothing, and is kept so
    that older news, which may come later, does not bring it to life."""
    if len(payment.refunds) >= REFUNDS_PER_PAYMENT_MAX:
        return False
    refund = _add(payment, seen, context)
    refund.status = REFUND_FAILED
    refund.failure_reason = refund_steps.NOT_RETURNED
    refund.provider_refund_id = seen.id
    note(payment, f"refund {seen.id}, which was made at the provider, failed", context)
    return True


def _import(payment: Payment, seen: ProviderRefund, context: Context) -> Refund:
    """Add a refund that we did not ask for. It takes up its amount beside ours."""
    payment.refund_reserved_minor += seen.amount_minor
    return _add(payment, seen, context)


def _add(payment: Payment, seen: ProviderRefund, context: Context) -> Refund:
    refund = Refund(
        id=new_id(),
        amount_minor=seen.amount_minor,
        notes={"reason": "made at the provider"},
        requested_by="provider",
        requested_at=min(seen.created_at or context.now(), context.now()),
        idempotency_key=f"provider:{seen.id}",
    )
    payment.refunds.append(refund)
    return refund


def _revive(payment: Payment, refund: Refund, seen: ProviderRefund, context: Context) -> None:
    """Take back that a refund was refused: a call whose answer was lost had made it after all."""
    refund.status = REFUND_PENDING
    refund.failure_reason = None
    payment.refund_reserved_minor += refund.amount_minor
    if payment.refund_reserved_minor > payment.captured_minor:
        why = f"refund {seen.id} was made although it had been refused"
        flag_for_review(payment, why, context, differences.refund_excess(payment, seen))


def flag_overdue(payment: Payment, refund: Refund, context: Context) -> bool:
    """Ask a person about a refund that has been pending for longer than refunds take. Written down only once.
    Only alters the copy in memory. Returns whether it did."""
    limit = timedelta(days=context.limits.refund_overdue_days)
    if refund.status != REFUND_PENDING or context.now() < refund.requested_at + limit:
        return False
    what = f"refund {refund.provider_refund_id or refund.id}"
    days = context.limits.refund_overdue_days
    return flag_for_review_once(payment, f"{what} has been pending for more than {days} days", context)


def fail(payment: Payment, refund: Refund, reason: str, context: Context) -> None:
    """Give a refund's amount back to what can be refunded. Only alters the copy in memory. A refund that was
    made at the provider and did not fit beside this one may fit now: the news of it does not come again, so
    it is asked for."""
    refund.status = REFUND_FAILED
    refund.failure_reason = reason[:REASON_CHARS_MAX]
    payment.refund_reserved_minor -= refund.amount_minor
    if any(each.kind == REFUND_EXCESS for each in payment.discrepancies):
        payment.refunds_unread = True
        planning.hurry(payment)
    _follow(payment, f"refund {refund.provider_refund_id or refund.id} failed: {reason}", context)


def _follow(payment: Payment, why: str, context: Context) -> None:
    """Bring the status in line with what the provider has accepted to send back."""
    accepted = [r for r in payment.refunds if r.accepted_at and r.status != REFUND_FAILED]
    refunded = sum(refund.amount_minor for refund in accepted)
    payment.refunded_minor = refunded
    target = PAID
    if refunded:
        target = REFUNDED if refunded >= payment.captured_minor else PARTIAL_REFUND
    if payment.status != target or target == PARTIAL_REFUND:
        move(payment, target, why, context)
    else:
        note(payment, why, context)
