"""The calls about disputes."""

from typing import Any

from sandbox import disputes, records
from sandbox.api import lists
from sandbox.api.call import Call

JsonObject = dict[str, Any]


def fetch(call: Call) -> JsonObject:
    """Answer GET /v1/disputes/:id."""
    with call.world.reading() as tx:
        return records.get(tx, disputes.TABLE, call.ids["dispute_id"])


def every(call: Call) -> JsonObject:
    """Answer GET /v1/disputes."""
    return lists.every(call, disputes.TABLE)


def accept(call: Call) -> JsonObject:
    """Answer POST /v1/disputes/:id/accept."""
    with call.world.transaction() as tx:
        return disputes.accept(tx, call.ids["dispute_id"])


def contest(call: Call) -> JsonObject:
    """Answer PATCH /v1/disputes/:id/contest."""
    with call.world.transaction() as tx:
        return disputes.contest(tx, call.ids["dispute_id"], call.body)
