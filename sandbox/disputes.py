"""Disputes: a payer's bank questions a payment. open → under_review → won, lost or closed.

Razorpay's test mode has none, so a tester opens and ends them. While one is open or under review, its
payment cannot be refunded, and there is no second one. The documents leave open, and it is chosen here: seven
days to respond; the text that refuses to act on a dispute that has ended; and that accepting one loses it.
What a lost dispute takes is told in amount_deducted and not taken from a settlement.
"""

from typing import Any

from sandbox import errors, events, fields, ids, payments, records
from sandbox.world import Transaction

JsonObject = dict[str, Any]
PHASES = ("fraud", "retrieval", "chargeback", "pre_arbitration", "arbitration")
OUTCOMES = ("won", "lost", "closed")
OPEN, UNDER_REVIEW = UNDECIDED = ("open", "under_review")
RESPOND_SECONDS = 7 * 86400
PROOFS = (
    "shipping_proof", "billing_proof", "cancellation_proof", "customer_communication", "proof_of_service",
    "explanation_letter", "refund_confirmation", "access_activity_log", "refund_cancellation_policy",
    "term_and_conditions",
)  # fmt: skip
CONTEST_FIELDS = ("amount", "summary", *PROOFS, "others", "action")
ACTIONS = ("draft", "submit")
PROOF_DOCUMENTS_MAX = 50
SUMMARY_CHARACTERS_MAX = 1000
TABLE = "payment_disputes"


def open_for(tx: Transaction, payment_id: str, phase: str) -> JsonObject:
    """Open the dispute of a payment, or give the one that is open."""
    payment = records.get(tx, "payments", payment_id)
    present = find_undecided(tx, payment_id)
    if present is not None:
        return present
    dispute: JsonObject = {
        "id": ids.new("disp"),
        "entity": "dispute",
        "payment_id": payment_id,
        "amount": payment["amount"],
        "currency": payment["currency"],
        "amount_deducted": 0,
        "reason_code": phase,
        "respond_by": int(tx.now) + RESPOND_SECONDS,
        "status": OPEN,
        "phase": phase,
        "created_at": int(tx.now),
        "evidence": {
            "amount": payment["amount"],
            **dict.fromkeys(("summary", *PROOFS, "others", "submitted_at")),
        },
    }
    records.insert(tx, TABLE, dispute, payment_id=payment_id, is_undecided=1)
    _announce(tx, "created", dispute)
    return dispute


def end(tx: Transaction, payment_id: str, outcome: str) -> JsonObject | None:
    """End the dispute of a payment, if one is open, and give it. outcome: won, lost or closed."""
    records.get(tx, "payments", payment_id)
    dispute = find_undecided(tx, payment_id)
    if dispute is not None:
        _end(tx, dispute, outcome)
    return dispute


def accept(tx: Transaction, dispute_id: str) -> JsonObject:
    """Give the money up, at the merchant's request."""
    dispute = _open(tx, dispute_id)
    _end(tx, dispute, "lost")
    return dispute


def contest(tx: Transaction, dispute_id: str, body: JsonObject) -> JsonObject:
    """Keep the merchant's evidence and, unless it is a draft, hand it in: the dispute is under review."""
    fields.only(body, CONTEST_FIELDS)
    dispute = _open(tx, dispute_id)
    action = body.get("action", "draft")
    if action not in ACTIONS:
        raise errors.invalid("The selected action is invalid.", "action")
    dispute["evidence"].update(_evidence(body, dispute["amount"]))
    if action == "submit":
        dispute["evidence"]["submitted_at"] = int(tx.now)
        dispute["status"] = UNDER_REVIEW
    records.save(tx, TABLE, dispute)
    if action == "submit":
        _announce(tx, UNDER_REVIEW, dispute)
    return dispute


def find_undecided(tx: Transaction, payment_id: str) -> JsonObject | None:
    """Give the dispute that keeps a payment from being refunded, if there is one."""
    found = records.find(tx, TABLE, {"payment_id = ?": payment_id, "is_undecided = ?": 1}, count=1)
    return found[0] if found else None


def _evidence(body: JsonObject, amount_max: int) -> JsonObject:
    given: JsonObject = {}
    if body.get("amount") is not None:
        given["amount"] = fields.whole_number(body["amount"], "amount")
        if not 1 <= given["amount"] <= amount_max:
            raise errors.invalid("The amount must be between 1 and the amount of the dispute.", "amount")
    if body.get("summary") is not None:
        given["summary"] = fields.text(body["summary"], "summary")
        if len(given["summary"]) > SUMMARY_CHARACTERS_MAX:
            raise errors.invalid(
                f"The summary may not be greater than {SUMMARY_CHARACTERS_MAX} characters.", "summary"
            )
    for name in (*PROOFS, "others"):
        documents = body.get(name)
        if documents is not None:
            if not isinstance(documents, list) or len(documents) > PROOF_DOCUMENTS_MAX:
                raise errors.invalid(f"The {name} must be an array.", name)
            given[name] = documents
    return given


def _open(tx: Transaction, dispute_id: str) -> JsonObject:
    dispute = records.get(tx, TABLE, dispute_id)
    if dispute["status"] != OPEN:
        raise errors.ProviderError(f"The dispute is {dispute['status']} and takes no action any more.")
    return dispute


def _end(tx: Transaction, dispute: JsonObject, outcome: str) -> None:
    dispute["status"] = outcome
    if outcome == "lost":
        dispute["amount_deducted"] = dispute["amount"]
    records.save(tx, TABLE, dispute, is_undecided=0)
    _announce(tx, outcome, dispute)


def _announce(tx: Transaction, name: str, dispute: JsonObject) -> None:
    payment = payments.shown_in_event(records.get(tx, "payments", dispute["payment_id"]))
    events.record(tx, f"payment.dispute.{name}", {"payment": payment, "dispute": dispute})
