"""The one form of conditional write: of two changes made at the same time, neither is lost."""

import pytest
from mongoengine.errors import NotUniqueError, ValidationError

from gateway.domain import store
from gateway.domain.errors import TooBusy
from gateway.domain.models import Payment, Work
from gateway.domain.store import change
from tests.conftest import Stack
from tests.support.domain import NOW, Job, a_payment, raw
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")


def add(job: Job, entry: str) -> None:
    """Add an entry as a competitor would, with the version that every change has."""

    def decide(job: Job) -> bool:
        job.entries.append(entry)
        return True

    change(Job, job.id, decide)


def test_a_change_is_written_with_the_next_version() -> None:
    job = Job().save()

    changed = change(Job, job.id, lambda job: job.entries.append("mine") is None)

    assert changed.written is True
    assert changed.document.version == 2
    assert raw(job) == {"_id": job.id, "version": 2, "entries": ["mine"]}


def test_a_decision_against_a_change_writes_nothing() -> None:
    job = Job(entries=["old"]).save()

    def decide(job: Job) -> bool:
        job.entries.append("not to be kept")
        return False

    changed = change(Job, job.id, decide)

    assert changed.written is False
    assert raw(job) == {"_id": job.id, "version": 1, "entries": ["old"]}


def test_a_decision_that_raises_writes_nothing() -> None:
    job = Job(entries=["old"]).save()

    def decide(job: Job) -> bool:
        job.entries.append("not to be kept")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change(Job, job.id, decide)

    assert raw(job) == {"_id": job.id, "version": 1, "entries": ["old"]}


def test_only_what_was_decided_is_written_and_what_was_taken_away_is_gone() -> None:
    job = Job(entries=["old"], work=Work(kind="nothing", due_at=NOW)).save()

    def decide(job: Job) -> bool:
        # Somebody who does not count versions, such as a person at the database's shell.
        Job._get_collection().update_one({"_id": job.id}, {"$set": {"entries": ["by hand"]}})
        job.work = None
        return True

    assert change(Job, job.id, decide).written is True
    assert raw(job) == {"_id": job.id, "version": 2, "entries": ["by hand"]}


def test_what_belongs_to_another_one_is_refused_and_writes_nothing() -> None:
    one, other = a_payment().save(force_insert=True), a_payment().save(force_insert=True)
    before = raw(one)

    def decide(payment: Payment) -> bool:
        payment.provider_order_id, payment.description = other.provider_order_id, "not to be kept"
        return True

    with pytest.raises(NotUniqueError):
        change(Payment, one.id, decide)

    assert raw(one) == before


def test_what_the_document_cannot_be_is_refused_and_writes_nothing() -> None:
    payment = a_payment().save(force_insert=True)
    before = raw(payment)

    with pytest.raises(ValidationError, match="amount_minor"):
        change(Payment, payment.id, lambda payment: setattr(payment, "amount_minor", 0) is None)

    assert raw(payment) == before


def test_a_missing_document_is_named_as_such_and_not_created() -> None:
    with pytest.raises(Job.DoesNotExist):
        change(Job, "no such job", lambda _: True)

    assert Job.objects(id="no such job").count() == 0


def test_the_loser_of_a_race_decides_again_on_what_the_winner_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job().save()
    decided_on = []

    def decide(job: Job) -> bool:
        decided_on.append(list(job.entries))
        job.entries.append("loser")
        return True

    before_saving(monkeypatch, Job, lambda: add(job, "winner"))
    changed = change(Job, job.id, decide)

    assert decided_on == [[], ["winner"]]
    assert changed.written is True
    assert raw(job) == {"_id": job.id, "version": 3, "entries": ["winner", "loser"]}


def test_the_loser_of_a_race_may_find_that_nothing_is_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job().save()

    def take(job: Job) -> bool:
        if job.entries:
            return False
        job.entries.append("loser")
        return True

    before_saving(monkeypatch, Job, lambda: add(job, "winner"))
    changed = change(Job, job.id, take)

    assert changed.written is False
    assert changed.document.entries == ["winner"]
    assert raw(job) == {"_id": job.id, "version": 2, "entries": ["winner"]}


def test_a_document_that_vanishes_between_read_and_write_is_not_brought_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = Job().save()

    before_saving(monkeypatch, Job, job.delete)
    with pytest.raises(Job.DoesNotExist):
        change(Job, job.id, lambda job: job.entries.append("ghost") is None)

    assert Job.objects(id=job.id).count() == 0


def test_after_so_many_lost_races_it_gives_up_and_has_written_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = Job().save()
    tries = 0

    def decide(job: Job) -> bool:
        nonlocal tries
        tries += 1
        job.entries.append("loser")
        return True

    monkeypatch.setattr(store, "CHANGE_PAUSE_SECONDS_MAX", 0)
    before_saving(monkeypatch, Job, lambda: add(job, "winner"), times=store.CHANGE_ATTEMPTS_MAX)
    with pytest.raises(TooBusy):
        change(Job, job.id, decide)

    assert tries == store.CHANGE_ATTEMPTS_MAX == 30
    assert raw(job)["entries"] == ["winner"] * 30
    assert raw(job)["version"] == 31


def test_one_lost_race_less_and_the_last_try_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job().save()

    monkeypatch.setattr(store, "CHANGE_PAUSE_SECONDS_MAX", 0)
    before_saving(monkeypatch, Job, lambda: add(job, "winner"), times=29)
    changed = change(Job, job.id, lambda job: job.entries.append("loser") is None)

    assert changed.written is True
    assert raw(job)["entries"] == ["winner"] * 29 + ["loser"]


def test_no_change_of_ten_threads_is_lost_or_made_twice() -> None:
    job = Job().save()

    results = together(10, lambda number: [add(job, f"{number}-{turn}") for turn in range(3)])

    assert results == [[None] * 3] * 10
    entries = raw(job)["entries"]
    assert sorted(entries) == sorted(f"{number}-{turn}" for number in range(10) for turn in range(3))
    assert raw(job)["version"] == 31


def test_of_twenty_threads_that_want_one_thing_one_gets_it(stack: Stack) -> None:
    job = Job().save()

    def take(number: int) -> bool:
        def decide(job: Job) -> bool:
            if job.entries:
                return False
            job.entries.append(str(number))
            return True

        return change(Job, job.id, decide).written

    results = together(20, take)

    assert sorted(results) == [False] * 19 + [True]
    assert raw(job)["entries"] == [str(results.index(True))]


def test_what_the_caller_has_read_is_written_without_being_read_again() -> None:
    job = Job(entries=["old"]).save()
    known = Job.objects.get(id=job.id)

    changed = change(Job, job.id, lambda job: job.entries.append("mine") is None, known)

    assert changed.document is known
    assert (changed.written, known.version) == (True, 2)
    assert raw(job) == {"_id": job.id, "version": 2, "entries": ["old", "mine"]}


def test_what_was_written_can_be_changed_again_without_being_read() -> None:
    job = Job().save()
    known = Job.objects.get(id=job.id)

    for entry in ("one", "two"):
        change(Job, job.id, lambda job, entry=entry: job.entries.append(entry) is None, known)

    assert raw(job) == {"_id": job.id, "version": 3, "entries": ["one", "two"]}


def test_what_somebody_has_changed_since_it_was_read_is_decided_on_again() -> None:
    job = Job().save()
    known = Job.objects.get(id=job.id)
    add(job, "theirs")

    changed = change(Job, job.id, lambda job: job.entries.append("mine") is None, known)

    assert changed.written is True
    assert raw(job) == {"_id": job.id, "version": 3, "entries": ["theirs", "mine"]}


def test_a_copy_that_was_not_written_is_never_written_later() -> None:
    job = Job().save()
    known = Job.objects.get(id=job.id)
    add(job, "theirs")
    change(Job, job.id, lambda job: job.entries.append("mine") is None, known)

    # The document has meanwhile the version that the copy would have.
    known.entries.append("never")
    changed = change(Job, job.id, lambda job: job.entries.append("last") is None, known)

    assert changed.document is not known
    assert raw(job) == {"_id": job.id, "version": 4, "entries": ["theirs", "mine", "last"]}


@pytest.mark.parametrize("raises", [False, True])
def test_nothing_is_refused_because_of_what_is_out_of_date(raises: bool) -> None:
    job = Job().save()
    known = Job.objects.get(id=job.id)
    add(job, "theirs")

    def follow(job: Job) -> bool:
        if not job.entries and raises:
            raise ZeroDivisionError
        return bool(job.entries and job.entries.append("mine") is None)

    changed = change(Job, job.id, follow, known)

    assert changed.written is True
    assert raw(job) == {"_id": job.id, "version": 3, "entries": ["theirs", "mine"]}


def test_what_is_refused_is_refused_because_of_what_is_there() -> None:
    job = Job(entries=["old"]).save()
    known = Job.objects.get(id=job.id)

    def decide(job: Job) -> bool:
        job.entries.append("not to be kept")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change(Job, job.id, decide, known)

    assert change(Job, job.id, lambda job: False, known).document.entries == ["old"]
    assert raw(job) == {"_id": job.id, "version": 1, "entries": ["old"]}
