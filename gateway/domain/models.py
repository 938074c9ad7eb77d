"""Payments and what belongs to them, as they lie in MongoDB. Knows nothing about when they may change.

Amounts are integers in the currency's smallest unit, times are aware UTC. `version` counts the changes
of a document; every change is conditional on it (see `store`). `work` says what must still happen to the
document and when, so that losing the queue loses nothing; it is absent when nothing is left to do.
"""

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    MapField,
    StringField,
)

from gateway.domain.discrepancy_models import DiscrepancyRef
from gateway.domain.ids import new_id
from gateway.domain.states import CREATED, REFUND_PENDING, REFUND_STATUSES, STATUSES

HISTORY_ENTRIES_MAX = 200
REFUNDS_PER_PAYMENT_MAX = 50
PROVIDER_PAYMENTS_MAX = 50
DUPLICATES_PER_PAYMENT_MAX = 20
REASON_CHARS_MAX = 500


class Work(EmbeddedDocument):
    """What must still happen to the document. A claim moves `due_at` to the end of the claim, so that
    one index finds both what is due and what a dead worker left behind."""

    kind = StringField(required=True)
    due_at = DateTimeField(required=True)
    attempts = IntField(default=0)
    claimed_until = DateTimeField()
    # The correlation id of the task that holds the claim, so that no other one's crash ends it.
    claimed_by = StringField()
    last_error = StringField(max_length=REASON_CHARS_MAX)
    # Since when it has failed WORK_ATTEMPTS_MAX times; absent before.
    failing_since = DateTimeField()
    # Something that cannot wait was asked for while a worker held the claim.
    is_hurried = BooleanField()


class HistoryEntry(EmbeddedDocument):
    """One change of a payment: from where to where, why, who or what caused it, and when."""

    at = DateTimeField(required=True)
    from_status = StringField(required=True)
    to_status = StringField(required=True)
    why = StringField(required=True, max_length=REASON_CHARS_MAX)
    by = StringField(required=True)
    correlation_id = StringField()


class Refund(EmbeddedDocument):
    """Part of a captured payment on its way back. `id` is also the provider's idempotency key."""

    id = StringField(required=True)
    amount_minor = IntField(required=True, min_value=1)
    status = StringField(required=True, choices=REFUND_STATUSES, default=REFUND_PENDING)
    provider_refund_id = StringField()
    notes = MapField(StringField())
    requested_by = StringField(required=True)
    requested_at = DateTimeField(required=True)
    accepted_at = DateTimeField()
    processed_at = DateTimeField()
    failure_reason = StringField(max_length=REASON_CHARS_MAX)
    attempts = IntField(default=0)
    # Unique over all payments. A refund that came without a key carries its own id here.
    idempotency_key = StringField(required=True)
    request_fingerprint = StringField()


class DuplicatePayment(EmbeddedDocument):
    """A further payment that was captured for an order which had been paid, and its way back."""

    provider_payment_id = StringField(required=True)
    payment_method = StringField()
    seen_at = DateTimeField(required=True)
    # Of its whole amount. Beside the payment's own refunds, because it is not the payment's own money.
    refund = EmbeddedDocumentField(Refund, required=True)


class ReceiptRef(EmbeddedDocument):
    """A receipt that this payment is owed. Minted in the same write as the change that it documents."""

    id = StringField(required=True)
    number = StringField(required=True)
    kind = StringField(required=True)
    refund_id = StringField()
    issued_at = DateTimeField(required=True)
    # Whether the Receipt document exists already.
    stored = BooleanField(default=False)


class UpiCollect(EmbeddedDocument):
    """A request to a customer's UPI app to approve the payment. `id` goes along in the provider payment's
    notes, so that a call whose answer was lost is recognised by it."""

    id = StringField(required=True)
    vpa = StringField(required=True)
    requested_at = DateTimeField(required=True)
    client_address = StringField()
    client_program = StringField()
    # When the provider was asked; from then on the request may exist, whatever came of the call.
    asked_at = DateTimeField()
    provider_payment_id = StringField()
    expires_at = DateTimeField()
    # Whether nobody knows if the request exists; it is looked for, and not sent again.
    is_uncertain = BooleanField()
    failure_reason = StringField(max_length=REASON_CHARS_MAX)


class Payment(Document):
    """Our record of one wish to collect one amount. Everything that must agree lives in here."""

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    user_id = StringField(required=True)
    # Absent when a program made the payment without naming the payer.
    user_email = StringField()
    payer_phone = StringField()
    school_id = StringField()
    amount_minor = IntField(required=True, min_value=1)
    currency = StringField(required=True)
    status = StringField(required=True, choices=STATUSES, default=CREATED)
    order_receipt = StringField(required=True)
    notes = MapField(StringField())
    description = StringField()
    # How the client said that it will be paid; `payment_method` is how it was.
    requested_method = StringField()
    # What the customer's checkout page is opened with; whoever has it may pay.
    page_token = StringField()
    # When its link was last asked for; absent for those of earlier releases.
    page_wanted_at = DateTimeField()
    upi_collect = EmbeddedDocumentField(UpiCollect)
    upi_requests = IntField(required=True, default=0)
    idempotency_key = StringField()
    idempotency_expires_at = DateTimeField()
    request_fingerprint = StringField()

    provider_order_id = StringField()
    provider_order_created_at = DateTimeField()
    # Since when somebody wants the order open; absent before, and once that was given up.
    order_wanted_since = DateTimeField()
    # When an order was last asked for; an answer that was lost may still turn up after it.
    order_requested_at = DateTimeField()
    # Whether no order was opened only because the provider was away; then the same key may try again.
    order_may_be_retried = BooleanField(default=False)
    # Not before this time, if the provider wants to be left alone until then.
    order_may_be_retried_at = DateTimeField()
    # A payment whose signature was right but which could not be read from the provider yet.
    unread_provider_payment_id = StringField()
    # Every attempt seen, so that each counts once, however often it is reported.
    provider_payments_seen = ListField(StringField())
    provider_payment_id = StringField()
    payment_method = StringField()
    failure_reason = StringField(max_length=REASON_CHARS_MAX)
    authorized_at = DateTimeField()
    paid_at = DateTimeField()
    cancelled_at = DateTimeField()
    captured_minor = IntField(required=True, default=0)
    # What refunds have been asked for, and the part of it that the provider has accepted to send back.
    refund_reserved_minor = IntField(required=True, default=0)
    refunded_minor = IntField(required=True, default=0)
    refunds = EmbeddedDocumentListField(Refund)
    # Whether the provider's refunds are to be read again: one did not fit, and there is room for it now.
    refunds_unread = BooleanField()
    duplicates = EmbeddedDocumentListField(DuplicatePayment)
    receipts = EmbeddedDocumentListField(ReceiptRef)
    discrepancies = EmbeddedDocumentListField(DiscrepancyRef)
    needs_review = BooleanField(default=False)
    history = EmbeddedDocumentListField(HistoryEntry)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    work = EmbeddedDocumentField(Work)

    meta = {
        "collection": "payments",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["order_receipt"], "unique": True},
            {"fields": ["provider_order_id"], "unique": True, "sparse": True},
            {"fields": ["provider_payment_id"], "unique": True, "sparse": True},
            {"fields": ["idempotency_key"], "unique": True, "sparse": True},
            {
                "fields": ["refunds.idempotency_key"],
                "unique": True,
                "partialFilterExpression": {"refunds.idempotency_key": {"$exists": True}},
            },
            {"fields": ["receipts.id"], "sparse": True},
            {"fields": ["user_id", "-created_at", "-id"]},
            {"fields": ["user_id", "status", "-created_at", "-id"]},
            {"fields": ["user_id", "school_id", "-created_at", "-id"]},
            {"fields": ["school_id", "-created_at", "-id"]},
            {"fields": ["-created_at", "-id"]},
            # Of the few that are to be looked at by a person, to count them.
            {"fields": ["needs_review"], "partialFilterExpression": {"needs_review": True}},
            {"fields": ["updated_at"]},
            {"fields": ["paid_at"], "sparse": True},
            {"fields": ["school_id", "status", "-created_at", "-id"]},
            {"fields": ["work.due_at"], "sparse": True},
            {"fields": ["work.failing_since"], "sparse": True},
        ],
    }

    @property
    def attempts(self) -> int:
        """How many times a customer tried to pay, successful and failed tries alike."""
        return len(self.provider_payments_seen)


class WebhookEvent(Document):
    """One rightly signed delivery, kept as it came. Event id and body hash are each unique, because the
    signature covers the body only and anyone may replay an old body under a new event id."""

    id = StringField(primary_key=True, default=new_id)
    version = IntField(required=True, default=1)
    event_id = StringField()
    body_sha256 = StringField(required=True)
    body = BinaryField(required=True)
    name = StringField()
    outcome = StringField()
    why = StringField(max_length=REASON_CHARS_MAX)
    payment_id = StringField()
    received_at = DateTimeField(required=True)
    finished_at = DateTimeField()
    # Tries that say nothing against the event itself: it waited for its payment, or the database was away.
    tries_excused = IntField(required=True, default=0)
    # The event id that it came with, when an event with another body had that one before.
    event_id_taken = StringField()
    # How many times it was delivered again, and when it was last.
    repeats = IntField(required=True, default=0)
    last_repeat_at = DateTimeField()
    work = EmbeddedDocumentField(Work)

    meta = {
        "collection": "webhook_events",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["event_id"], "unique": True, "sparse": True},
            {"fields": ["body_sha256"], "unique": True},
            {"fields": ["payment_id"], "sparse": True},
            {"fields": ["outcome", "received_at"]},
            {"fields": ["received_at"]},
            {"fields": ["work.due_at"], "sparse": True},
            {"fields": ["work.failing_since"], "sparse": True},
        ],
    }


class Receipt(Document):
    """A receipt's contents and its PDF. One per payment, kind and refund; `id` is derived from the three."""

    id = StringField(primary_key=True)
    version = IntField(required=True, default=1)
    payment_id = StringField(required=True)
    kind = StringField(required=True)
    number = StringField(required=True)
    # The snapshot that is rendered: JSON of a ReceiptContents.
    contents = StringField(required=True)
    pdf = BinaryField()
    pdf_sha256 = StringField()
    rendered_at = DateTimeField()
    work = EmbeddedDocumentField(Work)

    meta = {
        "collection": "receipts",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["number"], "unique": True},
            {"fields": ["payment_id"]},
            {"fields": ["work.due_at"], "sparse": True},
            {"fields": ["work.failing_since"], "sparse": True},
        ],
    }
