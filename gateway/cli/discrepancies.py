"""`flask discrepancies …`: where our records and the provider's differ."""

from typing import Any

import click

from gateway.api.services import services
from gateway.cli.operator import OperatorGroup, as_json_option, print_json, print_table, time_text
from gateway.domain import discrepancies
from gateway.domain.discrepancy_models import TEXT_CHARS_MAX, Discrepancy

group = OperatorGroup("discrepancies", help="Where our records and the provider's differ.")


@group.command("list")
@click.option("--all", "everything", is_flag=True, help="Those too that are corrected or closed.")
@as_json_option
def list_discrepancies(everything: bool, as_json: bool) -> None:
    """List what waits for a person to decide, the newest first."""
    found = discrepancies.listed(None) if everything else discrepancies.listed()
    if as_json:
        print_json([_shape(each) for each in found])
        return
    print_table(
        ("ID", "FOUND", "TIMES", "STATE", "PAYMENT", "WHAT", "PROVIDER IDS", "NOTE"),
        [
            (
                each.id,
                time_text(each.found_at),
                f"{each.found_count}",
                each.state,
                each.payment_id,
                each.sentence,
                ", ".join(_provider_ids(each)),
                each.note,
            )
            for each in found
        ],
    )
    if len(found) == discrepancies.LISTED_MAX:
        click.echo(f"Only the newest {discrepancies.LISTED_MAX} are listed.", err=True)


@group.command("close")
@click.argument("discrepancy_id", metavar="ID")
@click.option("--note", required=True, help="What was decided, and why.")
def close(discrepancy_id: str, note: str) -> None:
    """Take discrepancy ID off the list, with a note of what was decided.

    The payment's money and status stay as they are; with its last discrepancy it is reviewed as well.
    """
    note = note.strip()
    if not 1 <= len(note) <= TEXT_CHARS_MAX:
        raise click.UsageError(f"The note must have 1 to {TEXT_CHARS_MAX} characters.")
    closed = discrepancies.close(discrepancy_id, note, services().runtime.context(by="operator"))
    click.echo(f"closed: {discrepancy_id}" if closed.written else f"was closed before: {discrepancy_id}")


def _provider_ids(each: Discrepancy) -> list[str]:
    ids = (each.provider_order_id, each.provider_payment_id, each.provider_refund_id)
    return [found for found in ids if found]


def _shape(each: Discrepancy) -> dict[str, Any]:
    return {
        "id": each.id,
        "paymentId": each.payment_id,
        "kind": each.kind,
        "state": each.state,
        "ours": each.ours,
        "theirs": each.theirs,
        "sentence": each.sentence,
        "providerOrderId": each.provider_order_id,
        "providerPaymentId": each.provider_payment_id,
        "providerRefundId": each.provider_refund_id,
        "foundAt": time_text(each.found_at),
        "foundBy": each.found_by,
        "correlationId": each.correlation_id,
        "foundCount": each.found_count,
        "lastFoundAt": time_text(each.last_found_at),
        "correctedAt": time_text(each.corrected_at),
        "closedAt": time_text(each.closed_at),
        "closedBy": each.closed_by,
        "note": each.note,
    }
