"""Five things that must hold after every scenario, whatever was broken in it, in our database and at the
provider's: nothing lost, nothing twice. Each check returns a sentence for every violation that it finds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from pymongo.database import Database

from gateway.domain.context import utc_now
from gateway.domain.states import MAY_GO_TO, REFUND_FAILED, STATUSES, SUCCESSFUL
from tests.support.acknowledged import Acknowledged
from tests.support.client import TIMEOUT_SECONDS, Sandbox
from tests.support.comparing import compare_since, compared
from tests.support.waiting import wait_until

Row = dict[str, Any]

# How long after a scenario its work may take to come to an end by itself, retries included.
REST_SECONDS_MAX = 45.0
# Work that was due for longer than this while nothing is broken any more was forgotten by everybody.
OVERDUE_AFTER = timedelta(seconds=30)
# A look at a payment that nobody has paid yet is planned, and far away; a retry is near, and counts tries.
PLANNED_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class World:
    """One stack as the checks see it: our database, the provider, and where the service answers."""

    database: Database[Row]
    sandbox: Sandbox
    api_url: str


@dataclass(frozen=True)
class Facts:
    """A payment with all that belongs to it, here and at the provider."""

    payment: Row
    receipts: list[Row]
    orders: list[Row]
    provider_payments: list[Row]
    provider_refunds: dict[str, list[Row]]

    @property
    def name(self) -> str:
        """Return how violations call the payment."""
        return f"payment {self.payment['_id']} ({self.payment['status']})"

    @property
    def captured(self) -> list[Row]:
        """Return the provider payments whose money was taken."""
        return [each for each in self.provider_payments if each["captured"]]


def _scope(world: World, acknowledged: Acknowledged) -> list[str]:
    """Return the ids of the payments of a scenario: those of the people who took part in it, and those that
    any answer was about."""
    of_people = world.database.payments.find({"user_id": {"$in": sorted(acknowledged.user_ids)}}, {"_id": 1})
    of_answers = world.database.payments.find({"_id": {"$in": sorted(acknowledged.payment_ids)}}, {"_id": 1})
    return sorted({row["_id"] for found in (of_people, of_answers) for row in found})


def _let_rest(world: World, payment_ids: list[str], deadline_seconds: float) -> None:
    """Wait until nothing is about to happen to these payments, for a while at most: what has not come to rest
    by then shows in the checks."""
    try:
        wait_until(lambda: not any(_unrest(world, payment_ids)), "rest", deadline_seconds=deadline_seconds)
    except AssertionError:
        return


def _unrest(world: World, payment_ids: list[str]) -> Iterator[Row]:
    planned = utc_now() + PLANNED_AFTER
    for work in _works(world, payment_ids):
        if work["attempts"] or work.get("claimed_until") or work["due_at"] < planned:
            yield work


def _works(world: World, payment_ids: list[str]) -> Iterator[Row]:
    database, ids = world.database, {"$in": payment_ids}
    for rows in (
        database.payments.find({"_id": ids}, {"work": 1}),
        database.receipts.find({"payment_id": ids}, {"work": 1}),
        database.webhook_events.find({"payment_id": ids}, {"work": 1}),
    ):
        yield from (row["work"] for row in rows if row.get("work"))


def violations(
    worlds: list[World], acknowledged: Acknowledged, rest_seconds_max: float = REST_SECONDS_MAX
) -> list[str]:
    """Return a sentence for everything that is wrong with a scenario's payments once they have come to rest.
    Where the two sides do not agree by themselves, the service compares them once."""
    found: list[str] = []
    known: list[Facts] = []
    for world in worlds:
        payment_ids = _scope(world, acknowledged)
        _let_rest(world, payment_ids, rest_seconds_max)
        here = [_gather(world, payment_id) for payment_id in payment_ids]
        if any(sentence for facts in here for sentence in _both_sides_agree(facts)):
            _reconcile(world, payment_ids)
            _let_rest(world, payment_ids, rest_seconds_max)
            here = [_gather(world, payment_id) for payment_id in payment_ids]
        for facts in here:
            for check in (_refunds_fit, _once_each, _is_legal, _both_sides_agree):
                found += check(facts)
            found += _deliveries_kept(world, facts)
        found += _overdue(world, payment_ids)
        known += here
    return found + list(_kept(worlds, known, acknowledged))


def _gather(world: World, payment_id: str) -> Facts:
    """Read everything about a payment on both sides."""
    payment = world.database.payments.find_one({"_id": payment_id}) or {}
    receipts = list(world.database.receipts.find({"payment_id": payment_id}))
    orders = world.sandbox.orders_with_receipt(payment["order_receipt"])
    attempts = [
        each
        for order in orders
        for each in world.sandbox.api("GET", f"/orders/{order['id']}/payments").json()["items"]
    ]
    with_refunds = {each["id"] for each in attempts if each["captured"] or each["amount_refunded"]}
    with_refunds |= {each["provider_payment_id"] for each in payment.get("duplicates", [])}
    refunds = {payment_id: world.sandbox.refunds_of(payment_id) for payment_id in sorted(with_refunds)}
    return Facts(payment, receipts, orders, attempts, refunds)


def _refunds_fit(facts: Facts) -> Iterator[str]:
    """The first: what goes back is never more than what came, here and at the provider."""
    payment = facts.payment
    living = sum(each["amount_minor"] for each in _living(payment.get("refunds", [])))
    if not payment["refunded_minor"] <= living <= payment["captured_minor"]:
        yield (
            f"{facts.name}: refunds of {living} are asked for and {payment['refunded_minor']} were accepted,"
            f" of {payment['captured_minor']} captured"
        )
    if payment["refund_reserved_minor"] != living:
        yield f"{facts.name}: {payment['refund_reserved_minor']} is reserved for refunds of {living}"
    for attempt in facts.provider_payments:
        back = sum(each["amount"] for each in _living(facts.provider_refunds.get(attempt["id"], [])))
        if back > attempt["amount"]:
            yield f"{facts.name}: {attempt['id']} of {attempt['amount']} was refunded with {back}"


def _living(refunds: Iterable[Row]) -> list[Row]:
    return [each for each in refunds if each["status"] != REFUND_FAILED]


def _once_each(facts: Facts) -> Iterator[str]:
    """The second: one provider order for a payment; one receipt for each payment, kind and refund; and one
    provider refund for each refund of ours."""
    if len(facts.orders) > 1:
        yield f"{facts.name}: {len(facts.orders)} provider orders {[each['id'] for each in facts.orders]}"
    owed = Counter(_receipt_key(each) for each in facts.payment.get("receipts", []))
    yield from (f"{facts.name}: {count} receipts {key} are owed" for key, count in owed.items() if count > 1)
    made = Counter((each["kind"], each["_id"]) for each in facts.receipts)
    minted = Counter((each["kind"], each["id"]) for each in facts.payment.get("receipts", []))
    if made - minted:
        yield f"{facts.name}: receipts that nobody owes: {sorted(made - minted)}"
    for refunds in facts.provider_refunds.values():
        asked = Counter(each["receipt"] for each in refunds if each.get("receipt"))
        yield from (f"{facts.name}: refund {key} was made {n} times" for key, n in asked.items() if n > 1)


def _receipt_key(ref: Row) -> tuple[str, str | None]:
    return ref["kind"], ref.get("refund_id")


def _is_legal(facts: Facts) -> Iterator[str]:
    """Part of the third: the payment is in a legal state, and has come there by legal steps."""
    payment = facts.payment
    if payment["status"] not in STATUSES:
        yield f"{facts.name}: there is no such status"
    at = payment["history"][0]["from_status"]
    for entry in payment["history"]:
        step = (entry["from_status"], entry["to_status"])
        if step[0] != at:
            yield f"{facts.name}: its history jumps from {at} to {step[0]}"
        if step[0] != step[1] and step[1] not in MAY_GO_TO[step[0]]:
            yield f"{facts.name}: it went from {step[0]} to {step[1]}"
        at = step[1]
    if at != payment["status"]:
        yield f"{facts.name}: its history ends in {at}"
    if (payment["status"] in SUCCESSFUL) != bool(payment["captured_minor"]):
        yield f"{facts.name}: {payment['captured_minor']} is captured"


def _both_sides_agree(facts: Facts) -> Iterator[str]:
    """The fourth: the order, the money that came and the money that went back are the same on both sides."""
    payment = facts.payment
    if payment.get("provider_order_id") not in [*(each["id"] for each in facts.orders), None]:
        yield f"{facts.name}: the provider has no order {payment['provider_order_id']}"
    captured = {each["id"]: each["amount"] for each in facts.captured}
    ours = payment.get("provider_payment_id") if payment["captured_minor"] else None
    if ours and captured.get(ours) != payment["captured_minor"]:
        yield f"{facts.name}: {payment['captured_minor']} of {ours} is captured here, there {captured}"
    if captured and not ours and not _went_back(facts, captured):
        yield f"{facts.name}: nothing is captured here, and {captured} there"
    duplicates = {each["provider_payment_id"]: [each["refund"]] for each in payment.get("duplicates", [])}
    for other in set(captured) - {ours, *duplicates}:
        if not payment["needs_review"] and not _went_back(facts, {other: captured[other]}):
            yield f"{facts.name}: a second payment {other} was captured, and nobody knows"
    ours_refunds = {ours: payment.get("refunds", [])} if ours in captured else {}
    for payment_id, refunds in (ours_refunds | duplicates).items():
        here = _by_id(refunds, "provider_refund_id", "amount_minor")
        there = _by_id(facts.provider_refunds.get(payment_id, []), "id", "amount")
        if here != there:
            yield f"{facts.name}: the refunds of {payment_id} are {here} here, and {there} there"
    waiting = [each["id"] for each in facts.provider_payments if each["status"] == "authorized"]
    if waiting and payment["status"] in ("CREATED", "FAILED"):
        yield f"{facts.name}: {waiting} waits to be captured"


def _went_back(facts: Facts, captured: dict[str, int]) -> bool:
    return all(
        sum(each["amount"] for each in _living(facts.provider_refunds[payment_id])) == amount
        for payment_id, amount in captured.items()
    )


def _by_id(refunds: Iterable[Row], id_name: str, amount_name: str) -> dict[str, tuple[int, str]]:
    """Return amount and status of the refunds that the provider knows; one that it refused, it has not."""
    return {each[id_name]: (each[amount_name], each["status"]) for each in refunds if each.get(id_name)}


def _kept(worlds: list[World], known: list[Facts], acknowledged: Acknowledged) -> Iterator[str]:
    """The third: everything that was acknowledged is there."""
    rows = {facts.payment["_id"]: facts.payment for facts in known}
    for promise in acknowledged.promises:
        row = rows.get(promise.payment_id)
        if row is None or not promise.is_kept(row):
            yield f"payment {promise.payment_id}: {promise.what} was acknowledged, and is lost"
    for payment_id, promised in acknowledged.refunds.items():
        here = Counter(each["amount_minor"] for each in rows.get(payment_id, {}).get("refunds", []))
        if lost := Counter(promised.values()) - here:
            yield f"payment {payment_id}: refunds of {sorted(lost.elements())} were acknowledged and are lost"
    for email in acknowledged.emails:
        if not any(world.database.users.count_documents({"email": email}) for world in worlds):
            yield f"account {email} was acknowledged, and is lost"
    for body in acknowledged.webhook_bodies:
        if not any(world.database.webhook_events.count_documents({"body_sha256": body}) for world in worlds):
            yield f"the webhook with the SHA-256 {body} was acknowledged, and is lost"


def _deliveries_kept(world: World, facts: Facts) -> Iterator[str]:
    """Part of the third: the provider does not repeat a webhook that was acknowledged."""
    for order in facts.orders:
        for delivery in world.sandbox.webhooks(order_id=order["id"], state="delivered"):
            if not world.database.webhook_events.count_documents({"event_id": delivery["event_id"]}):
                yield f"{facts.name}: webhook {delivery['event_id']} was acknowledged, and is lost"


def _overdue(world: World, payment_ids: list[str]) -> Iterator[str]:
    """The fifth: nothing is late without an alarm."""
    late = [work for work in _works(world, payment_ids) if work["due_at"] < utc_now() - OVERDUE_AFTER]
    if late and not _alarms(world):
        yield f"{len(late)} pieces of work are overdue without an alarm, the first is {late[0]}"


def _reconcile(world: World, payment_ids: list[str]) -> None:
    """Compare the time since the oldest of these payments with the provider, once."""
    oldest = world.database.payments.find({"_id": {"$in": payment_ids}}, {"created_at": 1}).sort("created_at")
    run_id = compare_since(world.database, next(oldest)["created_at"] - timedelta(seconds=1))
    compared(world.database, run_id)


def _alarms(world: World) -> list[Any]:
    answer = requests.get(f"{world.api_url}/readyz", timeout=TIMEOUT_SECONDS).json()
    alarms: list[Any] = answer.get("alarms", [])
    return alarms
