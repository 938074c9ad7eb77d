"""`flask payments …`: what happened to payments, and which of them a person has to look at."""

from typing import Any

import click

from gateway.api.services import services
from gateway.cli.operator import (
    OPERATOR,
    OperatorGroup,
    as_json_option,
    print_json,
    print_table,
    time_text,
)
from gateway.domain import access, reviews, timeline
from gateway.domain.timeline import TimelineEntry

group = OperatorGroup("payments", help="What happened to payments, and which to look at.")


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


@group.command("review")
@as_json_option
def list_review(as_json: bool) -> None:
    """List the payments that wait for a person to look at them, the longest first, and why."""
    found = [(payment, reviews.reasons(payment)) for payment in reviews.waiting()]
    if as_json:
        print_json(
            [
                {"paymentId": payment.id, "status": payment.status, "reasons": reasons}
                for payment, reasons in found
            ]
        )
        return
    rows: list[tuple[str, str, str | None]] = [
        (payment.id, payment.status, why) for payment, reasons in found for why in reasons or (None,)
    ]
    print_table(("PAYMENT", "STATUS", "WHY"), rows)
    if len(found) == reviews.LISTED_MAX:
        click.echo(f"Only {reviews.LISTED_MAX} are listed.", err=True)


@group.command("reviewed")
@click.argument("payment_id", metavar="ID")
@click.option("--note", required=True, help="What was decided, and why.")
def finish_review(payment_id: str, note: str) -> None:
    """Take payment ID off the list of those to review, with a note of what was decided."""
    note = note.strip()
    if not 1 <= len(note) <= reviews.DECISION_CHARS_MAX:
        raise click.UsageError(f"The note must have 1 to {reviews.DECISION_CHARS_MAX} characters.")
    payment = access.payment_by_order(OPERATOR, payment_id)
    reviewed = reviews.finish(services().runtime.context(by="operator"), payment.id, note)
    click.echo(f"reviewed: {payment.id}" if reviewed.written else f"waits for nobody: {payment.id}")


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
