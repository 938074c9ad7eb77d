"""Jobs that are done again and again: one run at a time, however many schedulers ask for it, and a record of
when the last one finished. The record is in MongoDB, so that neither a lost queue nor a restart forgets it.

How to use it, for a job that every process may ask for as often as it likes:

    run = periodic.begin("a name", utc_now(), every_seconds=2, lease_seconds=5)
    if run is None:
        return
    ...
    periodic.finished(run, utc_now())

A process that dies in the middle never calls `finished`; its lease runs out, and the next who asks begins
anew. So a run must be safe to break off anywhere and to do again, and two may overlap when one outlasts its
lease. A job that takes longer than a task may run writes down what is to be done, as a document with work of
its own, and is finished once that is written: the work is then continued like any other.

The clocks of hosts may be wrong. A time that lies further ahead than an interval (or a lease, if that is
longer) is not believed, so that a host whose clock is ahead delays a job by that much and no more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from mongoengine import DateTimeField, Document, IntField, StringField
from mongoengine.errors import NotUniqueError

from gateway.domain.store import change

# The job that brings due work to the workers.
SWEEP = "sweep_due_work"
# A scheduler is never exact: being asked a little early must not cost a whole interval.
EARLY_SHARE = 0.25
EARLY_SECONDS_MAX = 60.0

log = structlog.get_logger(__name__)


class PeriodicJob(Document):
    """One periodic job: when a run last began and finished, by the clock of the host that did it. `id` is the
    job's name; `lease_until` is there while a run is under way, or died."""

    id = StringField(primary_key=True)
    version = IntField(required=True, default=1)
    begun_at = DateTimeField()
    lease_until = DateTimeField()
    finished_at = DateTimeField()

    meta = {"collection": "periodic_jobs", "auto_create_index": False}


@dataclass(frozen=True)
class Run:
    """The right to do one run of a job until its lease ends."""

    name: str
    lease_until: datetime


def begin(name: str, now: datetime, *, every_seconds: float, lease_seconds: float) -> Run | None:
    """Begin a run of the job, if none is under way and the last finished one began every_seconds ago, give or
    take what schedulers are early. lease_seconds: how long the run keeps others away unless it finishes.

    Writes one small document. Returns None when there is nothing to begin. May be called any number of times
    and by many at once: one wins. Raises TooBusy, and pymongo's errors while MongoDB is away.
    """
    lease_until = now + timedelta(seconds=lease_seconds)

    def take(job: PeriodicJob) -> bool:
        if not _may_begin(job, now, every_seconds, lease_seconds):
            return False
        job.begun_at = now
        job.lease_until = lease_until
        return True

    try:
        changed = change(PeriodicJob, name, take)
    except PeriodicJob.DoesNotExist:
        _create(name)
        changed = change(PeriodicJob, name, take)
    if not changed.written:
        log.debug("periodic.not_begun", job=name)
        return None
    return Run(name, lease_until)


def finished(run: Run, now: datetime) -> None:
    """Write that the run has finished. Writes one document. A run that outlasted its lease says so as well,
    and leaves the lease of the run that followed it alone. Safe to repeat. Raises like `begin`."""

    def decide(job: PeriodicJob) -> bool:
        job.finished_at = now
        if job.lease_until == run.lease_until:
            job.lease_until = None
        return True

    change(PeriodicJob, run.name, decide)


def last_finished_at(name: str) -> datetime | None:
    """Return when a run of the job last finished, by the clock of the host that did it: it may lie ahead.
    None when none ever has."""
    job = PeriodicJob.objects(id=name).first()
    return job.finished_at if job else None


def _may_begin(job: PeriodicJob, now: datetime, every_seconds: float, lease_seconds: float) -> bool:
    if job.lease_until is not None:
        # Under way, or died; a lease longer than any that this clock would give is not believed.
        return not now < job.lease_until <= now + timedelta(seconds=max(lease_seconds, every_seconds))
    if job.begun_at is None:
        return True
    early = min(every_seconds * EARLY_SHARE, EARLY_SECONDS_MAX)
    age_seconds = (now - job.begun_at).total_seconds()
    return not -every_seconds <= age_seconds < every_seconds - early


def _create(name: str) -> None:
    try:
        PeriodicJob(id=name).save(force_insert=True)
    except NotUniqueError:
        # Another one asked for the same job for the first time at the same moment.
        log.debug("periodic.created_by_another", job=name)
