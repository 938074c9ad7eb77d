"""`flask reconcile`: our payments and refunds compared with the provider's, now, over a window."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask.cli import with_appcontext

from gateway.api.services import services
from gateway.cli.operator import (
    OperatorCommand,
    as_json_option,
    print_facts,
    print_json,
    print_table,
    time_text,
)
from gateway.domain.context import Context, utc_now
from gateway.domain.ids import new_id
from gateway.domain.reconciliation import runs
from gateway.domain.reconciliation.models import COMMAND, ReconciliationRun
from gateway.domain.reconciliation.runs import Window

# Both sides were compared, and a person has to decide about something.
EXIT_QUEUED = 3
# Tries in a row at which the provider does not answer; workers then go on by themselves.
PROVIDER_TRIES_MAX = 4
POLL_SECONDS = 0.5
DATE_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


@click.command("reconcile", cls=OperatorCommand)
@click.option("--from", "start", type=click.DateTime(DATE_FORMATS), help="Beginning of the window, in UTC.")
@click.option(
    "--to", "end", type=click.DateTime(DATE_FORMATS), help="End of the window, in UTC; now if not given."
)
@click.option(
    "--since-hours", type=click.FloatRange(min=0, min_open=True), help="The window is the last N hours."
)
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say what would be done, and change no payment.")
@as_json_option
@with_appcontext
def reconcile(
    start: datetime | None, end: datetime | None, since_hours: float | None, is_dry_run: bool, as_json: bool
) -> None:
    """Compare our payments and refunds with the provider's, both ways.

    What can be corrected safely is corrected to match the provider; the rest waits for a person, see `flask
    discrepancies list`. Ends with 0 when both sides agree now, with 3 when something waits for a person, and
    with 1 when the comparison could not be finished; workers then go on with it. Running it again is safe.
    """
    context = services().runtime.context(by="operator", correlation_id=new_id())
    claim = runs.start(context, COMMAND, _window(start, end, since_hours), is_dry_run=is_dry_run)
    run = _finished(context, claim)
    if as_json:
        print_json(_shape(run))
    else:
        _print(run)
    if run.finished_at is None:
        raise click.ClickException(f"The provider does not answer. Workers go on with run {run.id}.")
    if run.stopped_because:
        raise click.ClickException(f"Stopped before the end: {run.stopped_because}")
    if run.queued:
        raise SystemExit(EXIT_QUEUED)


def _window(start: datetime | None, end: datetime | None, since_hours: float | None) -> Window:
    if (start is None) == (since_hours is None) or (since_hours is not None and end is not None):
        raise click.UsageError("Say which window: either --from, with or without --to, or --since-hours.")
    now = utc_now()
    if since_hours is not None:
        return Window(now - timedelta(hours=since_hours), now)
    assert start is not None
    return Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC) if end else now)


def _finished(context: Context, claim: runs.RunClaim) -> ReconciliationRun:
    """Go through the run, and return it finished, or as it is when the provider does not answer. Should a
    worker have taken over, because this took longer than its claim, wait for it."""
    run_id, failures = claim.document.id, 0
    held: runs.RunClaim | None = claim
    while True:
        run = runs.proceed(context, held, is_sliced=False) if held else runs.read(run_id)
        if run.finished_at:
            return run
        failures = failures + 1 if run.provider_failures else 0
        if failures >= PROVIDER_TRIES_MAX:
            return run
        wait_seconds = (run.work.due_at - utc_now()).total_seconds() if run.work else 0
        time.sleep(min(max(wait_seconds, POLL_SECONDS), context.limits.claim_ttl_seconds))
        held = runs.take(context, run_id)


def _print(run: ReconciliationRun) -> None:
    print_facts(
        {
            "run": run.id,
            "window": f"{time_text(run.window_from)} to {time_text(run.window_to)}",
            "compared": f"{run.compared}",
            "agreed": f"{run.agreed}",
            "foreign": f"{run.foreign}",
            "left for later": f"{run.left}",
            "would be corrected" if run.is_dry_run else "corrected": f"{run.corrected}",
            "would wait for a person" if run.is_dry_run else "waiting for a person": f"{run.queued}",
        }
    )
    if run.passed_over:
        click.echo(f"Could not be compared, see the log: {run.passed_over}", err=True)
    if run.findings:
        print_table(
            ("PAYMENT", "STATE", "KIND", "WHAT"),
            [(each.payment_id, each.state, each.kind, each.sentence) for each in run.findings],
        )
    if run.corrected + run.queued > len(run.findings):
        click.echo("More were found; see `flask discrepancies list --all`.", err=True)


def _shape(run: ReconciliationRun) -> dict[str, Any]:
    return {
        "runId": run.id,
        "from": time_text(run.window_from),
        "to": time_text(run.window_to),
        "dryRun": run.is_dry_run,
        "finishedAt": time_text(run.finished_at),
        "compared": run.compared,
        "agreed": run.agreed,
        "foreign": run.foreign,
        "left": run.left,
        "corrected": run.corrected,
        "queued": run.queued,
        "passedOver": run.passed_over,
        "findings": [
            {
                "paymentId": each.payment_id,
                "state": each.state,
                "kind": each.kind,
                "sentence": each.sentence,
            }
            for each in run.findings
        ],
    }
