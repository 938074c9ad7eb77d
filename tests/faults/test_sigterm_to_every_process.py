"""The platform stops a dyno: SIGTERM to every process of it, and SIGKILL thirty seconds later. What was
begun is ended, and no claim is left behind for others to wait for."""

import signal
import time
from typing import Any

import psutil

from tests.dev.waiting import is_running
from tests.support.client import open_order, paid_order
from tests.support.own import OwnStack
from tests.support.scenario import Scenario
from tests.support.steps import calls_to
from tests.support.waiting import wait_until

DRAIN_SECONDS_MAX = 25


def stopped(own: OwnStack, part: str) -> float:
    """Stop every process of a part as the platform does; returns after how many seconds the last was gone."""
    processes: list[psutil.Process] = own.processes(part)
    began = time.monotonic()
    own.signal(part, signal.SIGTERM)
    wait_until(
        lambda: not any(is_running(process) for process in processes),
        f"the end of {part}",
        deadline_seconds=DRAIN_SECONDS_MAX,
    )
    return time.monotonic() - began


def test_a_worker_ends_its_provider_calls_and_gives_its_claims_back(
    own: OwnStack, scenario: Scenario
) -> None:
    person, sandbox = own.person(), own.sandbox
    paid = paid_order(person, sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    sandbox.fault("payments.refund", "slow", seconds=1.3)
    answer = own.meanwhile(person.api.refund, paid.payment_id, 200)
    refunds = f"{paid.provider_payment_id}/refund"
    wait_until(lambda: calls_to(sandbox, "POST", refunds), "the worker's call")

    seconds = stopped(own, "worker")

    left = own.payment(paid.payment_id)
    assert (left["status"], left["refunded_minor"]) == ("PARTIAL_REFUND", 20_000)
    assert left.get("work", {}).get("claimed_until") is None
    assert len(calls_to(sandbox, "POST", refunds)) == 1
    assert answer.result(20).status_code in (201, 202)
    scenario.figures.append(
        f"SIGTERM to every worker process with a call in flight: gone after {seconds:.1f} s"
    )


def test_a_web_process_answers_what_it_has_begun(own: OwnStack, scenario: Scenario) -> None:
    person, sandbox = own.person(), own.sandbox
    before = len(calls_to(sandbox, "POST", "/v1/orders"))
    sandbox.fault("orders.create", "slow", seconds=1.3)
    answer: Any = own.meanwhile(open_order, person)
    wait_until(lambda: len(calls_to(sandbox, "POST", "/v1/orders")) > before, "the web process's call")

    seconds = stopped(own, "web")

    order_id, payment_id = answer.result(20)
    assert own.payment(payment_id)["provider_order_id"] == order_id
    assert own.payment(payment_id)["work"].get("claimed_until") is None
    scenario.figures.append(f"SIGTERM to every web process with a call in flight: gone after {seconds:.1f} s")
