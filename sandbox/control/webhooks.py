"""Controls about webhooks: what was sent, what came back, and sending it again."""

import sqlite3
from typing import Any

from sandbox import deliveries, sender
from sandbox.control.request import Control, collection, limit
from sandbox.control_errors import ControlError, boolean, number, require_only
from sandbox.world import Transaction

JsonObject = dict[str, Any]
LIMIT_DEFAULT = 100
LIMIT_MAX = 10_000
DELAY_SECONDS_MAX = 86400
FILTERS = {
    "event": "events.name = ?",
    "order_id": "events.order_id = ?",
    "payment_id": "events.payment_id = ?",
    "refund_id": "events.refund_id = ?",
    "state": "deliveries.state = ?",
}


def every(control: Control) -> JsonObject:
    """Answer GET /sandbox/webhooks: deliveries, those of the newest event first."""
    conditions: dict[str, object] = {
        sql: control.query[name] for name, sql in FILTERS.items() if name in control.query
    }
    with control.world.reading() as tx:
        rows = deliveries.find(tx, conditions, limit(control, LIMIT_DEFAULT, LIMIT_MAX))
    return collection([deliveries.shown(row) for row in rows])


def fetch(control: Control) -> JsonObject:
    """Answer GET /sandbox/webhooks/:event_id: one event with its raw body and all its deliveries."""
    with control.world.reading() as tx:
        event = _event(tx, control.ids["event_id"])
        rows = deliveries.find(tx, {"events.id = ?": event["id"]}, LIMIT_MAX)
    shown = [
        {**deliveries.shown(row), "headers": sender.headers(row["event_id"], row["body"], row["secret"])}
        for row in rows
    ]
    return {
        "event_id": event["id"],
        "event": event["name"],
        "created_at": event["created_at"],
        "order_id": event["order_id"],
        "payment_id": event["payment_id"],
        "refund_id": event["refund_id"],
        "body": event["body"].decode(),
        "headers": shown[0]["headers"] if shown else sender.headers(event["id"], event["body"], ""),
        "deliveries": shown,
    }


def redeliver(control: Control) -> JsonObject:
    """Answer POST /sandbox/webhooks/:event_id/redeliver. It goes out at once unless deliveries are paused."""
    with control.world.transaction() as tx:
        count = deliveries.redeliver(tx, _event(tx, control.ids["event_id"]))
    if count == 0:
        raise ControlError("no enabled endpoint is subscribed to this event")
    return {"event_id": control.ids["event_id"], "redelivering": count}


def show_switches(control: Control) -> JsonObject:
    """Answer GET /sandbox/deliveries."""
    switches: JsonObject = control.world.controls.get("deliveries")
    return switches


def set_switches(control: Control) -> JsonObject:
    """Answer POST /sandbox/deliveries. Switches that are not named stay as they are."""
    switches = show_switches(control)
    require_only(control.body, tuple(switches))
    changed: JsonObject = {
        name: boolean(control.body, name, switches[name]) for name in switches if name != "delay_seconds"
    }
    delay = number(control.body, "delay_seconds", switches["delay_seconds"], 0, DELAY_SECONDS_MAX)
    control.world.controls.set("deliveries", {**changed, "delay_seconds": delay})
    control.world.work.set()
    return show_switches(control)


def _event(tx: Transaction, event_id: str) -> sqlite3.Row:
    event = tx.one("SELECT * FROM events WHERE id = ?", event_id)
    if event is None:
        raise ControlError(f"no webhook event has the id {event_id!r}", status=404)
    return event
