"""When comparisons begin by themselves: every RECONCILE_INTERVAL_HOURS, and for the time in which webhooks
were silent. Asked every few minutes by every beat; one of them begins each."""

from datetime import datetime, timedelta

from gateway.domain import periodic, webhook_silence
from gateway.domain.context import Context
from gateway.domain.reconciliation import runs
from gateway.domain.reconciliation.models import REGULAR, SILENCE, ReconciliationRun
from gateway.domain.reconciliation.runs import Window

REGULAR_JOB = "reconcile"
SILENCE_JOB = "reconcile after webhook silence"
# While a silence lasts, what has happened since is compared this often.
SILENCE_EVERY_SECONDS = 3600.0
# Beginning a comparison is one write; when its process is killed before, another begins after this time.
LEASE_SECONDS = 60.0
# The provider's clock, and payments that were begun before the last event and captured after it.
SILENCE_MARGIN = timedelta(hours=1)


def begin_due(context: Context) -> list[ReconciliationRun]:
    """Begin the comparisons that are due, each as a run whose work is due at once, and return them. Writes a
    small document for each job, and one for each run. May be called by many at once: one begins each."""
    found = (_begin_regular(context), _begin_after_silence(context))
    return [run for run in found if run is not None]


def _begin_regular(context: Context) -> ReconciliationRun | None:
    now, limits = context.now(), context.limits
    if _is_under_way(REGULAR, now - timedelta(days=limits.reconcile_window_days_max)):
        return None
    every_seconds = limits.reconcile_interval_hours * 3600.0
    job = periodic.begin(REGULAR_JOB, now, every_seconds=every_seconds, lease_seconds=LEASE_SECONDS)
    if job is None:
        return None
    return _begin(context, REGULAR, _regular_start(context, now), job)


def _regular_start(context: Context, now: datetime) -> datetime:
    """Return the beginning of the window: as if every comparison since the last one had taken place in time,
    so that what happened while none ran is not skipped."""
    limits = context.limits
    last = _last(REGULAR)
    in_time = min(now, last.window_to + timedelta(hours=limits.reconcile_interval_hours)) if last else now
    start = in_time - timedelta(days=limits.reconcile_window_days)
    return max(start, now - timedelta(days=limits.reconcile_window_days_max))


def _begin_after_silence(context: Context) -> ReconciliationRun | None:
    now, limits = context.now(), context.limits
    silence = webhook_silence.current(now, limits)
    if silence is None or _is_under_way(SILENCE, now - timedelta(days=1)):
        return None
    job = periodic.begin(SILENCE_JOB, now, every_seconds=SILENCE_EVERY_SECONDS, lease_seconds=LEASE_SECONDS)
    if job is None:
        return None
    start = max(silence.since - SILENCE_MARGIN, now - timedelta(days=limits.reconcile_window_days_max))
    return _begin(context, SILENCE, start, job)


def _begin(context: Context, trigger: str, start: datetime, job: periodic.Run) -> ReconciliationRun:
    claim = runs.start(context, trigger, Window(start, context.now()))
    # Dying here only means that the next comparison may begin a minute from now, and find nothing more.
    periodic.finished(job, context.now())
    return runs.hand_on(context, claim)


def last_regular() -> ReconciliationRun | None:
    """Return the regular comparison that was begun last, or None when none ever was."""
    return _last(REGULAR)


def _last(trigger: str) -> ReconciliationRun | None:
    return ReconciliationRun.objects(trigger=trigger).order_by("-started_at").first()


def _is_under_way(trigger: str, since: datetime) -> bool:
    """Return whether the last run still goes on. One that began before `since` has been given up on."""
    last = _last(trigger)
    return last is not None and last.finished_at is None and last.started_at > since
