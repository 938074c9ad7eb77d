"""Row 17: the provider cannot reach our webhook endpoint for thirty hours, tries again for a day, and
switches it off. Comparing finds and repairs every payment and refund, by a command or by itself; "webhook
silent" is raised as an alarm as soon as anybody has paid.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from config.queues import TaskName
from dev import ports
from gateway.domain.work import ABANDON_PAYMENT, CONFIRM_PAYMENT
from tests.cli.conftest import run
from tests.conftest import Stack
from tests.support.client import PAYMENTS, TIMEOUT_SECONDS, Api, PaidOrder, Person, open_order, paid_order
from tests.support.genuine import events_of
from tests.support.own_service import OwnService, Row
from tests.support.queue import send
from tests.support.waiting import wait_until

HOURS = 30


@pytest.fixture
def unreachable(service: OwnService) -> Iterator[OwnService]:
    """The service, whose webhook endpoint the provider knows under an address where nobody answers."""
    control = service.sandbox.control
    (known,) = control("GET", "/endpoints").json()["items"]
    control("DELETE", f"/endpoints/{known['id']}")
    secret = service.sandbox.webhook_secret
    wrong = {"url": f"http://127.0.0.1:{ports.free_port()}{PAYMENTS}/webhook", "secret": secret}
    wrong_id = control("POST", "/endpoints", wrong).json()["id"]
    yield service
    control("DELETE", f"/endpoints/{wrong_id}")
    control("POST", "/endpoints", {"url": known["url"], "secret": secret})


@dataclass(frozen=True)
class Missed:
    """What happened at the provider while nobody could tell us."""

    verified: PaidOrder
    captured_id: str
    authorised_id: str
    refunded: PaidOrder
    refunding: PaidOrder
    unpaid_id: str


def everything_missed(service: OwnService, person: Person) -> Missed:
    """Let customers pay, verified or not, and let refunds be made and processed, without any event."""
    sandbox = service.sandbox
    verified, refunded, refunding = (paid_order(person, sandbox) for _ in range(3))
    sandbox.control("POST", "/refunds", {"mode": "pending"})
    assert person.api.refund(refunding.payment_id).status_code == 201
    (refund,) = sandbox.refunds_of(refunding.provider_payment_id)
    sandbox.control("POST", f"/refunds/{refund['id']}/process")
    sandbox.control("POST", "/refunds", {"mode": "processed"})
    by_hand = sandbox.api("POST", f"/payments/{refunded.provider_payment_id}/refund", {"amount": 20_000})
    assert by_hand.status_code == 200
    captured_order, captured_id = open_order(person)
    sandbox.pay(captured_order)
    authorised_order, authorised_id = open_order(person)
    sandbox.pay(authorised_order, capture=False)
    _, unpaid_id = open_order(person)
    return Missed(verified, captured_id, authorised_id, refunded, refunding, unpaid_id)


def thirty_hours_pass(service: OwnService) -> None:
    """Let time pass at the provider, which gives us up, and here, where all that has happened becomes old."""
    service.time_passes(HOURS * 3600)
    wait_until(lambda: not is_endpoint_enabled(service), "the endpoint being switched off")
    past = timedelta(hours=HOURS)
    for payment in service.database.payments.find():
        times = ("created_at", "updated_at", "paid_at")
        older = {name: payment[name] - past for name in times if name in payment}
        service.database.payments.update_one({"_id": payment["_id"]}, {"$set": older, "$inc": {"version": 1}})


def is_endpoint_enabled(service: OwnService) -> bool:
    """Say whether the provider still tries to reach us."""
    (endpoint,) = service.sandbox.control("GET", "/endpoints").json()["items"]
    return bool(endpoint["enabled"])


def alarms(service: OwnService) -> list[str]:
    """Return the names of the alarms that an operator sees."""
    answer = requests.get(f"{service.api_url}/readyz", timeout=TIMEOUT_SECONDS).json()
    return [alarm["name"] for alarm in answer["alarms"]]


def by_command(service: OwnService, stack: Stack) -> None:
    """Compare as an operator does."""
    ended = run(service.environ, "reconcile", "--since-hours", f"{HOURS + 10}", "--json")
    assert ended.code == 0, ended.errors
    told = json.loads(ended.output)
    assert (told["corrected"] > 0, told["queued"]) == (True, 0)


def by_itself(service: OwnService, stack: Stack) -> None:
    """Compare as the beat has it done."""
    send(replace(stack, redis_url=service.environ["REDIS_URL"]), TaskName.START_RECONCILIATIONS)


@pytest.mark.parametrize("compare", [by_command, by_itself])
def test_every_payment_and_refund_is_found_and_repaired(
    unreachable: OwnService, stack: Stack, compare: Any
) -> None:
    service = unreachable
    person = service.person()
    missed = everything_missed(service, person)
    thirty_hours_pass(service)
    assert service.database.webhook_events.count_documents({}) == 0
    wait_until(lambda: "webhook silent" in alarms(service), "the alarm")
    before = {each["_id"]: each["status"] for each in service.database.payments.find()}

    compare(service, stack)

    assert [before[each] for each in (missed.captured_id, missed.authorised_id)] == ["CREATED", "CREATED"]
    for payment_id in (missed.captured_id, missed.authorised_id):
        assert service.has_status(payment_id, "PAID")["captured_minor"] == 50_000
    partly = service.has_status(missed.refunded.payment_id, "PARTIAL_REFUND")
    wholly = service.becomes(missed.refunding.payment_id, "being refunded", _is_processed)
    assert [(each["amount_minor"], each["requested_by"]) for each in partly["refunds"]] == [
        (20_000, "provider")
    ]
    assert (wholly["status"], wholly["refunded_minor"]) == ("REFUNDED", 50_000)
    assert service.payment(missed.unpaid_id)["status"] == "CREATED"
    assert service.payment(missed.verified.payment_id)["status"] == "PAID"
    assert [each["_id"] for each in service.database.payments.find({"needs_review": True})] == []


def test_events_that_are_sent_again_after_the_repair_change_nothing(
    unreachable: OwnService, stack: Stack
) -> None:
    service = unreachable
    everything_missed(service, service.person())
    thirty_hours_pass(service)
    by_command(service, stack)
    wait_until(lambda: not any(map(_is_busy, service.database.payments.find())), "the end of all work")
    before = list(service.database.payments.find().sort("_id"))

    events = events_of(service.sandbox)
    answers = [event.send(Api(service.api_url)).status_code for event in events]

    assert (len(events) > 10, set(answers)) == (True, {200})
    heard = {"outcome": "no_change"}
    wait_until(
        lambda: service.database.webhook_events.count_documents(heard) == len(events), "the end of all events"
    )
    assert list(service.database.payments.find().sort("_id")) == before
    wait_until(lambda: "webhook silent" not in alarms(service), "the end of the alarm")


def _is_busy(payment: Row) -> bool:
    return "work" in payment and payment["work"]["kind"] not in (CONFIRM_PAYMENT, ABANDON_PAYMENT)


def _is_processed(payment: Row) -> bool:
    return [refund["status"] for refund in payment["refunds"]] == ["processed"]
