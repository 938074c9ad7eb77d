"""The door for a payment's status: `change_payment` is the only way a payment is written after its
creation, and `move` the only function that assigns a status."""

from collections.abc import Callable

from gateway.domain import planning
from gateway.domain.context import Context
from gateway.domain.difference import Difference, mint
from gateway.domain.models import HISTORY_ENTRIES_MAX, REASON_CHARS_MAX, HistoryEntry, Payment
from gateway.domain.states import MAY_GO_TO
from gateway.domain.store import Changed, change
from gateway.domain.work import Claim

# How the history begins to say that a person is to look.
REVIEW_WANTED = "needs review: "


def change_payment(
    context: Context, payment_id: str, decide: Callable[[Payment], bool], known: Payment | None = None
) -> Changed[Payment]:
    """Apply a decision to a payment; status, history and the next work land in the same write.
    `updated_at` follows the history, so bookkeeping such as a claim does not look like news.

    decide, known: as in `store.change`. Raises Payment.DoesNotExist, TooBusy, and whatever `decide` raises.
    """

    def decide_and_plan(payment: Payment) -> bool:
        if not decide(payment):
            return False
        now = context.now()
        if payment.history and payment.history[-1].at > payment.updated_at:
            payment.updated_at = payment.history[-1].at
        planning.plan_payment(payment, now, context.limits)
        return True

    return change(Payment, payment_id, decide_and_plan, known)


def change_claimed(
    context: Context, claim: Claim[Payment], decide: Callable[[Payment], bool]
) -> Changed[Payment]:
    """Apply a decision to a claimed payment, as `change_payment` does, beginning with the copy that the claim
    has read."""
    return change_payment(context, claim.document.id, decide, claim.document)


def move(payment: Payment, to_status: str, why: str, context: Context) -> None:
    """Give the payment a status and record it in the history. Only alters the copy in memory.

    Raises AssertionError when the table does not allow it: callers look before they leap.
    """
    assert to_status in MAY_GO_TO[payment.status], f"{payment.status} may not go to {to_status}"
    _record(payment, to_status, why, context)
    payment.status = to_status


def note(payment: Payment, why: str, context: Context) -> None:
    """Record in the history something that happened without a change of status."""
    _record(payment, payment.status, why, context)


def flag_for_review(
    payment: Payment, why: str, context: Context, difference: Difference | None = None
) -> None:
    """Mark the payment for a person to look at, and record why. difference: what the provider says that
    contradicts us, if that is the reason, which becomes a discrepancy."""
    payment.needs_review = True
    note(payment, f"{REVIEW_WANTED}{why}", context)
    if difference:
        mint(payment, difference, context)


def flag_for_review_once(
    payment: Payment, why: str, context: Context, difference: Difference | None = None
) -> bool:
    """Mark the payment for review, unless that was done for the same reason before. Only alters the copy in
    memory. Returns whether it did."""
    if any(why in entry.why for entry in payment.history):
        return False
    flag_for_review(payment, why, context, difference)
    return True


def flag_once(context: Context, payment_id: str, why: str, difference: Difference | None = None) -> Payment:
    """Mark a stored payment for review, unless that was done for the same reason before; returns it. One
    write."""
    return change_payment(
        context, payment_id, lambda payment: flag_for_review_once(payment, why, context, difference)
    ).document


def _record(payment: Payment, to_status: str, why: str, context: Context) -> None:
    payment.history.append(
        HistoryEntry(
            at=context.now(),
            from_status=payment.status,
            to_status=to_status,
            why=why[:REASON_CHARS_MAX],
            by=context.cause.by,
            correlation_id=context.cause.correlation_id,
        )
    )
    if len(payment.history) > HISTORY_ENTRIES_MAX:
        # The first entry tells how the payment began; the oldest ones after it make room.
        del payment.history[1]
