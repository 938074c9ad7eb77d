"""Webhook endpoints: where events are sent, with which secret, and which ones; on until a day of failures."""

import json
import sqlite3
from typing import Any

from sandbox import happenings, ids
from sandbox.world import Transaction

JsonObject = dict[str, Any]
ENDPOINTS_MAX = 30
FAILING_SECONDS_MAX = 86400
ALL_EVENTS = "*"


def add(
    tx: Transaction, url: str, secret: str, events: list[str], *, is_from_environment: bool = False
) -> str:
    """Register an endpoint. events: names, or "*" for all. Gives its id."""
    endpoint_id = ids.new("ep")
    tx.execute(
        "INSERT INTO endpoints (id, url, secret, events, from_environment, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        endpoint_id,
        url,
        secret,
        json.dumps(events),
        int(is_from_environment),
        int(tx.now),
    )
    return endpoint_id


def register_from_environment(tx: Transaction, url: str, secret: str) -> None:
    """Make the endpoint that the settings name, or bring the earlier one up to date and switch it on again.

    What still waits follows to the new address, but keeps the signature of the secret it was made with,
    as Razorpay's retries do after a change of secret.
    """
    row = tx.one("SELECT * FROM endpoints WHERE from_environment = 1")
    if row is None:
        add(tx, url, secret, [ALL_EVENTS], is_from_environment=True)
        return
    tx.execute("UPDATE endpoints SET url = ?, secret = ? WHERE id = ?", url, secret, row["id"])
    tx.execute("UPDATE deliveries SET url = ? WHERE endpoint_id = ? AND state = 'pending'", url, row["id"])
    if not row["enabled"]:
        enable(tx, row["id"])


def subscribed_to(tx: Transaction, event: str) -> list[sqlite3.Row]:
    """List the endpoints, enabled or not, that want an event."""
    rows = tx.all("SELECT * FROM endpoints ORDER BY rowid")
    return [row for row in rows if {event, ALL_EVENTS} & set(json.loads(row["events"]))]


def find(tx: Transaction, endpoint_id: str) -> sqlite3.Row | None:
    """Read one endpoint."""
    return tx.one("SELECT * FROM endpoints WHERE id = ?", endpoint_id)


def every(tx: Transaction) -> list[sqlite3.Row]:
    """List all endpoints, oldest first."""
    return tx.all("SELECT * FROM endpoints ORDER BY rowid")


def remove(tx: Transaction, endpoint_id: str) -> None:
    """Forget an endpoint; what was still to be sent to it never is."""
    tx.execute("DELETE FROM endpoints WHERE id = ?", endpoint_id)
    _give_up_pending(tx, endpoint_id)


def enable(tx: Transaction, endpoint_id: str) -> None:
    """Switch an endpoint on by hand. Its abandoned deliveries stay abandoned until they are redelivered."""
    tx.execute("UPDATE endpoints SET enabled = 1, failing_since = NULL WHERE id = ?", endpoint_id)
    tx.has_work = True


def change_secret(tx: Transaction, endpoint_id: str, secret: str) -> None:
    """Sign with another secret from the next event on. What waits already keeps its signature."""
    tx.execute("UPDATE endpoints SET secret = ? WHERE id = ?", secret, endpoint_id)


def change_events(tx: Transaction, endpoint_id: str, events: list[str]) -> None:
    """Subscribe to other events from the next one on. events: names, or "*" for all."""
    tx.execute("UPDATE endpoints SET events = ? WHERE id = ?", json.dumps(events), endpoint_id)


def note_success(tx: Transaction, endpoint_id: str) -> None:
    """End a streak of failures."""
    tx.execute("UPDATE endpoints SET failing_since = NULL WHERE id = ?", endpoint_id)


def note_failure(tx: Transaction, endpoint_id: str) -> None:
    """Begin a streak of failures, or let the present one go on."""
    tx.execute(
        "UPDATE endpoints SET failing_since = ? WHERE id = ? AND failing_since IS NULL", tx.now, endpoint_id
    )


def disable(tx: Transaction, endpoint_id: str) -> None:
    """Switch an endpoint off with everything that waits for it."""
    tx.execute("UPDATE endpoints SET enabled = 0 WHERE id = ?", endpoint_id)
    _give_up_pending(tx, endpoint_id)
    tx.note(
        happenings.BACKGROUND,
        f"endpoint {endpoint_id} failed for a day and is disabled",
        what="endpoint_disabled",
        endpoint_id=endpoint_id,
    )


def overdue_for_disabling(tx: Transaction) -> list[str]:
    """List endpoints that failed for a day and have nothing due that could still end the streak."""
    rows = tx.all(
        "SELECT id FROM endpoints WHERE enabled = 1 AND failing_since <= ?"
        " AND NOT EXISTS (SELECT 1 FROM deliveries"
        " WHERE endpoint_id = endpoints.id AND state = 'pending' AND due_at <= ?)",
        tx.now - FAILING_SECONDS_MAX,
        tx.now,
    )
    return [row["id"] for row in rows]


def next_disabling_at(tx: Transaction) -> float | None:
    """Tell when the next endpoint will have failed for a day. Those that have, wait for what is due."""
    row = tx.one(
        "SELECT MIN(failing_since) AS since FROM endpoints WHERE enabled = 1 AND failing_since > ?",
        tx.now - FAILING_SECONDS_MAX,
    )
    return row["since"] + FAILING_SECONDS_MAX if row is not None and row["since"] is not None else None


def shown(row: sqlite3.Row) -> JsonObject:
    """Give an endpoint as the control API shows it."""
    return {
        "id": row["id"],
        "entity": "endpoint",
        "url": row["url"],
        "secret": row["secret"],
        "events": json.loads(row["events"]),
        "enabled": bool(row["enabled"]),
        "failing_since": row["failing_since"],
        "created_at": row["created_at"],
    }


def _give_up_pending(tx: Transaction, endpoint_id: str) -> None:
    tx.execute(
        "UPDATE deliveries SET state = 'disabled' WHERE endpoint_id = ? AND state = 'pending'", endpoint_id
    )
