"""`flask work …`: what the service still has to do."""

from collections import Counter

import click

from gateway import dispatch
from gateway.cli.operator import OPERATOR, OperatorGroup
from gateway.domain import access, redrive
from gateway.domain.context import utc_now
from gateway.domain.work import KINDS

# More would only lie in the queues; the sweep brings the rest as there is room.
ENQUEUED_MAX = 1000

group = OperatorGroup("work", help="What the service still has to do.")


@group.command("redrive")
@click.option("--kind", type=click.Choice(KINDS), help="Only work of this kind.")
@click.option("--payment-id", metavar="ID", help="Only work of this payment and its receipts.")
@click.option("--all", "everything", is_flag=True, help="All work that waits.")
def redrive_work(kind: str | None, payment_id: str | None, everything: bool) -> None:
    """Do the work now that waits for its retry, for when an outage is over.

    Work that a worker is doing, and work that has not been tried yet, is left alone.
    """
    if everything == bool(kind or payment_id):
        raise click.UsageError("Say which work: either --all, or --kind or --payment-id or both.")
    if payment_id:
        payment_id = access.payment_by_order(OPERATOR, payment_id).id
    kinds: Counter[str] = Counter()
    enqueued, broker_is_there = 0, True
    for found, document_id in redrive.make_due(utc_now(), kind=kind, payment_id=payment_id):
        kinds[found] += 1
        if broker_is_there and enqueued < ENQUEUED_MAX:
            # Without the broker each try costs a timeout, and the sweep finds all of it when it is back.
            broker_is_there = dispatch.work(found, document_id)
            enqueued += broker_is_there
    click.echo(f"made due now: {kinds.total()}")
    for found, count in sorted(kinds.items()):
        click.echo(f"  {found}: {count}")
    click.echo(f"enqueued: {enqueued}")
    if enqueued < kinds.total():
        click.echo("The sweep brings the rest to the workers.", err=True)
