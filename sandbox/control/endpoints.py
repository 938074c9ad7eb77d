"""Controls about webhook endpoints."""

import sqlite3
from typing import Any

from sandbox import endpoints, events
from sandbox.control.request import Control, collection
from sandbox.control_errors import ControlError, require_only, require_text
from sandbox.world import Transaction

JsonObject = dict[str, Any]


def add(control: Control) -> JsonObject:
    """Answer POST /sandbox/endpoints. Without a secret: no signature. Without events: all of them."""
    require_only(control.body, ("url", "secret", "events"))
    url = require_text(control.body, "url")
    if not url.startswith(("http://", "https://")):
        raise ControlError("url must start with http:// or https://", "url")
    secret = control.body.get("secret", "")
    if not isinstance(secret, str):
        raise ControlError("secret must be a text", "secret")
    wanted = _events(control.body.get("events", [endpoints.ALL_EVENTS]))
    with control.world.transaction() as tx:
        if len(endpoints.every(tx)) >= endpoints.ENDPOINTS_MAX:
            raise ControlError(
                f"there are already {endpoints.ENDPOINTS_MAX} endpoints, as many as Razorpay allows"
            )
        endpoint_id = endpoints.add(tx, url, secret, wanted)
        return endpoints.shown(_endpoint(tx, endpoint_id))


def every(control: Control) -> JsonObject:
    """Answer GET /sandbox/endpoints."""
    with control.world.reading() as tx:
        return collection([endpoints.shown(row) for row in endpoints.every(tx)])


def remove(control: Control) -> JsonObject:
    """Answer DELETE /sandbox/endpoints/:id with what was removed."""
    with control.world.transaction() as tx:
        row = _endpoint(tx, control.ids["endpoint_id"])
        endpoints.remove(tx, row["id"])
    return endpoints.shown(row)


def enable(control: Control) -> JsonObject:
    """Answer POST /sandbox/endpoints/:id/enable, which a day of failures makes necessary."""
    with control.world.transaction() as tx:
        row = _endpoint(tx, control.ids["endpoint_id"])
        endpoints.enable(tx, row["id"])
        return endpoints.shown(_endpoint(tx, row["id"]))


def change_secret(control: Control) -> JsonObject:
    """Answer POST /sandbox/endpoints/:id/secret: events that come to pass from now on are signed with it."""
    require_only(control.body, ("secret",))
    secret = require_text(control.body, "secret")
    with control.world.transaction() as tx:
        row = _endpoint(tx, control.ids["endpoint_id"])
        endpoints.change_secret(tx, row["id"], secret)
        return endpoints.shown(_endpoint(tx, row["id"]))


def change_events(control: Control) -> JsonObject:
    """Answer POST /sandbox/endpoints/:id/events: what comes to pass from now on is sent by this list."""
    require_only(control.body, ("events",))
    wanted = _events(control.body.get("events"))
    with control.world.transaction() as tx:
        row = _endpoint(tx, control.ids["endpoint_id"])
        endpoints.change_events(tx, row["id"], wanted)
        return endpoints.shown(_endpoint(tx, row["id"]))


def _endpoint(tx: Transaction, endpoint_id: str) -> sqlite3.Row:
    row = endpoints.find(tx, endpoint_id)
    if row is None:
        raise ControlError(f"no endpoint has the id {endpoint_id!r}", status=404)
    return row


def _events(names: Any) -> list[str]:
    allowed = (endpoints.ALL_EVENTS, *events.NAMES, *events.NEVER_SENT)
    if not isinstance(names, list) or not names or any(name not in allowed for name in names):
        raise ControlError(f"events must be a list of some of {', '.join(allowed)}: {names!r}", "events")
    return names
