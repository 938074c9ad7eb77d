"""How every sequence ends: the provider is well, news arrives in one way or another, and the workers come to
rest. Then the service knows what the provider knows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mongoengine import Document

from gateway.domain import work
from gateway.domain.models import Payment, Receipt, WebhookEvent
from gateway.domain.provider import ProviderPayment
from gateway.domain.reconciliation import runs
from gateway.domain.reconciliation.models import COMMAND
from gateway.domain.reconciliation.runs import Window
from gateway.domain.states import ATTEMPTED, CANCELLED, CREATED, FAILED
from tests.support.money_model import workers
from tests.support.money_model.checks import Row, alive, status_of_money
from tests.support.money_model.met import MET
from tests.support.money_model.world import LOOKS, RECONCILIATION, WEBHOOKS, World

# So many rounds bring every sequence to rest; more is work that goes on for ever.
ROUNDS_MAX = 120
# Looks that are planned for an order that nobody has paid are no unfinished work.
PLANS = {work.CONFIRM_PAYMENT, work.ABANDON_PAYMENT}
# What the provider waits for a capture, and a comparison for the ordinary course of things.
CAPTURE_WINDOW = timedelta(days=3)
GRACE_SECONDS = 600
# What a person is asked about only because time has passed.
OVERDUE = re.compile("could not be captured yet|has been pending for more than")
# What work waits at most: for its next try, or for the next look at a refund.
POSTPONED_MAX = timedelta(days=1)
# What one planned look has not brought to light, the next ones do not either: they come as late as after a
# long outage.
LOOKS_APART = timedelta(days=30)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Waiting:
    """One piece of work that lies in the database."""

    model: type[Document]
    document_id: str
    kind: str
    due_at: datetime
    is_plan: bool


def come_to_rest(world: World) -> None:
    """Let everything end that is under way, and let the news arrive: as webhooks, by looking, for which all
    planned looks take place, or by one reconciliation. Fails when something goes on for ever."""
    world.points_left = None
    world.provider.faults.clear()
    world.provider.is_away = False
    world.provider.advance(30)
    _settle(world)
    if world.news == RECONCILIATION:
        reconcile(world)
        _settle(world)


def _settle(world: World) -> None:
    window_closes = world.clock() + CAPTURE_WINDOW
    looks_from = world.clock()
    models = set(world.working_models())
    waiting: list[_Waiting] | None = None
    for _ in range(ROUNDS_MAX):
        moved = _settle_provider(world, world.clock() >= window_closes)
        if world.news == WEBHOOKS and (delivered := _deliver_the_rest(world)):
            moved += delivered
            models.add(WebhookEvent)
            waiting = None
        if waiting is None:
            waiting = _waiting(world, models)
        due = [each for each in waiting if each.due_at <= world.clock()]
        # Events and receipts that need nothing now get no work by time; `contradictions` would tell of it.
        models -= {WebhookEvent, Receipt} - {each.model for each in waiting}
        if due:
            world.do(*((each.document_id, each.kind) for each in due))
            waiting = None
        if moved or due:
            continue
        postponed = [each.due_at for each in waiting if not each.is_plan]
        looks = [each.due_at for each in waiting if each.is_plan and world.news == LOOKS]
        assert all(each < world.clock() + POSTPONED_MAX for each in postponed), f"put off for ever: {waiting}"
        if postponed:
            until = max(postponed)
        elif any(each.status == "authorized" for each in world.account.payments.values()):
            until = window_closes
        elif looks:
            until = max(min(looks), looks_from)
            looks_from = until + LOOKS_APART
        else:
            assert workers.sweep(world.context, models) == 0, "the sweep finds work where there is none"
            return
        world.provider.advance((until - world.clock()).total_seconds())
    raise AssertionError(f"it does not come to rest: {waiting}")


def reconcile(world: World) -> None:
    """Compare with the provider, once, all that is old enough for it."""
    world.is_reconciled = world.is_touched = True
    world.provider.advance(GRACE_SECONDS)
    now = world.clock()
    window = Window(now - timedelta(days=world.context.limits.reconcile_window_days_max), now)
    claim = runs.start(world.context, COMMAND, window)
    runs.proceed(world.context, claim, is_sliced=False)
    world.sweep()


def _settle_provider(world: World, window_is_closed: bool) -> int:
    account = world.account
    undecided = [each for each in account.payments.values() if each.status == "created"]
    for payment in undecided:
        account.decline(payment.id)
    untaken = [each for each in account.payments.values() if each.status == "authorized" and window_is_closed]
    for payment in untaken:
        account.return_uncaptured(payment.id)
    pending = [each for each in account.refunds.values() if each.status == "pending"]
    for refund in pending:
        account.move_refund(refund.id, "processed")
    return len(undecided) + len(untaken) + len(pending)


def _deliver_the_rest(world: World) -> int:
    waiting = [event for event in world.account.events if event.body not in world.promises.events]
    for event in waiting:
        world.deliver(event, event.id)
    return len(waiting)


def _waiting(world: World, models: Iterable[type[Document]]) -> list[_Waiting]:
    rows = [(model, row["_id"], row["work"]) for model in models for row in _rows_with_work(world, model)]
    return [
        _Waiting(model, row_id, work["kind"], work["due_at"], work["kind"] in PLANS and not work["attempts"])
        for model, row_id, work in rows
    ]


def _rows_with_work(world: World, model: type[Document]) -> Iterable[Row]:
    if model is Payment:
        return [row for row in world.read().values() if "work" in row]
    return model._get_collection().find({"work.due_at": {"$gt": LONG_AGO}}, {"work": True})


def contradictions(world: World) -> list[str]:
    """Return in what the service and the provider do not agree at the end, in words."""
    found = [f"{row['_id']}: {what}" for row in world.rows.values() for what in _row(row, world)]
    for row in world.rows.values():
        MET[f"ended {row['status']}"] += 1
    return [*found, *_receipts(world), *(_events(world) if world.is_told else ())]


def _row(row: Row, world: World) -> Iterator[str]:
    account = world.account
    orders = account.orders_with(row["order_receipt"])
    if orders and row.get("provider_order_id") != orders[0].id:
        yield f"it does not know its order {orders[0].id}"
    if row["_id"] in world.promises.processed and not orders and "failure_reason" not in row:
        yield "it was to be processed, and has neither an order nor a reason"
    attempts = account.payments_of(row.get("provider_order_id")) if orders else []
    captured = [each for each in attempts if each.captured]
    if captured:
        yield from _paid(row, captured, world)
    else:
        yield from _unpaid(row, attempts, world)
    asked_for = [each["why"] for each in row["history"] if each["why"].startswith("needs review")]
    if not world.is_odd:
        yield from (f"a person is asked for nothing: {why}" for why in asked_for if not OVERDUE.search(why))


def _unpaid(row: Row, attempts: list[ProviderPayment], world: World) -> Iterator[str]:
    tried = {each.status for each in attempts}
    expected = {CREATED, FAILED}
    if "cancelled_at" in row:
        expected = {CANCELLED}
    elif tried == {"refunded"} and world.news != WEBHOOKS:
        # Authorised and returned without anybody telling: no money came, and none is here.
        expected |= {ATTEMPTED}
    elif tried:
        expected = {FAILED}
    if row["status"] not in expected:
        yield f"it is {row['status']}, with the attempts {attempts}"


def _paid(row: Row, captured: list[ProviderPayment], world: World) -> Iterator[str]:
    if not row["captured_minor"]:
        yield f"it is {row['status']}, and the provider has captured {captured}"
        return
    if row["status"] != status_of_money(row):
        yield f"it is {row['status']}"
    yield from _refunds_agree(row["provider_payment_id"], row["refunds"], world)
    duplicates = {each["provider_payment_id"]: each["refund"] for each in row["duplicates"]}
    for second in captured:
        if second.id in duplicates:
            yield from _goes_back(row, duplicates[second.id], second, world)
        elif second.id != row["provider_payment_id"] and world.news != LOOKS:
            yield f"it does not know that {second} was captured as well"


def _refunds_agree(provider_payment_id: str, refunds: list[Row], world: World) -> Iterator[str]:
    theirs = {each.id: each.status for each in world.account.refunds_of(provider_payment_id)}
    living = {each: status for each, status in theirs.items() if status != "failed"}
    ours = {each.get("provider_refund_id", each["id"]): each["status"] for each in alive(refunds)}
    # Nobody looks for refunds that were made at the dashboard, or failed at the end.
    if world.news != LOOKS and ours != living:
        yield f"its refunds are {ours}, and the provider's {theirs}"
    if "pending" in ours.values():
        yield f"its refunds {ours} are under way for ever"


def _goes_back(row: Row, refund: Row, second: ProviderPayment, world: World) -> Iterator[str]:
    """A payment too many has gone back, in full and once, or a person has been asked."""
    returned_minor = world.account.returned_minor(second.id)
    if refund["status"] == "pending" or (returned_minor < second.amount_minor and not row["needs_review"]):
        yield f"{returned_minor} of {second} went back, and its refund is {refund}"


def _receipts(world: World) -> Iterator[str]:
    owed = {each["id"]: each["number"] for row in world.rows.values() for each in row["receipts"]}
    stored = {each["_id"]: each for each in Receipt._get_collection().find({})}
    if {each: row["number"] for each, row in stored.items()} != owed:
        yield f"receipts {stored.keys()} are kept, and {owed.keys()} are owed"
    for row in stored.values():
        if "rendered_at" not in row or "work" in row:
            yield f"receipt {row['number']} was not rendered"


def _events(world: World) -> Iterator[str]:
    kept = list(WebhookEvent._get_collection().find({}))
    bodies = [bytes(row["body"]) for row in kept]
    if len(bodies) != len(set(bodies)) or not world.promises.events <= set(bodies):
        yield f"{len(bodies)} events are kept of {len(world.promises.events)}"
    for row in kept:
        if "outcome" not in row or "work" in row:
            yield f"event {row['name']} was not processed"
