"""Webhooks are paused for a while: one comparison, by a command or by a worker that is killed on the way,
brings every payment and refund up to date, and the next one finds nothing more."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from config.queues import TaskName
from tests.cli.conftest import run
from tests.conftest import Stack
from tests.support.client import Person, open_order
from tests.support.own_service import OwnService, Row, own_service
from tests.support.queue import send
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

PAID, REFUNDED = 10, 3
SETTINGS = {"RECONCILE_GRACE_SECONDS": "0"}


@pytest.fixture(scope="module")
def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    """A service of its own."""
    with own_service(stack, tmp_path_factory.mktemp("reconciling"), **SETTINGS) as service:
        yield service


@pytest.fixture
def service(running: OwnService) -> Iterator[OwnService]:
    """The service, whose webhooks are paused and which has forgotten everything."""
    running.empty()
    running.sandbox.deliveries(paused=True)
    yield running
    running.sandbox.clear_faults()


@pytest.fixture
def missed(service: OwnService) -> list[str]:
    """The ids of ten payments that customers have made, of which three were returned in part, while nobody
    told the service; and two that nobody has paid."""
    person = service.person()
    payment_ids = [paid(service, person, is_refunded=number < REFUNDED) for number in range(PAID)]
    for _ in range(2):
        open_order(person)
    return payment_ids


def paid(service: OwnService, person: Person, *, is_refunded: bool) -> str:
    """Let a customer pay an order; returns the payment's id."""
    order_id, payment_id = open_order(person)
    provider_payment_id = service.sandbox.pay(order_id)["razorpay_payment_id"]
    if is_refunded:
        path = f"/payments/{provider_payment_id}/refund"
        assert service.sandbox.api("POST", path, {"amount": 20_000}).status_code == 200
    return payment_id


def check(service: OwnService, missed: list[str]) -> None:
    """Check that each payment has come to its right end, once, with its receipts."""
    for number, payment_id in enumerate(missed):
        is_refunded = number < REFUNDED
        payment = service.has_status(payment_id, "PARTIAL_REFUND" if is_refunded else "PAID")
        payment = service.becomes(payment_id, "coming to rest", lambda payment: "work" not in payment)
        assert (payment["captured_minor"], payment["refunded_minor"]) == (50_000, 20_000 * is_refunded)
        assert len(payment["refunds"]) == int(is_refunded)
        assert service.database.receipts.count_documents({"payment_id": payment_id}) == 1 + is_refunded
    found = list(service.database.discrepancies.find())
    kinds = [each["kind"] for each in found]
    assert sorted(kinds) == ["payment_captured"] * PAID + ["refund_imported"] * REFUNDED
    assert {(each["state"], each["found_count"]) for each in found} == {("corrected", 1)}


def finished_run(service: OwnService) -> Row:
    """Return the comparison once it is through."""
    return wait_until(
        lambda: service.database.reconciliation_runs.find_one({"finished_at": {"$exists": True}}),
        "the end of the comparison",
        deadline_seconds=60,
    )


def test_one_command_repairs_ten_payments_and_three_refunds(service: OwnService, missed: list[str]) -> None:
    first = run(service.environ, "reconcile", "--since-hours", "1", "--json")

    assert first.code == 0, first.errors
    told = json.loads(first.output)
    assert (told["compared"], told["agreed"]) == (PAID + 2, 2)
    assert (told["corrected"], told["queued"], told["left"], told["foreign"]) == (PAID + REFUNDED, 0, 0, 0)
    check(service, missed)
    second = run(service.environ, "reconcile", "--since-hours", "1", "--json")
    told = json.loads(second.output)
    assert (told["compared"], told["agreed"], told["corrected"]) == (PAID + 2, PAID + 2, 0)
    check(service, missed)


def test_a_worker_that_is_killed_on_the_way_is_followed_by_one_that_goes_on(
    service: OwnService, missed: list[str], stack: Stack
) -> None:
    service.sandbox.fault("orders.payments", "slow", seconds=0.8, count=4)

    send(replace(stack, redis_url=service.environ["REDIS_URL"]), TaskName.START_RECONCILIATIONS)
    wait_until(lambda: calls_to(service.sandbox, "GET", "/payments"), "the worker's calls")
    kill_worker(service)

    run_found = finished_run(service)
    assert (run_found["trigger"], run_found["queued"], run_found["passed_over"]) == ("regular", 0, 0)
    assert run_found["compared"] == PAID + 2
    check(service, missed)


def kill_worker(service: OwnService) -> None:
    """Kill the processes of the service's worker that do its tasks; it starts others."""
    redis_url = service.environ["REDIS_URL"]
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if "celery_app" not in words or " worker " not in words:
            continue
        try:
            if (
                process.environ().get("REDIS_URL") == redis_url
                and process.ppid() != 1
                and not process.children()
            ):
                process.send_signal(signal.SIGKILL)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
