"""Races that come out the same way every time: a competing change runs between a provider's answer and the
write of what it says, or between a read and its write. Whoever is first, the money comes in once.
"""

import pytest

from gateway.domain import cancellation, orders, payments, webhooks
from gateway.domain.errors import NotCancellable
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import Payment, WebhookEvent
from gateway.domain.reconciliation import comparison
from gateway.domain.reconciliation.comparison import Rules
from gateway.domain.work import ISSUE_RECEIPTS
from tests.support.memory_scene import AMOUNT_MINOR, Scene
from tests.support.racing import at_point, before_saving

pytestmark = pytest.mark.usefixtures("stack")

RECORDED_AND_OPENED = ["CREATED", "CREATED"]
CAPTURED, AUTHORISED = "payment.captured", "payment.authorized"


def assert_paid_once(scene: Scene, payment: Payment, *, story: list[str]) -> Payment:
    """Check that the payment was paid, exactly so, and make its receipt."""
    before = scene.stored(payment)
    assert before.work.kind == ISSUE_RECEIPTS
    stored = scene.work(payment)
    assert (stored.status, stored.captured_minor, stored.needs_review) == ("PAID", AMOUNT_MINOR, False)
    assert scene.story(payment) == story
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]
    assert (stored.work, stored.duplicates, stored.discrepancies) == (None, [], [])
    return stored


def test_a_webhook_overtakes_verify_between_the_providers_answer_and_the_write() -> None:
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment)

    with at_point("fetch_payment.after", scene.delivers(CAPTURED)):
        answer = scene.verify(payment, paid)

    assert (answer.status, scene.outcome(CAPTURED)) == ("PAID", "applied")
    assert scene.provider.calls["fetch_payment"] == 1
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


def test_verify_overtakes_a_webhook_between_its_read_and_its_write(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment)

    before_saving(monkeypatch, Payment, lambda: scene.verify(payment, paid))
    scene.deliver(CAPTURED)

    assert scene.outcome(CAPTURED) == "no_change"
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_verify_overtakes_verify(status: str) -> None:
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment, status)

    with at_point("fetch_payment.after", lambda: scene.verify(payment, paid)):
        scene.verify(payment, paid)

    assert scene.provider.calls["fetch_payment"] == 2
    scene.work(payment)
    assert (scene.stored(payment).status, scene.story(payment).count("PAID")) == ("PAID", 1)
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]
    assert scene.provider.calls["capture_payment"] == (1 if status == "authorized" else 0)


@pytest.mark.parametrize("point", ["capture_payment.after", "fetch_payment.before"])
def test_the_webhook_of_a_capture_overtakes_the_worker_that_captures(point: str) -> None:
    """Before the worker reads it, the provider has captured by itself."""
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment, "authorized")
    scene.deliver(AUTHORISED)

    def compete() -> None:
        if point == "fetch_payment.before":
            scene.account.capture(paid, AMOUNT_MINOR)
        scene.deliver(CAPTURED)

    with at_point(point, compete):
        payments.capture(scene.context, payment.id)

    assert scene.provider.calls["capture_payment"] == (1 if point == "capture_payment.after" else 0)
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "ATTEMPTED", "PAID"])


def test_a_second_worker_finds_nothing_to_do_while_the_first_one_captures() -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment, "authorized")
    scene.deliver(AUTHORISED)
    others: list[Payment | None] = []

    with at_point(
        "capture_payment.before", lambda: others.append(payments.capture(scene.context, payment.id))
    ):
        payments.capture(scene.context, payment.id)

    assert others == [None]
    assert scene.provider.calls["capture_payment"] == 1
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "ATTEMPTED", "PAID"])


@pytest.mark.parametrize("point", ["fetch_payment.after", "capture_payment.before", "capture_payment.after"])
def test_a_worker_whose_claim_ran_out_over_a_capture_takes_no_money_twice(point: str) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment, "authorized")
    scene.deliver(AUTHORISED)

    def take_over() -> None:
        scene.clock.advance(scene.context.limits.claim_ttl_seconds)
        scene.work(payment)

    with at_point(point, take_over):
        payments.capture(scene.context, payment.id)

    stored = scene.stored(payment)
    assert (stored.status, stored.captured_minor, stored.work) == ("PAID", AMOUNT_MINOR, None)
    assert (stored.needs_review, scene.story(payment).count("PAID")) == (False, 1)
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]


def test_money_that_comes_while_its_order_is_being_cancelled_is_not_given_up() -> None:
    scene = Scene()
    payment = scene.opened()

    def pay() -> None:
        scene.paid(payment)
        scene.deliver(CAPTURED)

    with at_point("order_payments.after", pay), pytest.raises(NotCancellable, match="PAID"):
        cancellation.cancel(scene.context, payment)

    assert scene.stored(payment).cancelled_at is None
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


@pytest.mark.parametrize("point", ["fetch_payment.after", "capture_payment.before", "capture_payment.after"])
def test_an_order_whose_money_is_being_captured_is_not_cancelled(point: str) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment, "authorized")
    scene.deliver(AUTHORISED)
    refusals: list[str] = []

    def cancel() -> None:
        with pytest.raises(NotCancellable) as refused:
            cancellation.cancel(scene.context, scene.stored(payment))
        refusals.append(refused.value.details["status"])

    with at_point(point, cancel):
        payments.capture(scene.context, payment.id)

    assert refusals == ["PAID" if point == "capture_payment.after" else "ATTEMPTED"]
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "ATTEMPTED", "PAID"])


def test_a_cancellation_overtakes_the_news_of_a_failed_try(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment, "failed")

    before_saving(monkeypatch, Payment, lambda: cancellation.cancel(scene.context, payment))
    scene.deliver("payment.failed")

    scene.work(payment)
    assert scene.story(payment) == [*RECORDED_AND_OPENED, "FAILED", "CANCELLED"]
    assert scene.receipts(payment) == ["CANCELLATION_RECEIPT"]


@pytest.mark.parametrize(("first", "second"), [(AUTHORISED, CAPTURED), (CAPTURED, AUTHORISED)])
def test_one_webhook_overtakes_another(first: str, second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment)

    before_saving(monkeypatch, Payment, scene.delivers(second))
    scene.deliver(first)

    middle = ["ATTEMPTED"] if second == AUTHORISED else []
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, *middle, "PAID"])
    assert {scene.outcome(first), scene.outcome(second)} == (
        {"applied"} if middle else {"applied", "no_change"}
    )


def test_one_event_is_processed_by_one_of_two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    payment = scene.opened()
    scene.paid(payment)
    event = scene.receive(CAPTURED)
    others: list[Payment | None] = []

    before_saving(monkeypatch, Payment, lambda: others.append(webhooks.process(scene.context, event.id)))
    webhooks.process(scene.context, event.id)

    assert others == [None]
    assert WebhookEvent.objects.get(id=event.id).work is None
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


@pytest.mark.parametrize("point", ["order_payments.before", "order_payments.after"])
def test_verify_overtakes_a_look(point: str) -> None:
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment)
    scene.clock.advance(900)

    with at_point(point, lambda: scene.verify(payment, paid)):
        payments.confirm(scene.context, payment.id)

    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


def test_verify_overtakes_a_reconciliation() -> None:
    scene = Scene()
    payment = scene.opened()
    paid = scene.paid(payment)
    scene.clock.advance(3600)
    rules = Rules(grace=scene.clock() - scene.clock(), is_dry=False)

    with at_point("order_payments.after", lambda: scene.verify(payment, paid)):
        compared = comparison.compare(scene.context, scene.stored(payment), rules)

    assert compared.found == []
    assert_paid_once(scene, payment, story=[*RECORDED_AND_OPENED, "PAID"])


def test_an_event_that_overtakes_the_writing_of_its_orders_id_is_matched_when_it_is_there() -> None:
    scene = Scene()
    created = scene.recorded()
    events: list[WebhookEvent] = []

    def pay_already() -> None:
        scene.account.pay(next(iter(scene.account.orders)), "captured")
        events.append(scene.receive(CAPTURED))
        webhooks.process(scene.context, events[0].id)

    with at_point("create_order.after", pay_already):
        payment = orders.open_order(scene.context, created.claim)
    scene.clock.advance(2)
    scene.process(events[0])

    event = WebhookEvent.objects.get(id=events[0].id)
    assert (event.outcome, event.work) == ("applied", None)
    assert scene.provider.calls == {"create_order": 1}
    stored = scene.stored(payment)
    assert (stored.status, stored.work) == ("PAID", None)
    assert scene.story(payment) == [*RECORDED_AND_OPENED, "PAID"]
    assert scene.receipts(payment) == ["PAYMENT_RECEIPT"]


@pytest.mark.parametrize("point", ["payment.recorded", "create_order.before", "create_order.after"])
def test_a_second_request_with_the_same_key_finds_the_payment_of_the_first(point: str) -> None:
    scene = Scene()
    key = Idempotency.of(user_id=scene.owner.id, operation="create_order", client_key="k", request={})
    replays: list[tuple[str, bool]] = []

    def ask_again() -> None:
        again = scene.recorded(idempotency=key)
        replays.append((again.payment.id, again.replayed))
        assert again.claim is None

    with at_point(point, ask_again):
        created = scene.recorded(idempotency=key)
        orders.open_order(scene.context, created.claim)

    assert replays == [(created.payment.id, True)]
    assert Payment.objects(user_id=scene.owner.id).count() == 1
    assert [order.order_receipt for order in scene.account.orders.values()] == [created.payment.order_receipt]
    assert scene.story(created.payment) == RECORDED_AND_OPENED


def test_of_two_requests_with_one_key_the_one_that_inserts_first_makes_the_payment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    key = Idempotency.of(user_id=scene.owner.id, operation="create_order", client_key="k", request={})
    first: list[str] = []

    before_saving(monkeypatch, Payment, lambda: first.append(scene.recorded(idempotency=key).payment.id))
    second = scene.recorded(idempotency=key)

    assert (second.replayed, second.claim, [second.payment.id]) == (True, None, first)
    assert Payment.objects(user_id=scene.owner.id).count() == 1
