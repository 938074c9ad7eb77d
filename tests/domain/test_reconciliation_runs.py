"""Going through a comparison: page by page, in slices, after a death at any point, and while the provider is
away; each payment counts once, and nothing is corrected twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from gateway.domain import kill_points
from gateway.domain.context import Context
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.errors import InvalidInput
from gateway.domain.models import Payment
from gateway.domain.provider import OutcomeUnknown, Provider, ProviderRejected
from gateway.domain.reconciliation import pages, runs
from gateway.domain.reconciliation.comparison import Compared
from gateway.domain.reconciliation.models import COMMAND, ReconciliationRun
from gateway.domain.reconciliation.runs import Window
from tests.conftest import Stack
from tests.support.both_sides import DAY, BothSides, counts, stored
from tests.support.database import empty_database
from tests.support.memory_provider import AWAY, PAGE_ITEMS_MAX
from tests.support.racing import together

PAID, REFUNDED, UNPAID, FOREIGN = 7, 3, 4, 5
EXPECTED = {
    "compared": PAID + UNPAID,
    "agreed": UNPAID,
    "foreign": FOREIGN,
    "corrected": PAID + REFUNDED,
}


class Killed(BaseException):
    """The process has died here."""


@pytest.fixture
def sides(stack: Stack) -> Iterator[BothSides]:
    with empty_database(stack.mongodb_uri):
        yield BothSides()
        kill_points.install(None)


@pytest.fixture
def payments(sides: BothSides) -> list[Payment]:
    """Payments of which nobody here has heard that they were paid, and refunded in part; some unpaid; and
    payments of others on the same account. On several pages of each list."""
    paid = [sides.payment() for _ in range(PAID)]
    for number, payment in enumerate(paid):
        provider_payment_id = sides.pays(payment)
        if number < REFUNDED:
            sides.account.refund_at_dashboard(provider_payment_id, 10_000)
    for _ in range(UNPAID):
        sides.payment()
    for _ in range(FOREIGN):
        sides.account.pay(sides.account.open_order(100, "INR", "another's").id, "captured")
    assert PAID + UNPAID + FOREIGN > 2 * PAGE_ITEMS_MAX
    sides.clock.advance(3600)
    return paid


def check(payments: list[Payment]) -> None:
    """Check that each paid payment is right, and was corrected once."""
    for number, payment in enumerate(payments):
        found = stored(payment)
        is_refunded = number < REFUNDED
        assert (found.status, found.refunded_minor) == (
            ("PARTIAL_REFUND", 10_000) if is_refunded else ("PAID", 0)
        )
        assert [entry.from_status for entry in found.history if entry.to_status == "PAID"][:1] == ["CREATED"]
        assert (len(found.receipts), len(found.refunds)) == (1, int(is_refunded))
    assert Discrepancy.objects.count() == PAID + REFUNDED
    assert set(Discrepancy.objects.distinct("found_count")) == {1}


def go_on(sides: BothSides, run_id: str, context: Context | None = None) -> ReconciliationRun:
    """Take the run up when it comes due, until it is through."""
    for _ in range(200):
        run = ReconciliationRun.objects.get(id=run_id)
        if run.finished_at:
            return run
        sides.clock.now = max(sides.clock.now, run.work.due_at)
        claim = runs.take(context or sides.context(), run_id)
        assert claim is not None
        try:
            runs.proceed(context or sides.context(), claim, is_sliced=True)
        except Killed:
            continue
    raise AssertionError("the run does not come to its end")


def test_many_pages_are_gone_through_and_each_payment_counts_once(
    sides: BothSides, payments: list[Payment]
) -> None:
    run = sides.finish(sides.start())

    assert counts(run) == EXPECTED
    assert (run.work, run.stopped_because, len(run.findings)) == (None, None, PAID + REFUNDED)
    check(payments)
    assert counts(sides.compare()) == {"compared": PAID + UNPAID, "agreed": PAID + UNPAID, "foreign": FOREIGN}
    check(payments)


def test_a_slice_ends_when_its_time_is_over_and_the_next_goes_on_there(
    sides: BothSides, payments: list[Payment], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = sides.start().document.id
    sides.clock.advance(30)
    slices = []
    ask = sides.provider.order_payments

    def ask_slowly(order_id: str) -> Any:
        sides.clock.advance(4)
        return ask(order_id)

    monkeypatch.setattr(sides.provider, "order_payments", ask_slowly)
    while not ReconciliationRun.objects.get(id=run_id).finished_at:
        claim = runs.take(sides.context(), run_id)
        assert claim is not None
        began = sides.clock()
        run = runs.proceed(sides.context(), claim, is_sliced=True)
        slices.append((sides.clock() - began).total_seconds())
        assert run.finished_at or run.work.due_at == sides.clock()

    assert counts(ReconciliationRun.objects.get(id=run_id)) == EXPECTED
    assert max(slices) <= 25 * runs.SLICE_SHARE + 4
    assert len(slices) > 4
    check(payments)


@pytest.mark.parametrize("points", [11, 13, 17, 29, 53])
def test_a_process_that_dies_again_and_again_is_followed_by_one_that_goes_on(
    points: int, sides: BothSides, payments: list[Payment]
) -> None:
    """Dies at each so-many-eth point of the run: before and after calls, and after writes."""
    pointed = cast(Provider, kill_points.PointedProvider(cast(Provider, sides.provider)))
    context = replace(sides.context(), provider=pointed)
    passed: list[str] = []

    def die(point: str) -> None:
        passed.append(point)
        if len(passed) % points == 0:
            raise Killed

    run_id = sides.start().document.id
    kill_points.install(die)

    run = go_on(sides, run_id, context)

    kill_points.install(None)
    assert len(passed) > points
    assert (run.compared, run.passed_over) == (PAID + UNPAID, 0)
    check(payments)


def test_while_the_provider_is_away_the_run_waits_and_loses_nothing(
    sides: BothSides, payments: list[Payment]
) -> None:
    claim = sides.start()
    sides.provider.faults = [None, None, AWAY]  # type: ignore[list-item]

    run = runs.proceed(sides.context(), claim, is_sliced=False)

    assert (run.finished_at, run.provider_failures) == (None, 1)
    assert (run.work.claimed_until, run.work.last_error) == (None, "the provider could not be reached")
    assert run.work.due_at > sides.clock()
    sides.provider.is_away = True
    for _ in range(12):
        sides.clock.now = ReconciliationRun.objects.get(id=run.id).work.due_at
        again = runs.take(sides.context(), run.id)
        assert again is not None
        runs.proceed(sides.context(), again, is_sliced=True)
    sides.provider.is_away = False

    assert counts(go_on(sides, run.id)) == EXPECTED
    check(payments)


def test_the_provider_is_left_alone_for_as_long_as_it_asks(sides: BothSides, payments: list[Payment]) -> None:
    def refuse(**_: Any) -> Any:
        raise OutcomeUnknown("too many requests", http_status=429, retry_after_seconds=120)

    sides.provider.list_orders = refuse  # type: ignore[method-assign]

    run = runs.proceed(sides.context(), sides.start(), is_sliced=True)

    assert run.work.due_at >= sides.clock() + timedelta(seconds=120)


def test_a_list_that_the_provider_refuses_ends_the_run(sides: BothSides) -> None:
    def refuse(**_: Any) -> Any:
        raise ProviderRejected("from must be between 946684800 and 4765046400", http_status=400)

    sides.provider.list_orders = refuse  # type: ignore[method-assign]

    run = runs.proceed(sides.context(), sides.start(), is_sliced=True)

    assert (run.finished_at, run.work) == (sides.clock(), None)
    assert run.stopped_because == (
        "the provider refuses its list: from must be between 946684800 and 4765046400"
    )


def test_a_payment_that_crashes_the_comparison_each_time_is_passed_over(
    sides: BothSides, payments: list[Payment], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = pages.comparison.compare
    poison = payments[3].id

    def crash(context: Context, payment: Payment, *arguments: Any, **options: Any) -> Compared:
        if payment.id == poison:
            raise Killed
        return compare(context, payment, *arguments, **options)

    monkeypatch.setattr(pages.comparison, "compare", crash)

    run = go_on(sides, sides.start().document.id)

    # In the provider's list, and in both of ours.
    assert run.passed_over == 3
    assert [stored(payment).status == "CREATED" for payment in payments] == [
        payment.id == poison for payment in payments
    ]


def test_so_many_differences_that_the_account_must_be_another_stop_the_run(
    sides: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "QUEUED_MAX", 3)
    monkeypatch.setattr(pages, "OURS_AT_A_TIME", 2)
    lost = [sides.payment(status="PAID", captured_minor=50_000) for _ in range(6)]

    run = sides.compare()

    assert (run.queued, run.work) == (4, None)
    assert (
        run.stopped_because == "4 differences wait for a person. Is this the right account at the provider?"
    )
    assert sum(stored(payment).needs_review for payment in lost) == 4


def test_two_that_take_the_same_run_do_not_do_it_twice(sides: BothSides, payments: list[Payment]) -> None:
    run_id = sides.start().document.id
    sides.clock.advance(30)

    claims = together(4, lambda _: runs.take(sides.context(), run_id))

    (claim,) = [each for each in claims if each]
    assert counts(sides.finish(claim)) == EXPECTED
    check(payments)


def test_one_whose_claim_ran_out_stops_when_another_has_taken_over(
    sides: BothSides, payments: list[Payment]
) -> None:
    slow = sides.start()
    sides.clock.advance(30)
    other = runs.take(sides.context(), slow.document.id)

    left = runs.proceed(sides.context(), slow, is_sliced=False)

    assert left.finished_at is None
    assert counts(sides.finish(other))["compared"] == PAID + UNPAID
    check(payments)


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ((-DAY, -DAY), "must begin before it ends, and before now"),
        ((DAY, 2 * DAY), "must begin before it ends, and before now"),
        ((-32 * DAY, timedelta(0)), "must be at most 31 days long"),
    ],
)
def test_a_window_that_cannot_be_compared_is_refused(
    window: tuple[timedelta, timedelta], reason: str, sides: BothSides
) -> None:
    start, end = (sides.clock() + each for each in window)

    with pytest.raises(InvalidInput) as refused:
        runs.start(sides.context(), COMMAND, Window(start, end))

    assert refused.value.details == {"window": reason}
    assert ReconciliationRun.objects.count() == 0


def test_a_window_ends_now_at_the_latest(sides: BothSides) -> None:
    claim = runs.start(sides.context(), COMMAND, Window(sides.clock() - DAY, sides.clock() + DAY))

    assert claim.document.window_to == sides.clock()
