"""`flask payments …`: what happened to a payment."""

from typing import Any

import click

from gateway.cli.operator import (
    OPERATOR,
    OperatorGroup,
    as_json_option,
    print_json,
    print_table,
    time_text,
)
from gateway.domain import access, timeline
from gateway.domain.timeline import TimelineEntry

group = OperatorGroup("payments", help="What happened to payments.")


@group.command("timeline")
@click.argument("payment_id", metavar="ID")
@as_json_option
def show_timeline(payment_id: str, as_json: bool) -> None:
    """Tell all that happened to payment ID: its changes, and the webhook events that changed nothing.

    ID is the payment's own or that of its provider order (order_…).
    """
    entries = timeline.of_payment(access.payment_by_order(OPERATOR, payment_id))
    if as_json:
        print_json([_shape(entry) for entry in entries])
        return
    print_table(
        ("AT", "CHANGE", "WHY", "BY", "CORRELATION ID"),
        [
            (time_text(entry.at), _change(entry), entry.why, entry.by, entry.correlation_id)
            for entry in entries
        ],
    )


def _shape(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "at": time_text(entry.at),
        "kind": entry.kind,
        "from": entry.from_status,
        "to": entry.to_status,
        "why": entry.why,
        "by": entry.by,
        "correlationId": entry.correlation_id,
    }


def _change(entry: TimelineEntry) -> str | None:
    """Return "CREATED → PAID"; one status alone when it began or stayed there; None for a webhook event."""
    if entry.from_status in (None, entry.to_status):
        return entry.to_status
    return f"{entry.from_status} → {entry.to_status}"
