"""Payments that wait for a person to look at them, and what the person has decided."""

from collections.abc import Sequence

from gateway.domain.context import Context
from gateway.domain.models import REASON_CHARS_MAX, Payment
from gateway.domain.store import Changed
from gateway.domain.transitions import REVIEW_WANTED, change_payment, note

LISTED_MAX = 1000
REVIEWED = "reviewed: "
DECISION_CHARS_MAX = REASON_CHARS_MAX - len(REVIEWED)


def waiting() -> Sequence[Payment]:
    """Return up to LISTED_MAX payments that wait for a person, the longest first."""
    return list(Payment.objects(needs_review=True).order_by("updated_at").limit(LISTED_MAX))


def reasons(payment: Payment) -> list[str]:
    """Return why a person is to look at the payment: every reason since the last review, the oldest first."""
    told: list[str] = []
    for entry in payment.history:
        if entry.why.startswith(REVIEW_WANTED):
            told.append(entry.why.removeprefix(REVIEW_WANTED))
        elif entry.why.startswith(REVIEWED):
            told.clear()
    return told


def finish(context: Context, payment_id: str, decision: str) -> Changed[Payment]:
    """Write down what a person has decided, and take the payment off the list. Writes one document; money and
    status stay as they are. Safe to repeat: a payment that waits for nobody is left alone. Raises
    Payment.DoesNotExist."""

    def decide(payment: Payment) -> bool:
        if not payment.needs_review:
            return False
        payment.needs_review = False
        note(payment, f"{REVIEWED}{decision[:DECISION_CHARS_MAX]}", context)
        return True

    return change_payment(context, payment_id, decide)
