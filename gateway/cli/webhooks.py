"""`flask webhooks …`: events of the provider that were put aside."""

from typing import Any

import click

from gateway import dispatch
from gateway.cli.operator import (
    OperatorGroup,
    as_json_option,
    print_json,
    print_table,
    time_text,
)
from gateway.domain import dead_letters, work
from gateway.domain.context import utc_now
from gateway.domain.models import WebhookEvent
from gateway.domain.webhook_outcomes import DEAD, FOREIGN

LISTED_DEFAULT, LISTED_MAX = 100, 10_000
# More would only lie in the queue; the sweep brings the rest as there is room.
ENQUEUED_MAX = 1000

group = OperatorGroup("webhooks", help="Events of the provider that were put aside.")


@group.command("list")
@click.option("--dead", "outcome", flag_value=DEAD, default=DEAD, help="Events given up (the default).")
@click.option("--foreign", "outcome", flag_value=FOREIGN, help="Events about orders that no payment has.")
@click.option("--limit", type=click.IntRange(1, LISTED_MAX), default=LISTED_DEFAULT, show_default=True)
@as_json_option
def list_events(outcome: str, limit: int, as_json: bool) -> None:
    """List events that were put aside, the oldest first; never their bodies."""
    events = dead_letters.listed(outcome, limit)
    if as_json:
        print_json([_shape(event) for event in events])
        return
    print_table(
        ("ID", "EVENT ID", "NAME", "RECEIVED", "ENDED", "REPEATS", "WHY"),
        [
            (
                event.id,
                event.event_id or event.event_id_taken,
                event.name,
                time_text(event.received_at),
                time_text(event.finished_at),
                str(event.repeats),
                event.why,
            )
            for event in events
        ],
    )


@group.command("redrive")
@click.option("--event-id", metavar="ID", help="Only this event, dead or foreign: our id, or the provider's.")
@click.option("--all", "everything", is_flag=True, help="All dead events.")
@click.option("--foreign", is_flag=True, help="All foreign events.")
def redrive(event_id: str | None, everything: bool, foreign: bool) -> None:
    """Handle events again that were put aside, with all their tries, for when the mistake is mended.

    Dead events crashed each time; foreign ones are about orders that no payment here had at the time.
    """
    if [event_id is not None, everything, foreign].count(True) != 1:
        raise click.UsageError("Say which events: --event-id or --all or --foreign.")
    now = utc_now()
    if event_id is not None:
        found = iter([dead_letters.redrive(event_id, now)])
    else:
        found = dead_letters.redrive_all(FOREIGN if foreign else DEAD, now)
    redriven, enqueued, broker_is_there = 0, 0, True
    for webhook_event_id in found:
        redriven += 1
        if broker_is_there and enqueued < ENQUEUED_MAX:
            # Without the broker each try costs a timeout, and the sweep finds all of it when it is back.
            broker_is_there = dispatch.work(work.PROCESS_WEBHOOK_EVENT, webhook_event_id)
            enqueued += broker_is_there
    click.echo(f"redriven: {redriven}")
    click.echo(f"enqueued: {enqueued}")
    if enqueued < redriven:
        click.echo("The sweep brings the rest to the workers.", err=True)


def _shape(event: WebhookEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "eventId": event.event_id or event.event_id_taken,
        "name": event.name,
        "outcome": event.outcome,
        "why": event.why,
        "receivedAt": time_text(event.received_at),
        "endedAt": time_text(event.finished_at),
        "repeats": event.repeats,
    }
