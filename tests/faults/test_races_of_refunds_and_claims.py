"""Races that come out the same way every time, around money that goes back and around claims: a claim that
runs out while its holder still works, and requests that come while a worker is asking the provider.
"""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain import collection, orders, processing, refunds, webhooks, work
from gateway.domain.errors import RefundRefused
from gateway.domain.models import Payment
from gateway.domain.processing import UpiRequest
from gateway.domain.refunds import Requested
from tests.support.memory_scene import AMOUNT_MINOR, Scene
from tests.support.racing import at_point, before_saving

pytestmark = pytest.mark.usefixtures("stack")

UPI = UpiRequest(vpa="asha@bank", client_address="127.0.0.1", client_program="test")
BEFORE_AND_AFTER = pytest.mark.parametrize("point", ["create_refund.before", "create_refund.after"])


def ask(scene: Scene, payment: Payment, amount_minor: int | None) -> Requested:
    """Ask for a refund."""
    return refunds.request(scene.context, payment, amount_minor=amount_minor, notes={}, idempotency=None)


def figures(scene: Scene, payment: Payment) -> tuple[str, int, int, int]:
    """Return the status, what is reserved, what went back, and what the provider counts."""
    stored = scene.stored(payment)
    returned_minor = scene.account.returned_minor(stored.provider_payment_id)
    return stored.status, stored.refund_reserved_minor, stored.refunded_minor, returned_minor


def outlast_the_claim(scene: Scene, act: Callable[[], Any]) -> Callable[[], None]:
    """Return a competitor that takes the work over because its claim has run out."""

    def take_over() -> None:
        scene.clock.advance(scene.context.limits.claim_ttl_seconds)
        act()

    return take_over


@BEFORE_AND_AFTER
def test_a_second_worker_does_not_issue_a_refund_that_the_first_one_is_issuing(point: str) -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, 20_000)
    others: list[Payment | None] = []

    with at_point(point, lambda: others.append(refunds.issue(scene.context, payment.id))):
        refunds.issue(scene.context, payment.id)

    assert others == [None]
    assert scene.provider.calls["create_refund"] == 1
    assert figures(scene, payment) == ("PARTIAL_REFUND", 20_000, 20_000, 20_000)


@BEFORE_AND_AFTER
def test_a_worker_whose_claim_ran_out_over_a_refund_sends_no_money_twice(point: str) -> None:
    scene = Scene()
    payment = scene.settled()
    refund = ask(scene, payment, 20_000).refund

    with at_point(point, outlast_the_claim(scene, lambda: refunds.issue(scene.context, payment.id))):
        refunds.issue(scene.context, payment.id)

    (made,) = scene.account.refunds.values()
    assert made.refund_receipt == refund.id
    assert figures(scene, payment) == ("PARTIAL_REFUND", 20_000, 20_000, 20_000)
    assert scene.story(payment).count("PARTIAL_REFUND") == 1
    # A worker that takes over looks first, and asks again only for what is not there, under the same key.
    assert scene.provider.calls["payment_refunds"] == 1
    assert scene.provider.calls["create_refund"] == (2 if point.endswith("before") else 1)


@BEFORE_AND_AFTER
def test_a_refund_that_is_asked_for_while_another_one_is_issued_is_issued_after_it(point: str) -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, 20_000)

    with at_point(point, lambda: ask(scene, payment, None)):
        refunds.issue(scene.context, payment.id)
    between = figures(scene, payment)
    scene.work(payment)

    assert between == ("PARTIAL_REFUND", AMOUNT_MINOR, 20_000, 20_000)
    assert figures(scene, payment) == ("REFUNDED", AMOUNT_MINOR, AMOUNT_MINOR, AMOUNT_MINOR)
    assert [each.amount_minor for each in scene.account.refunds.values()] == [20_000, 30_000]


@BEFORE_AND_AFTER
def test_money_that_another_refund_holds_is_not_promised_again_while_it_is_issued(point: str) -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, 30_000)

    def ask_too_much() -> None:
        with pytest.raises(RefundRefused):
            ask(scene, payment, 20_001)

    with at_point(point, ask_too_much):
        refunds.issue(scene.context, payment.id)

    assert figures(scene, payment) == ("PARTIAL_REFUND", 30_000, 30_000, 30_000)
    assert len(scene.stored(payment).refunds) == 1


@pytest.mark.parametrize("name", ["refund.created", "refund.processed"])
def test_the_webhook_of_a_refund_overtakes_the_answer_to_its_call(name: str) -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, 20_000)

    def tell() -> None:
        if name == "refund.processed":
            scene.account.move_refund(next(iter(scene.account.refunds)), "processed")
        scene.deliver(name)

    with at_point("create_refund.after", tell):
        refunds.issue(scene.context, payment.id)
    scene.work(payment)

    (refund,) = scene.stored(payment).refunds
    is_processed = name == "refund.processed"
    assert refund.status == ("processed" if is_processed else "pending")
    assert figures(scene, payment) == ("PARTIAL_REFUND", 20_000, 20_000, 20_000)
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"] + ["REFUND_RECEIPT"] * is_processed
    assert scene.story(payment).count("PARTIAL_REFUND") == 1


def test_a_refund_at_the_dashboard_overtakes_a_request_for_the_same_money(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    payment = scene.settled()

    def refund_there() -> None:
        scene.account.refund_at_dashboard(str(payment.provider_payment_id), 30_000)
        scene.deliver("refund.created")

    before_saving(monkeypatch, Payment, refund_there)
    with pytest.raises(RefundRefused):
        ask(scene, payment, 30_000)

    assert figures(scene, payment) == ("PARTIAL_REFUND", 30_000, 30_000, 30_000)


def test_a_refund_at_the_dashboard_takes_the_money_before_the_provider_is_asked_for_it() -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, None)

    def refund_there() -> None:
        scene.account.refund_at_dashboard(str(payment.provider_payment_id), 30_000)

    with at_point("create_refund.before", refund_there):
        refunds.issue(scene.context, payment.id)
    scene.deliver("refund.created")

    assert figures(scene, payment) == ("PARTIAL_REFUND", 30_000, 30_000, 30_000)
    assert sorted(each.status for each in scene.stored(payment).refunds) == ["failed", "pending"]


def test_two_events_of_one_refund_are_processed_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    payment = scene.settled()
    scene.account.refund_at_dashboard(str(payment.provider_payment_id), 20_000)
    created = scene.receive("refund.created")
    scene.account.move_refund(next(iter(scene.account.refunds)), "processed")
    processed = scene.receive("refund.processed")

    before_saving(monkeypatch, Payment, lambda: webhooks.process(scene.context, processed.id))
    webhooks.process(scene.context, created.id)
    scene.work(payment)

    (refund,) = scene.stored(payment).refunds
    assert (refund.status, refund.amount_minor) == ("processed", 20_000)
    assert figures(scene, payment) == ("PARTIAL_REFUND", 20_000, 20_000, 20_000)
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT", "REFUND_RECEIPT"]


def test_a_worker_whose_claim_ran_out_leaves_the_claim_to_who_has_taken_over() -> None:
    scene = Scene()
    payment = scene.settled()
    ask(scene, payment, 20_000)
    ask(scene, payment, 10_000)
    taken: list[work.Claim[Payment] | None] = []

    def take_over() -> None:
        taken.append(work.claim(scene.context, Payment, payment.id, work.ISSUE_REFUND))

    with at_point("create_refund.after", outlast_the_claim(scene, take_over)):
        refunds.issue(scene.context, payment.id)

    (holder,) = taken
    assert holder
    stored = scene.stored(payment)
    assert (stored.status, stored.refunded_minor) == ("PARTIAL_REFUND", 20_000)
    assert work.holds(stored, holder)


def a_request_to_an_app(scene: Scene) -> Payment:
    """Return a payment whose UPI request is to be sent."""
    payment = scene.opened()
    return processing.process(scene.context, payment, UPI)


@pytest.mark.parametrize("point", ["collect_by_upi.before", "collect_by_upi.after"])
def test_a_worker_whose_claim_ran_out_over_a_upi_request_rings_once(point: str) -> None:
    scene = Scene()
    payment = a_request_to_an_app(scene)

    with at_point(point, outlast_the_claim(scene, lambda: collection.collect(scene.context, payment.id))):
        collection.collect(scene.context, payment.id)

    assert scene.provider.calls["collect_by_upi"] == 1
    (attempt,) = scene.account.payments.values()
    stored = scene.stored(payment)
    assert stored.upi_collect.provider_payment_id == attempt.id
    assert (stored.status, stored.upi_collect.is_uncertain) == ("ATTEMPTED", None)


def test_a_worker_whose_claim_ran_out_after_its_order_was_opened_leaves_one_order() -> None:
    scene = Scene()
    created = scene.recorded()
    take_over = outlast_the_claim(scene, lambda: orders.reopen_order(scene.context, created.payment.id))

    with at_point("create_order.after", take_over):
        orders.open_order(scene.context, created.claim)

    (order,) = scene.account.orders.values()
    stored = scene.stored(created.payment)
    assert (stored.provider_order_id, stored.needs_review) == (order.id, False)
    assert scene.provider.calls == {"create_order": 1, "find_order": 1}
    assert scene.story(created.payment) == ["CREATED", "CREATED"]


@pytest.mark.parametrize("receipts_are_unique", [True, False])
def test_a_process_that_slept_through_its_claim_before_it_asked_for_an_order(
    receipts_are_unique: bool,
) -> None:
    """No call can be taken back once a process wakes up. Where the provider refuses a receipt twice, there is
    one order; where it does not, the second one can be paid by nobody, and a person is told of it."""
    scene = Scene(receipts_are_unique=receipts_are_unique)
    created = scene.recorded()
    take_over = outlast_the_claim(scene, lambda: orders.reopen_order(scene.context, created.payment.id))

    with at_point("create_order.before", take_over):
        orders.open_order(scene.context, created.claim)

    stored = scene.stored(created.payment)
    assert stored.provider_order_id == next(iter(scene.account.orders))
    assert len(scene.account.orders) == (1 if receipts_are_unique else 2)
    assert stored.needs_review is not receipts_are_unique


@pytest.mark.parametrize("kind", [work.ISSUE_RECEIPTS, work.RENDER_RECEIPT])
def test_a_worker_whose_claim_ran_out_over_a_receipt_makes_it_once(kind: str) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.verify(payment, scene.paid(payment))

    with at_point(f"{kind}.claimed", outlast_the_claim(scene, lambda: scene.work(payment))):
        scene.work(payment)

    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]
    assert [receipt.stored for receipt in scene.stored(payment).receipts] == [True]
    assert scene.stored(payment).work is None
