"""Controls that decide what becomes of a pending refund."""

from typing import Any

from sandbox import refunds
from sandbox.control.request import Control

JsonObject = dict[str, Any]


def process(control: Control) -> JsonObject:
    """Answer POST /sandbox/refunds/:id/process with the processed refund."""
    with control.world.transaction() as tx:
        return refunds.process(tx, control.ids["refund_id"])


def fail(control: Control) -> JsonObject:
    """Answer POST /sandbox/refunds/:id/fail with the failed refund."""
    with control.world.transaction() as tx:
        return refunds.fail(tx, control.ids["refund_id"])
