"""Comparisons with the provider as they lie in MongoDB: how far each has come, and what it has found so far.
Knows nothing about how payments are compared."""

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    StringField,
)

from gateway.domain.discrepancy_models import STATES
from gateway.domain.ids import new_id
from gateway.domain.models import REASON_CHARS_MAX, Work

# Why a run takes place.
REGULAR = "regular"
COMMAND = "command"
SILENCE = "webhook silence"
TRIGGERS = (REGULAR, COMMAND, SILENCE)

# What is gone through, one after the other: the provider's lists, then ours.
ORDERS = "orders"
PAYMENTS = "payments"
REFUNDS = "refunds"
CREATED = "created"
CHANGED = "changed"
PHASES = (ORDERS, PAYMENTS, REFUNDS, CREATED, CHANGED)


class Finding(EmbeddedDocument):
    """One difference that a run found, for its report."""

    payment_id = StringField(required=True)
    kind = StringField(required=True)
    state = StringField(required=True, choices=STATES)
    sentence = StringField(required=True)


class ReconciliationRun(Document):
    """One comparison of both sides over a window of time. `phase`, `skip` and `place` say where it goes on,
    so that whoever takes its work continues it, also after the process that did it has died.

    The counts are those of what was written down together with the place: what was corrected just before a
    process died is found corrected by the next, and its discrepancy says that it was.
    """

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    trigger = StringField(required=True, choices=TRIGGERS)
    started_by = StringField(required=True)
    started_at = DateTimeField(required=True)
    window_from = DateTimeField(required=True)
    window_to = DateTimeField(required=True)
    grace_seconds = IntField(required=True)
    is_dry_run = BooleanField(required=True, default=False)

    phase = StringField(required=True, choices=PHASES, default=ORDERS)
    # In the provider's lists: after how many entries. In ours: after which time and payment.
    skip = IntField(required=True, default=0)
    place_at = DateTimeField()
    place_id = StringField()
    # Tries at this place that failed because of the provider; others have crashed.
    provider_failures = IntField(required=True, default=0)

    # Payments: compared, of those different somewhere, and left alone because somebody was at work on them.
    compared = IntField(required=True, default=0)
    differing = IntField(required=True, default=0)
    left = IntField(required=True, default=0)
    # The provider's payments on orders that are not ours.
    foreign = IntField(required=True, default=0)
    # Differences.
    corrected = IntField(required=True, default=0)
    queued = IntField(required=True, default=0)
    # Pieces that crashed each time.
    passed_over = IntField(required=True, default=0)
    # The first ones; the discrepancies tell all.
    findings = EmbeddedDocumentListField(Finding)

    finished_at = DateTimeField()
    # Why it ended before it was through, if it did.
    stopped_because = StringField(max_length=REASON_CHARS_MAX)
    work = EmbeddedDocumentField(Work)

    meta = {
        "collection": "reconciliation_runs",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["trigger", "-started_at"]},
            {"fields": ["work.due_at"], "sparse": True},
            {"fields": ["work.failing_since"], "sparse": True},
        ],
    }

    @property
    def agreed(self) -> int:
        """How many payments were the same on both sides."""
        return max(0, self.compared - self.differing)


class ComparedPayment(Document):
    """That a run has compared a payment already, so that nobody asks the provider about it twice. `id` is the
    run's and the payment's. Removed by itself."""

    id = StringField(primary_key=True)
    removed_at = DateTimeField(required=True)

    meta = {
        "collection": "compared_payments",
        "auto_create_index": False,
        "indexes": [{"fields": ["removed_at"], "expireAfterSeconds": 0}],
    }
