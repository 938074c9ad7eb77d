"""The list of what differs: each difference is one document, however often it is found, until a person has
decided about it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.domain import differences, discrepancies
from gateway.domain.difference import DISCREPANCIES_PER_PAYMENT_MAX, Difference
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.errors import DiscrepancyNotFound, DiscrepancyNotOpen
from gateway.domain.models import Payment
from gateway.domain.transitions import change_payment, flag_for_review
from tests.conftest import Stack
from tests.support.database import empty_database
from tests.support.domain import NOW, Clock, a_context, a_payment, raw
from tests.support.racing import together


@pytest.fixture(autouse=True)
def _own_database(stack: Stack) -> Iterator[None]:
    with empty_database(stack.mongodb_uri):
        yield


def a_difference(payment: Payment, theirs: str = "failed") -> Difference:
    """Return a difference that a person has to decide about."""
    return differences.capture_missing(payment, theirs)


def flagged(payment: Payment, difference: Difference, clock: Clock) -> Payment:
    """Find a difference on a stored payment."""
    context = a_context(clock, by="test")

    def decide(current: Payment) -> bool:
        flag_for_review(current, difference.sentence, context, difference)
        return True

    return change_payment(context, payment.id, decide).document


def test_what_was_found_is_stored_once_by_whoever_comes_first() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    flagged(payment, a_difference(payment), Clock())

    results = together(4, lambda _: discrepancies.store(a_context(), payment.id))

    assert [result is not None for result in results].count(True) == 1
    (discrepancy,) = Discrepancy.objects
    assert (discrepancy.payment_id, discrepancy.state, discrepancy.found_count) == (payment.id, "open", 1)
    assert [ref.stored for ref in Payment.objects.get(id=payment.id).discrepancies] == [True]


def test_a_worker_that_died_after_the_insert_is_followed_by_one_that_does_not_count_it_twice() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    found = flagged(payment, a_difference(payment), Clock())
    discrepancies._insert(found, found.discrepancies[0])

    discrepancies.store(a_context(), payment.id)

    assert Discrepancy.objects.get().found_count == 1


def test_other_facts_are_another_difference() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    clock = Clock()
    for theirs in ("failed", "unknown", "failed"):
        flagged(payment, a_difference(payment, theirs), clock)
    discrepancies.store(a_context(), payment.id)

    assert [(each.theirs, each.found_count) for each in discrepancies.listed()] == [
        ("failed", 1),
        ("unknown", 1),
    ]


def test_a_payment_keeps_its_newest_references_and_every_difference_is_stored() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    clock, more = Clock(), 3
    for number in range(DISCREPANCIES_PER_PAYMENT_MAX + more):
        flagged(payment, a_difference(payment, f"state {number}"), clock)
        discrepancies.store(a_context(), payment.id)

    assert len(Payment.objects.get(id=payment.id).discrepancies) == DISCREPANCIES_PER_PAYMENT_MAX
    assert Discrepancy.objects.count() == DISCREPANCIES_PER_PAYMENT_MAX + more
    # One that has been forgotten is found again, and is the same.
    clock.advance(60)
    flagged(payment, a_difference(payment, "state 0"), clock)
    discrepancies.store(a_context(clock), payment.id)
    again = Discrepancy.objects.get(theirs="state 0")
    assert (again.found_count, again.last_found_at, again.found_at) == (2, NOW + timedelta(seconds=60), NOW)


def test_a_person_closes_what_was_decided_and_the_payment_is_reviewed_and_otherwise_the_same() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    flagged(payment, a_difference(payment), Clock())
    discrepancies.store(a_context(), payment.id)
    before = raw(payment)
    (discrepancy,) = discrepancies.listed()

    closed = discrepancies.close(discrepancy.id, "the bank has sent it", a_context(by="operator"))
    again = discrepancies.close(discrepancy.id, "the bank has sent it", a_context(by="operator"))

    assert (closed.written, again.written) == (True, False)
    stored = Discrepancy.objects.get()
    assert (stored.state, stored.note, stored.closed_by) == ("closed", "the bank has sent it", "operator")
    assert stored.closed_at == NOW
    assert (discrepancies.listed(), discrepancies.open_count()) == ([], 0)
    assert [each.id for each in discrepancies.listed(None)] == [discrepancy.id]
    after = raw(payment)
    written = {name for name in after if after[name] != before.get(name)}
    assert written == {"needs_review", "history", "version"}
    assert after["needs_review"] is False


def test_what_is_not_open_cannot_be_closed() -> None:
    payment = a_payment("PAID", captured_minor=100).save(force_insert=True)
    flagged(payment, a_difference(payment), Clock())
    discrepancies.store(a_context(), payment.id)
    (discrepancy,) = discrepancies.listed()
    discrepancies.close(discrepancy.id, "one reason", a_context())
    before = raw(discrepancy)

    with pytest.raises(DiscrepancyNotOpen) as refused:
        discrepancies.close(discrepancy.id, "another reason", a_context())

    assert refused.value.details == {"state": "closed"}
    assert raw(discrepancy) == before
    with pytest.raises(DiscrepancyNotFound):
        discrepancies.close("no such id", "why not", a_context())
