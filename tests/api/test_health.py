"""Is the process alive, can it do its work, and what needs a person?"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from gateway.api.health_report import NOT_ASKED, REPORT_KEPT_SECONDS, UNREAD, KeptReport, Report
from gateway.domain import periodic
from gateway.domain.context import utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, WebhookEvent, Work
from tests.conftest import Stack
from tests.support.client import Api
from tests.support.database import empty_database
from tests.support.domain import a_paid_payment
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def own_web(stack: Stack, start_web: Callable[..., str]) -> Iterator[Api]:
    """A web process with a database of its own, which nobody sweeps."""
    with empty_database(stack.mongodb_uri) as uri:
        yield Api(start_web(MONGODB_URI=uri))


@pytest.fixture
def empty(own_web: Api) -> Api:
    """That process, with nothing in its database but a sweep that has just finished."""
    for model in (Payment, WebhookEvent, periodic.PeriodicJob):
        model._get_collection().delete_many({})
    run = periodic.begin(periodic.SWEEP, utc_now(), every_seconds=1, lease_seconds=1)
    assert run
    periodic.finished(run, utc_now())
    wait_until(lambda: not ready(own_web)["alarms"], "the end of the earlier test's alarms")
    return own_web


def ready(api: Api) -> dict[str, Any]:
    """Return what /readyz says, whatever it says."""
    answer: dict[str, Any] = api.get("/readyz").json()
    return answer


def test_the_process_says_that_it_is_alive(anonymous: Api) -> None:
    answer = anonymous.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_the_service_is_ready_when_mongodb_and_redis_answer(empty: Api) -> None:
    answer = empty.get("/readyz")

    assert answer.status_code == 200
    body = answer.json()
    swept = body["details"].pop("lastSweepSecondsAgo")
    assert body == {
        "status": "ready",
        "checks": {"mongodb": "ok", "redis": "ok"},
        "alarms": [],
        "details": {"workDue": 0, "oldestDueSeconds": 0, "deadWebhookEvents": 0},
    }
    assert 0 <= swept < 60


def test_a_running_stack_has_just_swept(anonymous: Api) -> None:
    details = wait_until(
        lambda: (found := ready(anonymous)["details"])["lastSweepSecondsAgo"] is not None and found,
        "the first sweep",
    )

    assert 0 <= details["lastSweepSecondsAgo"] < 60


def test_without_sweeps_the_service_is_ready_and_raises_an_alarm(empty: Api) -> None:
    periodic.PeriodicJob.objects.delete()

    body = wait_until(lambda: (found := ready(empty))["alarms"] and found, "the alarm")

    assert (body["status"], body["checks"]) == ("ready", {"mongodb": "ok", "redis": "ok"})
    assert body["alarms"] == [
        {
            "name": "sweep stale",
            "detail": "No sweep has finished yet, or the clock of the host that swept last is ahead.",
        }
    ]
    assert body["details"]["lastSweepSecondsAgo"] is None
    assert empty.get("/readyz").status_code == 200


def test_alarms_and_figures_are_counts_and_ages_alone(empty: Api) -> None:
    long_ago = utc_now() - timedelta(seconds=400)
    payment = a_paid_payment(work=Work(kind="issue_refund", due_at=long_ago, last_error="a secret")).save()
    dead = WebhookEvent(
        body=b"{}", body_sha256=new_id(), received_at=long_ago, outcome="dead", why="?"
    ).save()

    body = wait_until(lambda: (found := ready(empty))["alarms"] and found, "the alarms")

    oldest = body["details"].pop("oldestDueSeconds")
    assert [alarm["name"] for alarm in body["alarms"]] == ["work overdue", "dead webhook events"]
    assert body["alarms"][0]["detail"].startswith("Due since up to 4")
    assert body["alarms"][0]["detail"].endswith(" s: issue_refund (1).")
    assert body["alarms"][1]["detail"] == "Given up after 12 tries, and waiting to be redriven: 1."
    assert (body["details"]["workDue"], body["details"]["deadWebhookEvents"]) == (1, 1)
    assert 400 <= oldest < 500
    for secret in (payment.id, payment.user_email, dead.id, "a secret"):
        assert secret not in str(body)


class Reader:
    """Counts how often the database was read, and can be held in the middle of it."""

    def __init__(self) -> None:
        self.calls = 0
        self.now = 100.0

    def read(self) -> Report:
        self.calls += 1
        return NOT_ASKED if self.calls == 1 else UNREAD

    def clock(self) -> float:
        return self.now


def test_a_report_is_read_once_in_a_while_however_often_it_is_asked_for() -> None:
    reader = Reader()
    kept = KeptReport(reader.clock)

    first = [kept.get(reader.read) for _ in range(50)]
    reader.now += REPORT_KEPT_SECONDS
    second = [kept.get(reader.read) for _ in range(50)]

    assert (first, second) == ([NOT_ASKED] * 50, [UNREAD] * 50)
    assert reader.calls == 2


def test_while_one_thread_reads_the_others_get_the_report_before_it() -> None:
    reader = Reader()
    kept = KeptReport(reader.clock)
    kept.get(reader.read)
    reader.now += REPORT_KEPT_SECONDS
    begun, may_end = Barrier(2), Barrier(2)

    def read_slowly() -> Report:
        begun.wait(10)
        may_end.wait(10)
        return reader.read()

    slow = Thread(target=kept.get, args=(read_slowly,))
    slow.start()
    begun.wait(10)
    meanwhile = kept.get(reader.read)
    may_end.wait(10)
    slow.join(10)

    assert meanwhile == NOT_ASKED
    assert kept.get(reader.read) == UNREAD
    assert reader.calls == 2


def test_a_report_that_cannot_be_made_leaves_nothing_locked() -> None:
    kept = KeptReport(Reader().clock)

    def crash() -> Report:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.get(crash)

    assert kept.get(Reader().read) == NOT_ASKED
