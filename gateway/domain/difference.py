"""One way in which our record of a payment and the provider's can differ, and how it is put on the payment
that it is about. Only alters copies in memory; `discrepancies` stores what was minted.

A kind says what the provider has: "captured at provider" is `payment_captured`, whatever stood here.
"""

import uuid
from dataclasses import dataclass
from typing import Self

from gateway.domain.context import Context
from gateway.domain.discrepancy_models import CORRECTED, OPEN, TEXT_CHARS_MAX, DiscrepancyRef
from gateway.domain.models import Payment
from gateway.domain.money import to_major

# Corrected here, to match the provider.
PAYMENT_CAPTURED = "payment_captured"
PAYMENT_CAPTURED_LATE = "payment_captured_late"
PAYMENT_AUTHORISED = "payment_authorised"
PAYMENT_RETURNED = "payment_returned"
PAYMENT_ATTEMPTED = "payment_attempted"
REFUND_IMPORTED = "refund_imported"
REFUND_ACCEPTED = "refund_accepted"
REFUND_PROCESSED = "refund_processed"
REFUND_FAILED = "refund_failed"
# For a person to decide; nothing is changed but what says so.
CAPTURE_MISSING = "capture_missing"
ORDER_FOUND = "order_found"
ORDER_MISMATCH = "order_mismatch"
ORDER_MISSING = "order_missing"
ORDER_SECOND = "order_second"
PAYMENT_LATE = "payment_late"
PAYMENT_MISMATCH = "payment_mismatch"
PAYMENT_OF_ANOTHER = "payment_of_another"
PAYMENT_SECOND = "payment_second"
REFUND_EXCESS = "refund_excess"
REFUND_MISMATCH = "refund_mismatch"
REFUND_MISSING = "refund_missing"
REFUND_REVIVED = "refund_revived"

CORRECTED_KINDS = frozenset(
    {
        PAYMENT_CAPTURED,
        PAYMENT_CAPTURED_LATE,
        PAYMENT_AUTHORISED,
        PAYMENT_RETURNED,
        PAYMENT_ATTEMPTED,
        REFUND_IMPORTED,
        REFUND_ACCEPTED,
        REFUND_PROCESSED,
        REFUND_FAILED,
    }
)
# Derived ids are UUIDs of this name space, so that they never meet a random one.
DISCREPANCY_NAMESPACE = uuid.UUID("0a1f7f3e-2f0c-5c0e-9a6b-8f6a1f3d2c47")
# Further ones are counted by nobody: the oldest make room, whose documents are kept.
DISCREPANCIES_PER_PAYMENT_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference: its kind, what stood here and there, and the sentence that names what was done.

    ours and theirs identify it together with the kind and the ids, so they hold facts that stay the same
    while the difference does. The ids are the provider's.
    """

    kind: str
    ours: str
    theirs: str
    sentence: str
    order_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None

    @classmethod
    def of(cls, ref: DiscrepancyRef) -> Self:
        """Return what was minted."""
        return cls(
            kind=ref.kind,
            ours=ref.ours,
            theirs=ref.theirs,
            sentence=ref.sentence,
            order_id=ref.provider_order_id,
            payment_id=ref.provider_payment_id,
            refund_id=ref.provider_refund_id,
        )

    @property
    def state(self) -> str:
        """Return whether it was corrected, or waits for a person."""
        return CORRECTED if self.kind in CORRECTED_KINDS else OPEN

    def id_on(self, payment: Payment) -> str:
        """Return the id of its discrepancy, the same whenever it is found on this payment."""
        facts = (
            self.kind,
            payment.id,
            self.order_id,
            self.payment_id,
            self.refund_id,
            self.ours,
            self.theirs,
        )
        return str(uuid.uuid5(DISCREPANCY_NAMESPACE, "/".join(fact or "" for fact in facts)))


def mint(payment: Payment, difference: Difference, context: Context) -> bool:
    """Put a difference on the payment, to be stored as its own document, unless it is there. Only alters the
    copy in memory. Returns whether it did."""
    discrepancy_id = difference.id_on(payment)
    if any(ref.id == discrepancy_id for ref in payment.discrepancies):
        return False
    payment.discrepancies.append(
        DiscrepancyRef(
            id=discrepancy_id,
            kind=difference.kind,
            state=difference.state,
            ours=difference.ours[:TEXT_CHARS_MAX],
            theirs=difference.theirs[:TEXT_CHARS_MAX],
            sentence=difference.sentence[:TEXT_CHARS_MAX],
            provider_order_id=difference.order_id,
            provider_payment_id=difference.payment_id,
            provider_refund_id=difference.refund_id,
            found_at=context.now(),
            found_by=context.cause.by,
            correlation_id=context.cause.correlation_id,
        )
    )
    if len(payment.discrepancies) > DISCREPANCIES_PER_PAYMENT_MAX:
        oldest = next((ref for ref in payment.discrepancies if ref.stored), None)
        if oldest:
            payment.discrepancies.remove(oldest)
    return True


def amount_text(amount_minor: int, currency: str) -> str:
    """Return "500.00 INR"."""
    return f"{to_major(amount_minor, currency)} {currency}"
