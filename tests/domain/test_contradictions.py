"""Comparing both sides: what no observation may correct is left for a person, and nothing else changes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.domain import discrepancies, orders, planning, receipts, webhooks, work
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.models import Payment, Refund
from gateway.domain.provider import ProviderUnavailable
from tests.conftest import Stack
from tests.support.both_sides import BothSides, counts, stored, told
from tests.support.database import empty_database
from tests.support.domain import raw
from tests.support.memory_provider import WEBHOOK_SIGNATURE
from tests.support.racing import before_saving


@pytest.fixture
def sides(stack: Stack) -> Iterator[BothSides]:
    with empty_database(stack.mongodb_uri):
        yield BothSides()


MONEY = (
    "status",
    "captured_minor",
    "refunded_minor",
    "refund_reserved_minor",
    "provider_payment_id",
    "refunds",
)


def money(payment: Payment) -> dict[str, Any]:
    """Return everything stored about the payment's money."""
    found = raw(payment)
    return {name: found.get(name) for name in MONEY}


def left_for_a_person(sides: BothSides, payment: Payment, kind: str, what: str) -> Discrepancy:
    """Compare, and check that one difference is left for a person and no money is touched; compare again,
    and check that it is counted and nothing is written on the payment."""
    before = money(payment)

    run = sides.compare()

    assert counts(run) == {"compared": 1, "queued": 1}
    found = stored(payment)
    assert money(payment) == before
    assert (found.needs_review, told(payment)) == (True, [("open", f"{what} → left for a person")])
    assert found.history[-1].why == f"needs review: {what} → left for a person"
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.found_count) == (kind, 1)
    as_found = raw(payment)
    assert counts(sides.compare()) == {"compared": 1, "queued": 1}
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.found_count, discrepancy.last_found_at) == (2, sides.clock())
    assert raw(payment) == as_found
    return discrepancy


def a_paid_payment(sides: BothSides) -> tuple[Payment, str]:
    """Return a payment that is paid on both sides, and its provider payment's id."""
    payment = sides.payment()
    provider_payment_id = sides.pays(payment)
    sides.compare()
    receipts.issue(sides.context(), payment.id)
    Discrepancy.objects.delete()
    Payment.objects(id=payment.id).update(unset__discrepancies=1)
    return stored(payment), provider_payment_id


def a_refund(payment: Payment, amount_minor: int, **fields: Any) -> Payment:
    """Store a refund that the provider is said to have accepted."""
    refund = Refund(
        id="ours",
        amount_minor=amount_minor,
        requested_by="test",
        requested_at=payment.created_at,
        accepted_at=payment.created_at,
        idempotency_key=payment.id,
        **fields,
    )
    payment.refunds.append(refund)
    if refund.status != "failed":
        payment.refund_reserved_minor = payment.refunded_minor = amount_minor
    return payment.save()


def test_paid_here_and_unknown_there(sides: BothSides) -> None:
    payment = sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")

    discrepancy = left_for_a_person(sides, payment, "capture_missing", "unknown at provider, paid here")

    assert (discrepancy.ours, discrepancy.theirs) == ("captured 500.00 INR", "unknown")
    assert discrepancy.provider_payment_id == "pay_unknown"


@pytest.mark.parametrize("status", ["authorized", "failed"])
def test_paid_here_and_not_captured_there(status: str, sides: BothSides) -> None:
    payment = sides.payment()
    provider_payment_id = sides.pays(payment, status)
    payment.status, payment.captured_minor = "PAID", 50_000
    payment.provider_payment_id = provider_payment_id
    payment.provider_payments_seen = [provider_payment_id]
    payment.save()

    left_for_a_person(sides, payment, "capture_missing", f"{status} at provider, paid here")


def test_a_failed_attempt_in_the_list_does_not_hide_that_the_money_is_missing(sides: BothSides) -> None:
    payment = sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")
    sides.pays(payment, "failed")

    left_for_a_person(sides, payment, "capture_missing", "unknown at provider, paid here")


def test_a_payment_that_only_the_list_has_forgotten_is_asked_for_by_its_id(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    hidden = sides.account.payments_of
    sides.account.payments_of = lambda _: []  # type: ignore[method-assign]
    sides.provider.list_payments = (  # type: ignore[method-assign]
        lambda **_: replace(type(sides.provider).list_refunds(sides.provider, **_), items=[], entries=0)
    )

    run = sides.compare()

    sides.account.payments_of = hidden  # type: ignore[method-assign]
    assert counts(run) == {"compared": 1, "agreed": 1}
    assert sides.provider.calls["fetch_payment"] == 1
    assert Discrepancy.objects.count() == 0
    assert stored(payment).provider_payment_id == provider_payment_id


@pytest.mark.parametrize("wrong", [{"amount_minor": 49_900}, {"currency": "USD"}])
def test_a_captured_payment_of_another_amount_or_currency(wrong: dict[str, Any], sides: BothSides) -> None:
    payment = sides.payment()
    provider_payment_id = sides.pays(payment)
    seen = sides.account.payments[provider_payment_id]
    sides.account.payments[provider_payment_id] = replace(seen, **wrong)

    run = sides.compare()

    found = stored(payment)
    assert counts(run) == {"compared": 1, "queued": 1}
    assert (found.status, found.captured_minor, found.needs_review) == ("CREATED", 0, True)
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.state, discrepancy.ours) == (
        "payment_mismatch",
        "open",
        "500.00 INR",
    )
    assert counts(sides.compare()) == {"compared": 1, "queued": 1}
    assert Discrepancy.objects.get().found_count == 2


def test_a_second_captured_payment_of_one_order_is_told_and_goes_back(sides: BothSides) -> None:
    payment, _ = a_paid_payment(sides)
    second = sides.pays(payment)

    run = sides.compare()

    found = stored(payment)
    assert counts(run) == {"compared": 1, "queued": 1}
    assert (found.status, found.captured_minor, found.refunds) == ("PAID", 50_000, [])
    assert [each.provider_payment_id for each in found.duplicates] == [second]
    assert found.work.kind == "refund_duplicate"
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.provider_payment_id) == ("payment_second", second)
    what = "second payment captured at provider for one order here"
    assert discrepancy.sentence == f"{what} → being returned, and left for a person to check"


def test_a_refund_accepted_here_and_unknown_there(sides: BothSides) -> None:
    payment, _ = a_paid_payment(sides)
    a_refund(payment, 20_000, status="processed", provider_refund_id="rfnd_unknown")

    discrepancy = left_for_a_person(
        sides, payment, "refund_missing", "refund unknown at provider, accepted here"
    )

    assert (discrepancy.provider_refund_id, discrepancy.ours) == ("rfnd_unknown", "200.00 INR")


def test_a_refund_of_another_amount(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    theirs = sides.account.refund(provider_payment_id, 10_000, None)
    a_refund(payment, 20_000, status="pending", provider_refund_id=theirs.id)

    left_for_a_person(
        sides, payment, "refund_mismatch", "refund of 100.00 INR at provider, of 200.00 INR here"
    )


def test_a_refund_that_failed_here_and_sent_money_there(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    theirs = sides.account.refund(provider_payment_id, 10_000, None)
    sides.account.move_refund(theirs.id, "processed")
    a_refund(payment, 10_000, status="failed", provider_refund_id=theirs.id)

    left_for_a_person(sides, payment, "refund_revived", "refund processed at provider, failed here")


def test_refunds_there_that_do_not_fit_beside_ours(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    ours = sides.account.refund(provider_payment_id, 30_000, None)
    a_refund(payment, 40_000, status="pending", provider_refund_id=ours.id)
    sides.account.refunds[ours.id] = replace(ours, amount_minor=40_000)
    other = replace(ours, id="rfnd_other", amount_minor=20_000)
    sides.account.refunds[other.id] = other

    run = sides.compare()

    assert counts(run) == {"compared": 1, "queued": 1}
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.theirs) == ("refund_excess", "200.00 INR")
    assert stored(payment).refund_reserved_minor == 40_000
    assert counts(sides.compare()) == {"compared": 1, "queued": 1}


def test_an_order_that_the_provider_does_not_know(sides: BothSides) -> None:
    payment = sides.payment()
    del sides.account.orders[payment.provider_order_id]
    sides.provider.order_payments = sides.provider.fetch_order  # type: ignore[assignment, method-assign]

    left_for_a_person(sides, payment, "order_missing", "order unknown at provider, opened here")


def test_a_second_order_with_our_receipt(sides: BothSides) -> None:
    payment = sides.payment()
    second = sides.account.open_order(50_000, "INR", payment.order_receipt)

    what = "second order with our receipt at provider, created there"
    discrepancy = left_for_a_person(sides, payment, "order_second", what)

    assert discrepancy.provider_order_id == second.id


def test_an_order_of_another_amount(sides: BothSides) -> None:
    payment = sides.payment()
    order = sides.account.orders[payment.provider_order_id]
    sides.account.orders[order.id] = replace(order, amount_minor=49_900)

    left_for_a_person(sides, payment, "order_mismatch", "order of 499.00 INR at provider, of 500.00 INR here")


def a_lost_order(sides: BothSides) -> Payment:
    """Return a payment whose opening was given up, and whose order is there all the same."""
    payment = sides.payment()
    payment.provider_order_id, payment.status = None, "FAILED"
    return payment.save()


def order_of(sides: BothSides, payment: Payment) -> str:
    """Return the id of the provider's order with the payment's receipt."""
    (order,) = sides.account.orders_with(payment.order_receipt)
    return order.id


@pytest.mark.parametrize("status", [None, "failed", "authorized"])
def test_a_lost_order_without_money_is_left_lying(status: Any, sides: BothSides) -> None:
    payment = a_lost_order(sides)
    if status:
        sides.account.pay(order_of(sides, payment), status)
    before = raw(payment)

    run = sides.compare()

    assert (run.corrected, run.queued, raw(payment)) == (0, 0, before)


def test_a_lost_order_that_was_paid_is_taken_over_and_shown_to_a_person(sides: BothSides) -> None:
    payment = a_lost_order(sides)
    order_id = order_of(sides, payment)
    sides.account.pay(order_id, "captured")

    run = sides.compare()

    found = stored(payment)
    assert (run.corrected, run.queued) == (1, 1)
    assert (found.provider_order_id, found.status, found.captured_minor) == (order_id, "PAID", 50_000)
    assert (found.needs_review, told(payment)) == (
        True,
        [
            ("open", "paid order at provider, none here → taken over; its money is left for a person"),
            ("corrected", "captured at provider, open here → corrected to PAID to match provider"),
        ],
    )
    assert counts(sides.compare()) == {"compared": 1, "agreed": 1}


def test_a_lost_order_of_another_amount_is_not_taken_over(sides: BothSides) -> None:
    payment = a_lost_order(sides)
    order_id = order_of(sides, payment)
    sides.account.pay(order_id, "captured")
    sides.account.orders[order_id] = replace(sides.account.orders[order_id], amount_minor=100)

    sides.compare()

    found = stored(payment)
    assert (found.provider_order_id, found.status) == (None, "FAILED")
    assert [state for state, _ in told(payment)] == ["open"]


def test_an_order_whose_opening_still_goes_on_is_left_to_it(sides: BothSides) -> None:
    payment = a_lost_order(sides)
    payment.status = "CREATED"
    payment.order_wanted_since = payment.order_requested_at = sides.clock()
    planning.plan_payment(payment, sides.clock(), sides.context().limits)
    payment.save()
    sides.account.pay(order_of(sides, payment), "captured")

    run = sides.compare()

    assert (run.corrected, run.queued, run.left) == (0, 0, 1)
    opened = orders.reopen_order(sides.context(), payment.id)
    assert opened is not None
    assert opened.provider_order_id == order_of(sides, payment)


def test_nothing_is_concluded_when_the_payment_changed_while_the_provider_was_asked(
    sides: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")
    ask = sides.provider.order_payments

    def ask_slowly(order_id: str) -> Any:
        seen = ask(order_id)
        Payment.objects(id=payment.id).update(inc__version=1)
        return seen

    monkeypatch.setattr(sides.provider, "order_payments", ask_slowly)

    run = sides.compare()

    assert counts(run) == {"left": 1}
    assert (stored(payment).needs_review, Discrepancy.objects.count()) == (False, 0)


def test_a_correction_is_made_once_when_a_webhook_makes_it_at_the_same_moment(
    sides: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = sides.payment()
    sides.pays(payment)
    sides.clock.advance(3600)
    claim = sides.start()
    event = sides.account.events[-1]
    received = webhooks.receive(sides.context(), event.body, signature=WEBHOOK_SIGNATURE, event_id=event.id)
    assert received is not None
    before_saving(monkeypatch, Payment, lambda: webhooks.process(sides.context(), received.id))

    run = sides.finish(claim)

    found = stored(payment)
    assert [entry.to_status for entry in found.history].count("PAID") == 1
    assert (len(found.receipts), run.corrected, told(payment)) == (1, 0, [])


def test_a_difference_that_a_person_has_closed_stays_closed_and_is_not_queued_again(sides: BothSides) -> None:
    payment = sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")
    sides.compare()
    discrepancies.close(Discrepancy.objects.get().id, "paid in cash", sides.context())

    run = sides.compare()

    assert counts(run) == {"compared": 1}
    closed = Discrepancy.objects.get()
    assert (closed.state, closed.note, closed.closed_by, closed.found_count) == (
        "closed",
        "paid in cash",
        "test",
        2,
    )
    assert told(payment)[0][0] == "closed"


def test_a_contradiction_that_a_webhook_brings_opens_a_discrepancy(sides: BothSides) -> None:
    payment = sides.payment()
    provider_payment_id = sides.pays(payment)
    wrong = replace(sides.account.payments[provider_payment_id], amount_minor=1)
    sides.account._say("payment.captured", wrong)
    event = sides.account.events[-1]
    received = webhooks.receive(sides.context(), event.body, signature=WEBHOOK_SIGNATURE, event_id=event.id)
    assert received is not None

    flagged = webhooks.process(sides.context(), received.id)

    assert flagged is not None
    assert (flagged.needs_review, flagged.work.kind, flagged.work.due_at) == (
        True,
        work.OPEN_DISCREPANCIES,
        sides.clock(),
    )
    discrepancies.store(sides.context(), payment.id)
    discrepancies.store(sides.context(), payment.id)
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.state) == ("payment_mismatch", "open")
    assert discrepancy.found_by == f"webhook:{event.id}"
    assert stored(payment).work.kind == "confirm_payment"


def test_an_event_with_a_payment_that_pays_another_order_leaves_this_one_unpaid(sides: BothSides) -> None:
    other, payment = sides.payment(), sides.payment()
    other.provider_payment_id = sides.pays(other)
    other.save()
    sides.pays(payment)
    event = sides.account.events[-1]
    told = json.loads(event.body)
    told["payment"]["id"] = other.provider_payment_id
    body = json.dumps(told).encode()
    received = webhooks.receive(sides.context(), body, signature=WEBHOOK_SIGNATURE, event_id=event.id)
    before = money(payment)

    flagged = webhooks.process(sides.context(), received.id)

    # What is returned is what was written, for the worker goes on with its work.
    assert flagged.to_mongo() == stored(payment).to_mongo()
    assert (flagged.needs_review, flagged.work.kind) == (True, work.OPEN_DISCREPANCIES)
    assert money(payment) == before
    assert [each.kind for each in flagged.discrepancies] == ["payment_of_another"]


def test_the_provider_being_away_says_nothing_about_a_payment(sides: BothSides) -> None:
    payment = sides.payment(status="PAID", captured_minor=50_000, provider_payment_id="pay_unknown")
    before = raw(payment)
    sides.clock.advance(3600)
    claim = sides.start()
    sides.provider.is_away = True
    with pytest.raises(ProviderUnavailable):
        sides.provider.fetch_payment("pay_unknown")

    with pytest.raises(AssertionError):
        sides.finish(claim)

    assert (raw(payment), Discrepancy.objects.count()) == (before, 0)
