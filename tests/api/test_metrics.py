"""Metrics for Prometheus: what they say, who may read them, and that they say nothing about anybody."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from config.queues import ALL_QUEUES, Queue
from gateway.domain import alarms, periodic, work
from gateway.domain.account_models import ApiKey
from gateway.domain.context import utc_now
from gateway.domain.ids import new_id
from gateway.domain.models import Payment, WebhookEvent, Work
from tests.conftest import Stack
from tests.support.client import Api, Person
from tests.support.database import empty_database
from tests.support.domain import a_paid_payment
from tests.support.keys import a_program
from tests.support.shapes import refused

METRICS = "/metrics"


@pytest.fixture(scope="module")
def own_stack(stack: Stack, start_web: Callable[..., str]) -> Iterator[tuple[str, str]]:
    """The address of a web process with a database and a broker of its own, and that broker's address."""
    redis_url = stack.redis_url.removesuffix("/0") + "/8"
    with empty_database(stack.mongodb_uri) as uri:
        yield start_web(MONGODB_URI=uri, REDIS_URL=redis_url), redis_url


@pytest.fixture
def program(own_stack: tuple[str, str]) -> Api:
    """A program that may read the metrics of that process, whose database holds nothing else."""
    for model in (Payment, WebhookEvent, periodic.PeriodicJob, ApiKey):
        model._get_collection().delete_many({})
    return a_program(own_stack[0], "metrics:read").api


def values(api: Api) -> dict[str, float]:
    """Return every sample by its name and labels, without the prefix that they share."""
    answer = api.get(METRICS)
    assert answer.status_code == 200
    samples = [each for family in text_string_to_metric_families(answer.text) for each in family.samples]
    assert all(sample.name.startswith("payment_service_") for sample in samples)
    return {
        " ".join([sample.name.removeprefix("payment_service_"), *sample.labels.values()]): sample.value
        for sample in samples
    }


def test_they_are_in_the_text_format(program: Api) -> None:
    answer = program.get(METRICS)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert "# TYPE payment_service_work_due gauge\n" in answer.text


def test_a_service_at_rest_has_nothing_to_do(program: Api) -> None:
    found = values(program)

    assert {found[f"work_due {kind}"] for kind in (*work.KINDS, "unknown")} == {0}
    assert {found[f"work_failing {kind}"] for kind in (*work.KINDS, "unknown")} == {0}
    assert {found[f"queue_messages {queue}"] for queue in ALL_QUEUES} == {0}
    names = ("work_oldest_due_seconds", "webhook_events_dead", "payments_needing_review", "redis_up")
    assert [found[name] for name in names] == [0, 0, 0, 1]
    assert "last_sweep_age_seconds" not in found


def test_they_count_what_there_is_to_do(program: Api, own_stack: tuple[str, str]) -> None:
    now = utc_now()
    for seconds in (400, 10):
        due = Work(kind=work.ISSUE_REFUND, due_at=now - timedelta(seconds=seconds))
        a_paid_payment(work=due).save()
    later = Work(kind=work.CAPTURE_PAYMENT, due_at=now + timedelta(days=1), failing_since=now)
    a_paid_payment(work=later, needs_review=True).save()
    for outcome in ("dead", "dead", "applied"):
        WebhookEvent(body=b"{}", body_sha256=new_id(), received_at=now, outcome=outcome).save()
    run = periodic.begin(periodic.SWEEP, now, every_seconds=1, lease_seconds=1)
    assert run
    periodic.finished(run, now)
    with Redis.from_url(own_stack[1]) as redis:
        redis.rpush(Queue.WEBHOOKS, "one", "two", "three")

        found = values(program)

        redis.delete(Queue.WEBHOOKS)
    assert (found["work_due issue_refund"], found["work_due capture_payment"]) == (2, 0)
    assert 400 <= found["work_oldest_due_seconds"] < 500
    assert (found["work_failing capture_payment"], found["work_failing issue_refund"]) == (1, 0)
    assert (found["webhook_events_dead"], found["payments_needing_review"]) == (2, 1)
    assert (found["queue_messages webhooks"], found["queue_messages payments"]) == (3, 0)
    assert 0 <= found["last_sweep_age_seconds"] < 60


def test_every_alarm_is_there_whether_it_is_raised_or_not(program: Api) -> None:
    found = values(program)

    said = {name: found[f"alarm {name}"] for name in alarms.CHECKS}
    assert said == dict.fromkeys(alarms.CHECKS, 0) | {"sweep stale": 1}


def test_each_circuit_is_in_one_state(program: Api) -> None:
    found = values(program)

    calls = {name.split()[1] for name in found if name.startswith("provider_circuit ")}
    assert calls >= {"look_up", "order", "capture", "refund"}
    for call in calls:
        states = [found[f"provider_circuit {call} {state}"] for state in ("closed", "half_open", "open")]
        assert states == [1, 0, 0]


def test_they_say_nothing_about_anybody(program: Api) -> None:
    due = Work(kind="<secret>", due_at=utc_now() - timedelta(seconds=400))
    payment = a_paid_payment(work=due, needs_review=True).save()

    text = program.get(METRICS).text

    for secret in (payment.id, payment.user_email, payment.school_id, "50000", "secret"):
        assert secret not in text
    assert 'payment_service_work_due{kind="unknown"} 1.0' in text


def test_they_are_read_anew_each_time(program: Api) -> None:
    before = values(program)["webhook_events_dead"]
    WebhookEvent(body=b"{}", body_sha256=new_id(), received_at=utc_now(), outcome="dead").save()

    assert (before, values(program)["webhook_events_dead"]) == (0, 1)


def test_an_administrator_reads_them(admin: Person) -> None:
    assert admin.api.get(METRICS).status_code == 200


def test_a_key_of_one_school_does_not_read_the_whole_services(own_stack: tuple[str, str]) -> None:
    program = a_program(own_stack[0], "metrics:read", school_id=new_id())

    refused(program.api.get(METRICS), 403, "FORBIDDEN")
