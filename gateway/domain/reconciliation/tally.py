"""What a comparison has come to so far: counted once for each payment, however many lists it is on, and kept
where the process that counted may die."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from mongoengine.errors import NotUniqueError

from gateway.domain.discrepancy_models import CORRECTED, OPEN
from gateway.domain.models import Payment
from gateway.domain.reconciliation.comparison import Compared, Found
from gateway.domain.reconciliation.models import ComparedPayment, Finding, ReconciliationRun

# A run's report names so many differences; the discrepancies tell all.
FINDINGS_MAX = 200
MARKS_KEPT = timedelta(days=7)
# A list has said about one attempt what stands here.
SEEN = "seen"
# A list has said about the payment's money what stands here, which settles it for the run.
AGREED = "agreed"
# The provider was asked about it, which settles it for the run.
ASKED = "asked"
# It was too lively to conclude anything.
LEFT = "left"
# A difference was found on it.
DIFFERS = "differs"

log = structlog.get_logger(__name__)


@dataclass
class Tally:
    """What some pieces of work have come to. marks: what happened to which payment."""

    foreign: int = 0
    marks: set[tuple[str, str]] = field(default_factory=set)
    found: list[tuple[str, Found]] = field(default_factory=list)

    def agree(self, payment_id: str, *, is_settled: bool) -> None:
        """Count a payment of which a list said what stands here. is_settled: about its money."""
        self.marks.add((payment_id, AGREED if is_settled else SEEN))

    def leave(self, payment_id: str) -> None:
        """Count a payment about which nothing could be concluded."""
        self.marks.add((payment_id, LEFT))

    def note(self, payment_id: str, compared: Compared) -> None:
        """Count differences of a payment that is still to be compared."""
        self.found += [(payment_id, found) for found in compared.found]
        if compared.found:
            self.marks.add((payment_id, DIFFERS))

    def add(self, payment_id: str, compared: Compared) -> None:
        """Count a payment about which the provider was asked."""
        self.note(payment_id, compared)
        self.marks.add((payment_id, LEFT if compared.is_left else ASKED))


class Marks:
    """What a run has noted about some payments before."""

    def __init__(self, run_id: str, payments: Iterable[Payment]) -> None:
        ids = [payment.id for payment in payments]
        self._before = _noted(run_id, {(each, mark) for each in ids for mark in (AGREED, ASKED)})

    def is_asked(self, payment_id: str, tally: Tally) -> bool:
        """Return whether the provider has been asked about the payment in this run."""
        return (payment_id, ASKED) in self._before | tally.marks

    def is_compared(self, payment_id: str, tally: Tally) -> bool:
        """Return whether nothing more has to be asked about the payment in this run."""
        return self.is_asked(payment_id, tally) or (payment_id, AGREED) in self._before | tally.marks


@dataclass(frozen=True)
class Kept:
    """How many payments a tally has told of for the first time: that they were compared, left, or differ."""

    compared: int
    left: int
    differing: int


def keep(run_id: str, tally: Tally, now: datetime) -> Kept:
    """Note what happened to which payment, and return what is new. Writes small documents that remove
    themselves. Safe to repeat."""
    payment_ids = {payment_id for payment_id, _ in tally.marks}
    every = (SEEN, AGREED, ASKED, LEFT, DIFFERS)
    before = _noted(run_id, {(each, mark) for each in payment_ids for mark in every})
    new = tally.marks - before
    rows = [ComparedPayment(id=_mark_id(run_id, *mark), removed_at=now + MARKS_KEPT) for mark in sorted(new)]
    if rows:
        try:
            ComparedPayment.objects.insert(rows, load_bulk=False)
        except NotUniqueError:
            # A worker that took over notes the same; what is not noted is only asked for once more.
            log.info("reconciliation.noted_by_another", run_id=run_id)
    compared = _with(new, SEEN, AGREED, ASKED) - _with(before, SEEN, AGREED, ASKED)
    return Kept(len(compared), len(_with(new, LEFT)), len(_with(new, DIFFERS)))


def _with(marks: set[tuple[str, str]], *kinds: str) -> set[str]:
    return {payment_id for payment_id, mark in marks if mark in kinds}


def _noted(run_id: str, marks: set[tuple[str, str]]) -> set[tuple[str, str]]:
    by_id = {_mark_id(run_id, *mark): mark for mark in marks}
    found = ComparedPayment.objects(id__in=list(by_id)).only("id") if by_id else []
    return {by_id[row.id] for row in found}


def _mark_id(run_id: str, payment_id: str, mark: str) -> str:
    return f"{run_id}:{payment_id}:{mark}"


def count(run: ReconciliationRun, tally: Tally, kept: Kept) -> None:
    """Add to the run's counts. Only alters the copy in memory."""
    run.compared += kept.compared
    run.differing += kept.differing
    run.left += kept.left
    run.foreign += tally.foreign
    for payment_id, found in tally.found:
        run.corrected += found.state == CORRECTED
        run.queued += found.state == OPEN
        if len(run.findings) < FINDINGS_MAX:
            run.findings.append(_finding(payment_id, found))


def _finding(payment_id: str, found: Found) -> Finding:
    difference = found.difference
    return Finding(
        payment_id=payment_id, kind=difference.kind, state=found.state, sentence=difference.sentence
    )
