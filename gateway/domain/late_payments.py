"""Money for a payment that was given up: what the configured policy makes of it. Every case leaves a trace in
the history, and what a person has to decide is flagged. Only alters copies in memory.

A page that a customer left open can pay a cancelled order for as long as the provider keeps the order open,
and a bank may authorise a payment days late (Razorpay: up to three).
"""

from typing import Literal

from gateway.domain import differences
from gateway.domain.context import Context
from gateway.domain.ids import new_id
from gateway.domain.models import Payment
from gateway.domain.reservations import reserve
from gateway.domain.transitions import flag_for_review, flag_for_review_once, note

LatePolicy = Literal["accept", "refund", "hold"]

ACCEPT: LatePolicy = "accept"
REFUND: LatePolicy = "refund"
REQUESTED_BY = "policy:late-payment"


def is_authorised_money_taken(context: Context) -> bool:
    """Return whether money that was only authorised after the cancellation is taken. Otherwise it is left
    alone, and the provider returns it when its capture window closes."""
    return context.policies.late_payment == ACCEPT


def leave_alone(payment: Payment, provider_payment_id: str, context: Context) -> bool:
    """Leave a trace of authorised money that is not taken. Returns whether that is news."""
    why = f"{provider_payment_id} was authorised after the order was cancelled"
    if context.policies.late_payment != REFUND:
        difference = differences.payment_late(payment, provider_payment_id, "authorised")
        return flag_for_review_once(payment, why, context, difference)
    if any(why in entry.why for entry in payment.history):
        return False
    note(payment, f"{why}; it is not taken, and goes back when its time is over", context)
    return True


def note_return(payment: Payment, provider_payment_id: str, context: Context) -> bool:
    """Leave a trace of money that went back without having been taken. Returns whether that is news."""
    why = f"{provider_payment_id} went back to the customer without having been taken"
    if any(why in entry.why for entry in payment.history):
        return False
    note(payment, why, context)
    return True


def deal_with_captured(payment: Payment, context: Context) -> None:
    """Deal with money that was captured after the cancellation. The payment has just become PAID."""
    why = "money arrived after the order was cancelled"
    if context.policies.late_payment == ACCEPT:
        note(payment, f"{why}; the late-payment policy accepts it", context)
        return
    if context.policies.late_payment == REFUND:
        reserve(
            payment,
            refund_id=new_id(),
            amount_minor=payment.captured_minor - payment.refund_reserved_minor,
            notes={"reason": "the order had been cancelled"},
            requested_by=REQUESTED_BY,
            requested_at=context.now(),
        )
        note(payment, f"{why}; the late-payment policy returns it", context)
        return
    difference = differences.payment_late(payment, payment.provider_payment_id, "captured")
    flag_for_review(payment, why, context, difference)
