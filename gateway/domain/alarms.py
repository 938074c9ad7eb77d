"""What an operator should be woken for, said in one sentence each: counts and ages, never ids or amounts,
because whoever reaches `/readyz` may read it. Reads only; decides nothing and repairs nothing.

To add an alarm, write a function that returns its sentence, or None while all is well, and name it in CHECKS.
It is asked every few seconds by every web process, so it may make a query or two that one index serves whole,
over a bounded number of documents.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import discrepancies, figures, webhook_silence
from gateway.domain.context import Limits
from gateway.domain.reconciliation import schedule

KINDS_NAMED_MAX = 5
# A comparison takes a while, and one that was left out may be made up for.
OVERDUE_INTERVALS = 2


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong: its name, which never changes, and what is known about it now."""

    name: str
    detail: str


def current(now: datetime, limits: Limits) -> list[Alarm]:
    """Return what is wrong now, in the order of CHECKS. Raises pymongo's errors while MongoDB is away."""
    said = ((name, check(now, limits)) for name, check in CHECKS.items())
    return [Alarm(name, detail) for name, detail in said if detail]


def _sweep_stale(now: datetime, limits: Limits) -> str | None:
    age_seconds = figures.last_sweep_seconds(now, limits)
    if age_seconds is None:
        return "No sweep has finished yet, or the clock of the host that swept last is ahead."
    if age_seconds <= limits.sweep_stale_seconds:
        return None
    return f"The last sweep finished {age_seconds:.0f} s ago. Are beat and worker running?"


def _work_overdue(now: datetime, limits: Limits) -> str | None:
    overdue = figures.due_work(now - timedelta(seconds=limits.work_overdue_seconds))
    if not overdue.total:
        return None
    return f"Due since up to {overdue.oldest_seconds(now):.0f} s: {_counted(overdue.by_kind)}."


def _work_failing(now: datetime, limits: Limits) -> str | None:
    failing = figures.failing_work(now)
    if not failing:
        return None
    return f"Tried {limits.work_attempts_max} times or more without success: {_counted(failing)}."


def _dead_webhook_events(now: datetime, limits: Limits) -> str | None:
    dead = figures.dead_webhook_events()
    if not dead:
        return None
    return f"Given up after {limits.webhook_attempts_max} tries, and waiting to be redriven: {_number(dead)}."


def _webhook_silent(now: datetime, limits: Limits) -> str | None:
    silence = webhook_silence.current(now, limits)
    if silence is None:
        return None
    hours = (now - silence.since).total_seconds() / 3600
    time = f"{hours:.1f} h" if silence.last_event_at else "a week or more"
    return f"Payments were made, and no event has come for {time}. Is the endpoint still switched on?"


def _discrepancies_open(now: datetime, limits: Limits) -> str | None:
    waiting = discrepancies.open_count()
    if not waiting:
        return None
    number = f"{waiting}" if waiting < discrepancies.LISTED_MAX else f"{discrepancies.LISTED_MAX} or more"
    return f"Waiting for a person to decide: {number}. See `flask discrepancies list`."


def _reconciliation_overdue(now: datetime, limits: Limits) -> str | None:
    last = schedule.last_regular()
    if last is None:
        # The first one begins with the first beat; that there is none at all, the sweep's alarm tells.
        return None
    if last.stopped_because:
        return "The last regular comparison with the provider was stopped. Try `flask reconcile`."
    hours = (now - last.started_at).total_seconds() / 3600
    if hours <= limits.reconcile_interval_hours * OVERDUE_INTERVALS:
        return None
    state = "finished" if last.finished_at else "has not come to its end"
    return f"The last regular comparison with the provider began {hours:.0f} h ago, and {state}."


def _payments_to_review(now: datetime, limits: Limits) -> str | None:
    waiting = figures.payments_needing_review()
    if not waiting:
        return None
    return f"Waiting for a person to look at them: {_number(waiting)}. See `flask payments review`."


def _counted(by_kind: dict[str, int]) -> str:
    """Return "capture_payment (2), issue_refund (1)", the most frequent kinds first."""
    ordered = sorted(by_kind.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{kind} ({_number(count)})" for kind, count in ordered[:KINDS_NAMED_MAX]]
    more = len(ordered) - KINDS_NAMED_MAX
    return ", ".join([*named, f"and {more} more kinds"] if more > 0 else named)


def _number(count: int) -> str:
    return f"{count}" if count < figures.COUNTED_MAX else f"{figures.COUNTED_MAX} or more"


CHECKS: dict[str, Callable[[datetime, Limits], str | None]] = {
    "sweep stale": _sweep_stale,
    "work overdue": _work_overdue,
    "work failing": _work_failing,
    "dead webhook events": _dead_webhook_events,
    "webhook silent": _webhook_silent,
    "discrepancies open": _discrepancies_open,
    "payments to review": _payments_to_review,
    "reconciliation overdue": _reconciliation_overdue,
}
