"""The calls about refunds themselves; they are made by the calls about payments."""

from typing import Any

from sandbox import records, refunds
from sandbox.api import lists
from sandbox.api.call import Call

JsonObject = dict[str, Any]


def fetch(call: Call) -> JsonObject:
    """Answer GET /v1/refunds/:id."""
    with call.world.reading() as tx:
        return records.get(tx, "refunds", call.ids["refund_id"])


def every(call: Call) -> JsonObject:
    """Answer GET /v1/refunds."""
    return lists.every(call, "refunds")


def update(call: Call) -> JsonObject:
    """Answer PATCH /v1/refunds/:id."""
    with call.world.transaction() as tx:
        return refunds.update(tx, call.ids["refund_id"], call.body)
