"""Comparing both sides: what differs is corrected to match the provider where that is safe, told once, and
left alone while somebody is at work on it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import cancellation, discrepancies, receipts, refunds, work
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.models import Payment
from gateway.domain.reconciliation.corrections import TO_MATCH
from tests.conftest import Stack
from tests.support.both_sides import BothSides, counts, stored, told
from tests.support.database import empty_database
from tests.support.domain import raw

AGAIN = "it can be refunded again"


@pytest.fixture
def sides(stack: Stack) -> Iterator[BothSides]:
    with empty_database(stack.mongodb_uri):
        yield BothSides()


def agree(sides: BothSides, payment: Payment) -> None:
    """Check that a second comparison finds nothing and writes nothing."""
    before = raw(payment), list(Discrepancy.objects.as_pymongo())

    run = sides.compare()

    assert counts(run) == {"compared": 1, "agreed": 1}
    assert (raw(payment), list(Discrepancy.objects.as_pymongo())) == before


def a_paid_payment(sides: BothSides) -> tuple[Payment, str]:
    """Return a payment that is paid on both sides, and its provider payment's id."""
    payment = sides.payment()
    provider_payment_id = sides.pays(payment)
    sides.compare()
    receipts.issue(sides.context(), payment.id)
    Discrepancy.objects.delete()
    return stored(payment), provider_payment_id


def a_refund(sides: BothSides, payment: Payment, amount_minor: int) -> Any:
    """Return a refund that was asked for here, and accepted at the provider."""
    asked = refunds.request(sides.context(), payment, amount_minor=amount_minor, notes={}, idempotency=None)
    refunds.issue(sides.context(), payment.id)
    return refunds.find(stored(payment), asked.refund.id)


def test_money_that_was_captured_while_the_payment_is_open_here_is_taken_note_of(sides: BothSides) -> None:
    payment = sides.payment()
    provider_payment_id = sides.pays(payment)

    run = sides.compare()

    assert counts(run) == {"compared": 1, "corrected": 1}
    found = stored(payment)
    assert (found.status, found.captured_minor) == ("PAID", 50_000)
    assert found.provider_payment_id == provider_payment_id
    sentence = "captured at provider, open here → corrected to PAID to match provider"
    assert told(payment) == [("corrected", sentence)]
    assert [entry.why for entry in found.history[1:]] == [f"{provider_payment_id} was captured", sentence]
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.kind, discrepancy.ours) == ("payment_captured", "CREATED")
    assert (discrepancy.theirs, discrepancy.found_count) == ("captured 500.00 INR", 1)
    assert discrepancy.found_by == f"reconciliation:{run.id}"
    assert discrepancy.corrected_at == discrepancy.found_at == sides.clock()
    agree(sides, payment)


def test_authorised_money_is_taken_note_of_and_its_capture_follows(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment, "authorized")

    run = sides.compare()

    assert counts(run) == {"compared": 1, "corrected": 1}
    found = stored(payment)
    assert (found.status, found.work.kind, found.work.due_at) == (
        "ATTEMPTED",
        "capture_payment",
        sides.clock(),
    )
    sentence = (
        "authorised at provider, open here → corrected to ATTEMPTED to match provider, its capture follows"
    )
    assert told(payment) == [("corrected", sentence)]


def test_a_payment_of_which_all_attempts_failed_has_failed(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment, "failed")
    sides.pays(payment, "failed")

    sides.compare()

    found = stored(payment)
    assert (found.status, found.attempts) == ("FAILED", 2)
    assert told(payment) == [
        ("corrected", "failed at provider, CREATED here → corrected to FAILED to match provider")
    ]
    agree(sides, payment)


@pytest.mark.parametrize(
    ("policy", "refunds_expected", "opened"),
    [
        ("accept", 0, []),
        ("refund", 1, []),
        (
            "hold",
            0,
            [("open", "captured at provider, cancelled here → left for a person by the late-payment policy")],
        ),
    ],
)
def test_money_for_a_cancelled_payment_follows_the_policy(
    policy: str, refunds_expected: int, opened: list[tuple[str, str]], stack: Stack
) -> None:
    with empty_database(stack.mongodb_uri):
        sides = BothSides(late_payment=policy)
        payment = sides.payment()
        cancellation.cancel(sides.context(), payment)
        sides.pays(payment)

        run = sides.compare()

        found = stored(payment)
        assert (found.status, len(found.refunds)) == ("PAID", refunds_expected)
        sentence = (
            "captured at provider, cancelled here → corrected to PAID to match provider; the late-payment"
            f" policy is to {policy} it"
        )
        assert told(payment) == [("corrected", sentence), *opened]
        assert (run.corrected, run.queued) == (1, len(opened))


def test_authorised_money_that_went_back_is_no_longer_waited_for(sides: BothSides) -> None:
    payment = sides.payment()
    provider_payment_id = sides.pays(payment, "authorized")
    sides.compare()
    sides.account.return_uncaptured(provider_payment_id)

    sides.compare()

    found = stored(payment)
    assert (found.status, found.authorized_at) == ("FAILED", None)
    assert told(payment)[1] == (
        "corrected",
        "returned uncaptured at provider, authorised here → corrected to FAILED to match provider",
    )
    agree(sides, payment)


def test_a_refund_made_in_the_dashboard_is_imported(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    sides.account.refund_at_dashboard(provider_payment_id, 20_000)

    sides.compare()

    found = stored(payment)
    (refund,) = found.refunds
    assert (found.status, found.refunded_minor, found.refund_reserved_minor) == (
        "PARTIAL_REFUND",
        20_000,
        20_000,
    )
    assert (refund.status, refund.requested_by) == ("pending", "provider")
    assert told(payment) == [
        ("corrected", "refunded at provider, unknown here → imported as pending to match provider")
    ]
    agree(sides, payment)


def test_a_payment_and_its_refund_that_nobody_has_heard_of_are_both_taken_note_of(sides: BothSides) -> None:
    payment = sides.payment()
    sides.account.refund_at_dashboard(sides.pays(payment), 50_000)

    run = sides.compare()

    found = stored(payment)
    assert (found.status, found.captured_minor, found.refunded_minor) == ("REFUNDED", 50_000, 50_000)
    assert counts(run) == {"compared": 1, "corrected": 2}
    assert told(payment) == [
        ("corrected", "captured at provider, open here → corrected to REFUNDED to match provider"),
        ("corrected", "refunded at provider, unknown here → imported as pending to match provider"),
    ]


@pytest.mark.parametrize(
    ("status", "payment_status", "refunded_minor", "sentence"),
    [
        (
            "processed",
            "PARTIAL_REFUND",
            20_000,
            f"refund processed at provider, pending here → corrected to processed {TO_MATCH}",
        ),
        (
            "failed",
            "PAID",
            0,
            f"refund failed at provider, pending here → corrected to failed {TO_MATCH}; {AGAIN}",
        ),
    ],
)
def test_a_refund_that_has_come_to_its_end_is_followed(
    status: Any, payment_status: str, refunded_minor: int, sentence: str, sides: BothSides
) -> None:
    payment, _ = a_paid_payment(sides)
    refund = a_refund(sides, payment, 20_000)
    sides.account.move_refund(refund.provider_refund_id, status)

    sides.compare()

    found = stored(payment)
    assert (found.status, found.refunds[0].status) == (payment_status, status)
    assert (found.refunded_minor, found.refund_reserved_minor) == (refunded_minor, refunded_minor)
    assert told(payment) == [("corrected", sentence)]
    agree(sides, payment)


def test_a_refund_that_fails_after_it_was_processed_gives_its_amount_back(sides: BothSides) -> None:
    payment, _ = a_paid_payment(sides)
    refund = a_refund(sides, payment, 20_000)
    sides.account.move_refund(refund.provider_refund_id, "processed")
    sides.compare()
    sides.account.move_refund(refund.provider_refund_id, "failed")

    sides.compare()

    found = stored(payment)
    assert (found.status, found.refund_reserved_minor) == ("PAID", 0)
    sentence = "refund failed at provider, processed here → corrected to failed to match provider"
    assert told(payment)[1] == ("corrected", f"{sentence}; {AGAIN}")


def test_a_refund_whose_answer_was_lost_is_recognised(sides: BothSides) -> None:
    payment, provider_payment_id = a_paid_payment(sides)
    asked = refunds.request(sides.context(), payment, amount_minor=20_000, notes={}, idempotency=None)
    sides.account.refund(provider_payment_id, 20_000, asked.refund.id)

    sides.compare()

    (refund,) = stored(payment).refunds
    assert (refund.id, refund.status) == (asked.refund.id, "pending")
    sentence = "refund accepted at provider, unanswered here → corrected to pending to match provider"
    assert told(payment) == [("corrected", sentence)]
    agree(sides, payment)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(sides: BothSides) -> None:
    payment, lost = sides.payment(), sides.payment(status="PAID", captured_minor=50_000)
    sides.pays(payment)
    before = raw(payment), raw(lost)

    run = sides.compare(is_dry_run=True)

    assert counts(run) == {"compared": 2, "corrected": 1, "queued": 1}
    assert {finding.payment_id: finding.state for finding in run.findings} == {
        payment.id: "corrected",
        lost.id: "open",
    }
    assert (raw(payment), raw(lost)) == before
    assert Discrepancy.objects.count() == 0


def test_what_has_only_just_happened_is_left_to_webhooks_and_looks(sides: BothSides) -> None:
    payment = sides.payment()
    sides.clock.advance(3600)
    sides.pays(payment)
    sides.clock.advance(299)
    before = raw(payment)

    early = sides.finish(sides.start())

    assert counts(early) == {"left": 1}
    assert raw(payment) == before
    assert counts(sides.compare()) == {"compared": 1, "corrected": 1}


def test_a_payment_that_somebody_is_at_work_on_is_left_alone(sides: BothSides) -> None:
    payment = sides.payment()
    sides.pays(payment)
    sides.clock.advance(3600)
    payment.work = work.claimed(work.CONFIRM_PAYMENT, sides.clock(), ttl_seconds=25)
    payment.save()
    before = raw(payment)

    assert counts(sides.finish(sides.start())) == {"left": 1}
    assert raw(payment) == before


def test_payments_of_others_on_the_same_account_are_counted_and_nothing_else(sides: BothSides) -> None:
    for _ in range(3):
        order = sides.account.open_order(100, "INR", "somebody else's")
        sides.account.pay(order.id, "captured")
        sides.account.refund_at_dashboard(sides.account.payments_of(order.id)[0].id, 100)

    run = sides.compare()

    assert counts(run) == {"foreign": 3}
    assert Discrepancy.objects.count() == 0


def test_a_payment_made_before_the_window_and_paid_in_it_is_compared(sides: BothSides) -> None:
    payment = sides.payment()
    sides.clock.advance(timedelta(days=3).total_seconds())
    sides.pays(payment)

    assert counts(sides.compare()) == {"compared": 1, "corrected": 1}


def test_a_correction_and_its_discrepancy_are_one_write(
    sides: BothSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies right after the correction has left the discrepancy as work."""
    payment = sides.payment()
    sides.pays(payment)

    def die(*_: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(discrepancies, "store", die)
        with pytest.raises(SystemError):
            sides.compare()

    found = stored(payment)
    assert (found.status, found.work.kind, Discrepancy.objects.count()) == ("PAID", "open_discrepancies", 0)
    discrepancies.store(sides.context(), payment.id)
    assert [state for state, _ in told(payment)] == ["corrected"]
    assert stored(payment).work.kind == "issue_receipts"
