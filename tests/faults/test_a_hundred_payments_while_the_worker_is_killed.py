"""A hundred payments are in flight by twenty customers while processes of the worker are killed every two
seconds and Redis is flushed twice. All hundred reach the right end within a minute of the last fault: paid,
captured by us or by the provider, refunded in part or in full, with a receipt for each of it.
"""

import signal
from time import monotonic
from typing import Any

import pytest
from redis import Redis

from tests.support.client import Api, Person, Sandbox
from tests.support.killing import insist
from tests.support.machine import Stopwatch
from tests.support.own import OwnStack
from tests.support.rounds import repeated
from tests.support.scenario import Scenario
from tests.support.waiting import wait_until

CUSTOMERS = 20
KILLS = 8
KILL_EVERY_SECONDS = 2.0
FLUSHED_AFTER_KILLS = (3, 6)
# Of a machine that has nothing else to do; one that is busy takes longer.
END_SECONDS_MAX = 60.0
BUSY_MACHINE_SECONDS_MAX = 300.0
# What a customer's five payments come to, and how many receipts each has then.
ENDS = ("PAID", "PAID", "PAID", "PARTIAL_REFUND", "REFUNDED")
RECEIPTS = {"PAID": 1, "PARTIAL_REFUND": 2, "REFUNDED": 2}


def shop(person: Person, sandbox: Sandbox) -> dict[str, str]:
    """Make five payments, one after the other, insisting on every answer; returns their ends by their ids."""
    api = Api(person.api.base_url, person.api.token)
    ends = {}
    for number, end in enumerate(ENDS):
        key = f"{person.user_id}-{number}"
        order = insist(lambda key=key: api.create_order(person.school_id, 500, key=key)).json()["data"]
        payment_id = order["payment"]["id"]
        # The second is captured by us, and the third is only heard of by webhook.
        checkout = sandbox.pay(order["order"]["id"], capture=number != 1)
        if number != 2:
            insist(lambda checkout=checkout: api.verify(checkout))
        if end in ("PARTIAL_REFUND", "REFUNDED"):
            amount = 200 if end == "PARTIAL_REFUND" else None
            insist(lambda id=payment_id, amount=amount, key=key: api.refund(id, amount, key=key))
        ends[payment_id] = end
    api.http.close()
    return ends


def break_things(own: OwnStack) -> None:
    """Kill processes of the worker, in turn those that work and all, and flush Redis in between."""
    for kill in range(1, KILLS + 1):
        until = monotonic() + KILL_EVERY_SECONDS
        own.signal("worker", signal.SIGKILL, only_children=kill % 3 != 0)
        if kill in FLUSHED_AFTER_KILLS:
            with Redis.from_url(own.stack.redis_url) as redis:
                redis.flushall()
        wait_until(lambda until=until: monotonic() > until, "the next kill")


def unfinished(own: OwnStack, ends: dict[str, str]) -> dict[str, Any]:
    """Return the payments that have not reached their end, and how far they are."""
    ids = {"$in": list(ends)}
    rendered = own.database.receipts.find({"payment_id": ids}, {"payment_id": 1, "rendered_at": 1})
    receipts = [receipt["payment_id"] for receipt in rendered if receipt.get("rendered_at")]
    return {
        payment["_id"]: (payment["status"], receipts.count(payment["_id"]), payment.get("work"))
        for payment in own.database.payments.find({"_id": ids}, {"status": 1, "work": 1})
        if payment["status"] != ends[payment["_id"]]
        or receipts.count(payment["_id"]) != RECEIPTS[payment["status"]]
        or payment.get("work")
    }


@pytest.mark.timeout(420)
@repeated(one_in=10)
def test_all_of_a_hundred_payments_reach_the_right_end(own: OwnStack, scenario: Scenario) -> None:
    people = [own.person() for _ in range(CUSTOMERS)]

    shopping = [own.meanwhile(shop, person, own.sandbox) for person in people]
    break_things(own)
    since = Stopwatch(own.stack.pid)
    ends = {
        payment_id: end for future in shopping for payment_id, end in future.result(END_SECONDS_MAX).items()
    }
    wait_until(
        lambda: not unfinished(own, ends) or since.own_seconds > END_SECONDS_MAX,
        "the right end of all payments",
        deadline_seconds=BUSY_MACHINE_SECONDS_MAX,
    )

    assert unfinished(own, ends) == {}
    assert len(ends) == CUSTOMERS * len(ENDS)
    scenario.figure(
        f"{len(ends)} payments, {KILLS} kills and {len(FLUSHED_AFTER_KILLS)} flushes;"
        f" the last payment was right {since.own_seconds:.1f} s after the last of them"
        f" ({since.seconds:.1f} s by the clock of a machine that was busy with other things too)"
    )
