"""Where our records and the provider's differ or differed, as it lies in MongoDB. Knows nothing about
payments, which carry a reference to each of theirs."""

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocument,
    IntField,
    StringField,
)

# Ours was brought in line with the provider's, by itself.
CORRECTED = "corrected"
# A person has to decide.
OPEN = "open"
# A person has decided.
CLOSED = "closed"
STATES = (CORRECTED, OPEN, CLOSED)

TEXT_CHARS_MAX = 500


class DiscrepancyRef(EmbeddedDocument):
    """A difference that was found on a payment. Minted in the same write as its correction, or as the flag
    that asks a person to look, so that none is ever repaired or noticed without being told."""

    id = StringField(required=True)
    kind = StringField(required=True)
    # corrected or open: how it was found. Whether a person has closed it since stands in the Discrepancy.
    state = StringField(required=True)
    ours = StringField(required=True, max_length=TEXT_CHARS_MAX)
    theirs = StringField(required=True, max_length=TEXT_CHARS_MAX)
    sentence = StringField(required=True, max_length=TEXT_CHARS_MAX)
    provider_order_id = StringField()
    provider_payment_id = StringField()
    provider_refund_id = StringField()
    found_at = DateTimeField(required=True)
    # What found it, such as "reconciliation:…" with the run's id or "webhook:…" with the event's.
    found_by = StringField(required=True)
    correlation_id = StringField()
    # Whether the Discrepancy document exists already.
    stored = BooleanField(default=False)


class Discrepancy(Document):
    """One difference between our records and the provider's. Its id is derived from what differs, so that a
    difference that is found every day is one document."""

    id = StringField(primary_key=True)
    version = IntField(required=True, default=1)
    payment_id = StringField(required=True)
    kind = StringField(required=True)
    state = StringField(required=True, choices=STATES)
    ours = StringField(required=True)
    theirs = StringField(required=True)
    # What differed, and what was done about it, for people.
    sentence = StringField(required=True)
    provider_order_id = StringField()
    provider_payment_id = StringField()
    provider_refund_id = StringField()
    found_at = DateTimeField(required=True)
    found_by = StringField(required=True)
    correlation_id = StringField()
    found_count = IntField(required=True, default=1)
    last_found_at = DateTimeField(required=True)
    corrected_at = DateTimeField()
    closed_at = DateTimeField()
    closed_by = StringField()
    note = StringField(max_length=TEXT_CHARS_MAX)

    meta = {
        "collection": "discrepancies",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["state", "-found_at"]},
            {"fields": ["-found_at"]},
            {"fields": ["payment_id"]},
        ],
    }
