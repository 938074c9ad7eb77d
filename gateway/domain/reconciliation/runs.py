"""Comparing our payments and refunds with the provider's over a window of time, both ways: begun by a
command, once a day, or when webhooks have fallen silent, and gone through page by page under a claim that is
renewed with each page. Whoever dies is followed by somebody who goes on where the last page was written.

What is compared, and what becomes of a difference, is decided in `comparison`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from gateway.domain import work
from gateway.domain.context import Cause, Context
from gateway.domain.errors import InvalidInput
from gateway.domain.models import REASON_CHARS_MAX, Work
from gateway.domain.provider import ProviderError, ProviderRejected
from gateway.domain.reconciliation import tally
from gateway.domain.reconciliation.comparison import COMPARED_BY
from gateway.domain.reconciliation.models import PHASES, ReconciliationRun
from gateway.domain.reconciliation.pages import Page, Reader
from gateway.domain.reconciliation.tally import Kept, Tally
from gateway.domain.store import change

# So many open differences are not for a person to go through: the keys are those of another account, say.
QUEUED_MAX = 1000
# A payment at which the comparison has crashed so often is passed over, so that the others are compared.
CRASHES_MAX = 8
# A task begins no further piece after this part of its claim, so that one more call fits into it.
SLICE_SHARE = 0.25

log = structlog.get_logger(__name__)

RunClaim = work.Claim[ReconciliationRun]


@dataclass(frozen=True)
class Window:
    """The time in which the provider's orders, payments and refunds were made, and ours made or changed."""

    start: datetime
    end: datetime


def start(context: Context, trigger: str, window: Window, *, is_dry_run: bool = False) -> RunClaim:
    """Begin a comparison and return the claim on it. Writes one document. Dying after it only means that a
    worker goes on with it. Raises InvalidInput for a window that is empty or too long."""
    now = context.now()
    end = min(window.end, now)
    days_max = context.limits.reconcile_window_days_max
    if window.start >= end:
        raise InvalidInput("The window is not valid.", window="must begin before it ends, and before now")
    if end - window.start > timedelta(days=days_max):
        raise InvalidInput("The window is not valid.", window=f"must be at most {days_max} days long")
    run = ReconciliationRun(
        trigger=trigger,
        started_by=context.cause.by,
        started_at=now,
        window_from=window.start,
        window_to=end,
        grace_seconds=context.limits.reconcile_grace_seconds,
        is_dry_run=is_dry_run,
        work=work.claimed(work.RECONCILE, now, context.limits.claim_ttl_seconds),
    )
    run.work.claimed_by = context.cause.correlation_id
    run.save(force_insert=True)
    log.info("reconciliation.started", run_id=run.id, trigger=trigger, window_from=str(window.start))
    return work.Claim(run, work.RECONCILE, run.work.claimed_until, run.work.attempts)


def take(context: Context, run_id: str) -> RunClaim | None:
    """Take the work of going on with a run; None when it is done, not due or someone else's."""
    return work.claim(context, ReconciliationRun, run_id, work.RECONCILE)


def read(run_id: str) -> ReconciliationRun:
    """Return a run as it is now."""
    return ReconciliationRun.objects.get(id=run_id)


def proceed(context: Context, claim: RunClaim, *, is_sliced: bool) -> ReconciliationRun:
    """Go on with a run, page by page, until it is through, the provider does not answer, somebody else has
    taken over, or, when is_sliced, a part of the claim's time is used up, which leaves the work due at once.

    Writes what the comparisons write, and the run after each page. Returns the run as it is then. Dying
    anywhere means that the same page is compared again, which changes nothing more.
    """
    cause = Cause(by=f"{COMPARED_BY}{claim.document.id}", correlation_id=context.cause.correlation_id)
    context = replace(context, cause=cause)
    part_of_claim = timedelta(seconds=context.limits.claim_ttl_seconds * SLICE_SHARE)
    deadline = context.now() + part_of_claim
    while True:
        step = _Step(context, claim, deadline)
        following = step.take_and_write()
        run = step.run
        if following is None:
            return run
        claim = following
        if not is_sliced:
            deadline = context.now() + part_of_claim
        elif context.now() >= deadline:
            return hand_on(context, claim)


class _Step:
    """As many pieces of one page as there is time for, and the write that says so."""

    def __init__(self, context: Context, claim: RunClaim, deadline: datetime) -> None:
        self._context = context
        self._claim = claim
        self._deadline = deadline
        self._tally = Tally()
        self._page: Page | None = None
        self._done = 0
        self._passed_over = 0
        self.run = claim.document

    def take_and_write(self) -> RunClaim | None:
        """Do the step. Returns the claim on what follows; None when nothing does, or not by us."""
        error: ProviderError | None = None
        try:
            self._take()
        except ProviderError as failure:
            log.warning("reconciliation.provider_away", run_id=self.run.id, error=failure.description)
            error = failure
        # Dying before the write means that the same pieces are done again, which changes nothing more.
        kept = tally.keep(self.run.id, self._tally, self._context.now())
        decide = partial(self._write, kept=kept, error=error)
        changed = change(ReconciliationRun, self.run.id, decide, self.run)
        self.run = run = changed.document
        if not changed.written:
            log.warning("reconciliation.taken_over", run_id=run.id)
            return None
        if run.finished_at:
            _tell(run)
        if run.finished_at or error:
            return None
        return work.Claim(run, work.RECONCILE, run.work.claimed_until, run.work.attempts)

    def _take(self) -> None:
        page = self._page = Reader(self._context, self.run).page()
        # After a crash, each piece is written down by itself, so that the one that crashes is the first.
        pieces = page.pieces[:1] if self._claim.attempts > 1 else page.pieces
        if pieces and self._claim.attempts - self.run.provider_failures > CRASHES_MAX:
            log.error("reconciliation.passed_over", run_id=self.run.id, phase=self.run.phase)
            self._done = self._passed_over = 1
            return
        for piece in pieces:
            if self._done and self._context.now() >= self._deadline:
                return
            piece(self._tally)
            self._done += 1

    def _write(self, run: ReconciliationRun, kept: Kept, error: ProviderError | None) -> bool:
        context = self._context
        if not work.holds(run, self._claim):
            return False
        if isinstance(error, ProviderRejected):
            # Only a list is refused outright, and asking again unchanged gives the same answer.
            run.stopped_because = f"the provider refuses its list: {error.description}"[:REASON_CHARS_MAX]
            run.finished_at, run.work = context.now(), None
            return True
        has_advanced = self._page is not None and (self._done > 0 or error is None)
        if has_advanced:
            self._advance(run, kept)
        if run.finished_at:
            return True
        if error is None:
            run.work = work.claimed(work.RECONCILE, context.now(), context.limits.claim_ttl_seconds)
            run.work.claimed_by = context.cause.correlation_id
            return True
        if has_advanced:
            run.work.attempts = 1
        run.provider_failures += 1
        retry_after_seconds = error.retry_after_seconds
        work.postpone(run, self._claim, error.description, context, retry_after_seconds=retry_after_seconds)
        return True

    def _advance(self, run: ReconciliationRun, kept: Kept) -> None:
        assert self._page is not None
        now = self._context.now()
        tally.count(run, self._tally, kept)
        run.passed_over += self._passed_over
        run.provider_failures = 0
        self._page.go_on(run, self._done)
        if run.queued >= QUEUED_MAX:
            why = f"{run.queued} differences wait for a person. Is this the right account at the provider?"
            run.stopped_because, run.finished_at, run.work = why, now, None
        elif self._page.is_last and self._done == len(self._page.pieces):
            _next_list(run, now)


def _next_list(run: ReconciliationRun, now: datetime) -> None:
    run.skip, run.place_at, run.place_id = 0, None, None
    following = PHASES.index(run.phase) + 1
    if following < len(PHASES):
        run.phase = PHASES[following]
    else:
        run.finished_at, run.work = now, None


def _tell(run: ReconciliationRun) -> None:
    say = log.error if run.stopped_because else log.info
    facts = {name: getattr(run, name) for name in ("compared", "agreed", "corrected", "queued", "foreign")}
    say("reconciliation.finished", run_id=run.id, stopped_because=run.stopped_because, **facts)


def hand_on(context: Context, claim: RunClaim) -> ReconciliationRun:
    """Leave a run to the workers, at once. Dying before it leaves it to the end of the claim. Writes it."""

    def decide(run: ReconciliationRun) -> bool:
        if not work.holds(run, claim):
            return False
        run.work = Work(kind=work.RECONCILE, due_at=context.now())
        return True

    return change(ReconciliationRun, claim.document.id, decide, claim.document).document
