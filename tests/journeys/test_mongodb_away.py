"""MongoDB hanging or killed: a bounded refusal, nothing acknowledged is lost, and no restart is needed."""

import signal
from time import monotonic

import requests

from tests.support.client import PAYMENTS, Person, open_order
from tests.support.own import OwnStack
from tests.support.shapes import refused
from tests.support.waiting import wait_until

ANSWER_SECONDS_MAX = 7.5


def timed(answer: requests.Response, began: float) -> tuple[requests.Response, float]:
    """Return the answer and how long it took since then."""
    return answer, monotonic() - began


def test_a_mongodb_that_hangs_is_a_bounded_refusal_and_all_goes_on_afterwards(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    order_id, payment_id = open_order(person)
    processes = [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]]

    with own.held("mongodb"):
        began = monotonic()
        calls = [
            own.meanwhile(lambda: timed(person.api.create_order(person.school_id), began)),
            own.meanwhile(lambda: timed(person.api.get(f"{PAYMENTS}/orders/{order_id}/status"), began)),
            own.meanwhile(lambda: timed(person.api.get("/readyz"), began)),
            own.meanwhile(lambda: timed(person.api.get("/healthz"), began)),
        ]
        (created, status, ready, health), seconds = zip(*(call.result(30) for call in calls), strict=True)

    assert health.status_code == 200
    assert refused(created, 503, "SERVICE_UNAVAILABLE") == {}
    assert refused(status, 503, "SERVICE_UNAVAILABLE") == {}
    assert int(created.headers["Retry-After"]) > 0
    assert (ready.status_code, ready.json()["checks"]) == (503, {"mongodb": "away", "redis": "ok"})
    assert [each for each in seconds if each > ANSWER_SECONDS_MAX] == []
    wait_until(own.is_ready, "MongoDB being back")
    assert person.api.verify(sandbox.pay(order_id)).status_code == 200
    own.settled(payment_id, "PAID", receipts=1)
    assert [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]] == processes


def works_again(own: OwnStack, person: Person) -> bool:
    """Say whether an order can be created."""
    return own.is_ready() and person.api.create_order(person.school_id).status_code == 201


def test_a_mongodb_that_is_killed_has_lost_nothing_when_it_is_back(own: OwnStack) -> None:
    person, sandbox = own.person(), own.sandbox
    orders = [open_order(person) for _ in range(5)]
    checkouts = [sandbox.pay(order_id) for order_id, _ in orders]
    processes = [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]]

    own.signal("mongodb", signal.SIGKILL)

    wait_until(lambda: works_again(own, person), "MongoDB being back")
    assert {person.api.verify(checkout).status_code for checkout in checkouts} <= {200, 202}
    payments = [own.settled(payment_id, "PAID", receipts=1) for _, payment_id in orders]
    assert [payment["captured_minor"] for payment in payments] == [50_000] * 5
    assert [process.pid for part in ("web", "worker") for process in own.processes(part)[:1]] == processes
