"""Webhook events: the envelope, frozen at the moment of the event, and one delivery for each endpoint.

How Razorpay escapes in its JSON is not documented: here "/" stays as it is, and only ASCII is sent.
"""

import json
import random
import time
from typing import Any

from sandbox import deliveries, endpoints, happenings, ids
from sandbox.world import Transaction

JsonObject = dict[str, Any]
ACCOUNT_ID = "acc_Sandbox0000001"
NAMES = (
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "order.paid",
    "refund.created",
    "refund.processed",
    "refund.failed",
    "refund.speed_changed",
    *(f"payment.dispute.{name}" for name in ("created", "under_review", "won", "lost", "closed")),
)
# Documented too, and an endpoint may ask for them; nothing here makes them happen.
NEVER_SENT = (
    "payment.pending",
    "payment.dispute.action_required",
    *(f"payment.downtime.{name}" for name in ("started", "updated", "resolved")),
)  # fmt: skip
SHUFFLE_SECONDS_MAX = 0.5


def record(
    tx: Transaction, name: str, entities: dict[str, JsonObject], *, spacing_seconds: float = 0.0
) -> None:
    """Write an event and its deliveries in the transaction that caused it: neither exists without the other.

    entities: by kind, in the order of the payload. spacing_seconds: real time to hold the first attempt.
    """
    envelope = {
        "entity": "event",
        "account_id": ACCOUNT_ID,
        "event": name,
        "contains": list(entities),
        "payload": {kind: {"entity": entity} for kind, entity in entities.items()},
        "created_at": int(tx.now),
    }
    event_id = ids.new_bare()
    payment = entities["payment"]
    tx.execute(
        "INSERT INTO events (id, name, created_at, order_id, payment_id, refund_id, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        event_id,
        name,
        tx.now,
        payment["order_id"],
        payment["id"],
        entities["refund"]["id"] if "refund" in entities else None,
        json.dumps(envelope, separators=(",", ":")).encode(),
    )
    _tell(tx, event_id, name, payment, entities)
    switches = tx.controls.get("deliveries")
    if switches["shuffle"]:
        spacing_seconds = random.uniform(0, SHUFFLE_SECONDS_MAX)
    for endpoint in endpoints.subscribed_to(tx, name):
        for _ in range(2 if switches["duplicate"] else 1):
            deliveries.add(
                tx,
                event_id=event_id,
                endpoint=endpoint,
                lane=payment["id"],
                due_at=tx.now + switches["delay_seconds"],
                not_before=time.time() + spacing_seconds,
            )


def _tell(
    tx: Transaction, event_id: str, name: str, payment: JsonObject, entities: dict[str, JsonObject]
) -> None:
    tx.note(
        happenings.EVENT,
        f"{name} of {payment['id']}",
        event_id=event_id,
        event=name,
        order_id=payment["order_id"],
        payment_id=payment["id"],
        refund_id=entities["refund"]["id"] if "refund" in entities else None,
    )
