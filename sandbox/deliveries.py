"""Deliveries: one event on its way to one endpoint. pending → delivered, failed (ladder over) or disabled."""

import json
import sqlite3
from typing import Any

from sandbox import endpoints, happenings, ladder
from sandbox.sender import Answer
from sandbox.world import Transaction

JsonObject = dict[str, Any]
_JOINED = (
    "SELECT deliveries.*, events.name, events.created_at, events.order_id, events.payment_id,"
    " events.refund_id, events.body FROM deliveries JOIN events ON events.id = deliveries.event_id"
)


def add(
    tx: Transaction, *, event_id: str, endpoint: sqlite3.Row, lane: str, due_at: float, not_before: float
) -> None:
    """Write a delivery. lane: deliveries of one lane go out one after the other, which keeps their order."""
    tx.execute(
        "INSERT INTO deliveries"
        " (event_id, endpoint_id, url, secret, lane, state, due_at, not_before, retry_until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        event_id,
        endpoint["id"],
        endpoint["url"],
        # The secret of this moment: retries keep their signature when the endpoint's secret is changed.
        endpoint["secret"],
        lane,
        "pending" if endpoint["enabled"] else "disabled",
        due_at,
        not_before,
        tx.now + ladder.RETRY_SECONDS_MAX,
    )
    tx.has_work = True


def due(tx: Transaction, endpoint_id: str, real_now: float, limit: int) -> list[sqlite3.Row]:
    """List what may be sent to an endpoint now, longest due first."""
    return tx.all(
        "SELECT seq, endpoint_id, lane FROM deliveries WHERE endpoint_id = ? AND state = 'pending'"
        " AND due_at <= ? AND not_before <= ? ORDER BY due_at, seq LIMIT ?",
        endpoint_id,
        tx.now,
        real_now,
        limit,
    )


def next_due_at(tx: Transaction) -> float | None:
    """Tell when the next retry or delayed delivery comes due, on the sandbox's clock."""
    row = tx.one(
        "SELECT MIN(due_at) AS due_at FROM deliveries WHERE state = 'pending' AND due_at > ?", tx.now
    )
    return row["due_at"] if row is not None else None


def next_not_before(tx: Transaction, real_now: float) -> float | None:
    """Tell when the next spaced delivery may go, in real time."""
    row = tx.one(
        "SELECT MIN(not_before) AS moment FROM deliveries"
        " WHERE state = 'pending' AND due_at <= ? AND not_before > ?",
        tx.now,
        real_now,
    )
    return row["moment"] if row is not None else None


def load(tx: Transaction, seq: int) -> sqlite3.Row | None:
    """Read a delivery together with its event."""
    return tx.one(f"{_JOINED} WHERE deliveries.seq = ?", seq)


def note_attempt(tx: Transaction, seq: int, answer: Answer, at: float) -> None:
    """Write what an attempt came to and what follows from it; nothing if a reset removed the delivery."""
    row = load(tx, seq)
    if row is None:
        return
    attempts = [*json.loads(row["attempts"]), {"at": at, **answer.shown()}]
    state, due_at, rung = row["state"], row["due_at"], row["rung"] + 1
    if answer.is_success:
        state = "delivered"
    elif state == "pending":
        gap = ladder.gap_seconds(row["name"], rung)
        due_at = tx.now + (gap or 0)
        if gap is None or due_at > row["retry_until"]:
            state = "failed"
    tx.execute(
        "UPDATE deliveries SET state = ?, due_at = ?, rung = ?, attempts = ? WHERE seq = ?",
        state,
        due_at,
        rung,
        json.dumps(attempts),
        seq,
    )
    _tell(tx, row, len(attempts), answer, state)
    if answer.is_success:
        endpoints.note_success(tx, row["endpoint_id"])
    else:
        endpoints.note_failure(tx, row["endpoint_id"])
    tx.has_work = True


def _tell(tx: Transaction, row: sqlite3.Row, attempt: int, answer: Answer, state: str) -> None:
    outcome = answer.error if answer.status is None else str(answer.status)
    tx.note(
        happenings.DELIVERY,
        f"{row['name']} to {row['url']}, attempt {attempt} → {outcome}",
        event_id=row["event_id"],
        event=row["name"],
        endpoint_id=row["endpoint_id"],
        url=row["url"],
        attempt=attempt,
        status=answer.status,
        error=answer.error,
        duration_ms=round(answer.duration_ms, 1),
        state=state,
    )


def redeliver(tx: Transaction, event: sqlite3.Row) -> int:
    """Send an event again, from the first rung, to each enabled endpoint that wants it; give their number."""
    count = 0
    for endpoint in endpoints.subscribed_to(tx, event["name"]):
        if not endpoint["enabled"]:
            continue
        count += 1
        row = tx.one(
            "SELECT seq FROM deliveries WHERE event_id = ? AND endpoint_id = ? ORDER BY seq LIMIT 1",
            event["id"],
            endpoint["id"],
        )
        if row is None:
            lane = event["payment_id"]
            add(tx, event_id=event["id"], endpoint=endpoint, lane=lane, due_at=tx.now, not_before=0)
            continue
        tx.execute(
            "UPDATE deliveries SET state = 'pending', due_at = ?, not_before = 0, rung = 0, retry_until = ?"
            " WHERE seq = ?",
            tx.now,
            tx.now + ladder.RETRY_SECONDS_MAX,
            row["seq"],
        )
    tx.has_work = True
    return count


def find(tx: Transaction, conditions: dict[str, object], limit: int) -> list[sqlite3.Row]:
    """List deliveries with their events, newest first. conditions: SQL with a question mark, its value."""
    where = " AND ".join(conditions) or "1"
    return tx.all(
        f"{_JOINED} WHERE {where} ORDER BY events.seq DESC, deliveries.seq LIMIT ?",
        *conditions.values(),
        limit,
    )


def shown(row: sqlite3.Row) -> JsonObject:
    """Give a delivery as the control API shows it."""
    attempts = json.loads(row["attempts"])
    return {
        "event_id": row["event_id"],
        "event": row["name"],
        "order_id": row["order_id"],
        "payment_id": row["payment_id"],
        "refund_id": row["refund_id"],
        "endpoint_id": row["endpoint_id"],
        "url": row["url"],
        "state": row["state"],
        "attempts": attempts,
        "attempt_count": len(attempts),
        "next_attempt_at": row["due_at"] if row["state"] == "pending" else None,
        "created_at": row["created_at"],
    }
