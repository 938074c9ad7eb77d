"""Every pair of statuses, through the one function that assigns a status."""

from itertools import product

import pytest

from gateway.domain import states
from gateway.domain.transitions import flag_for_review, move, note
from tests.support.domain import NOW, a_context, a_payment

ALLOWED = {
    "CREATED": "ATTEMPTED PAID FAILED CANCELLED",
    "ATTEMPTED": "PAID FAILED CANCELLED",
    "FAILED": "ATTEMPTED PAID CANCELLED",
    "CANCELLED": "PAID",
    "PAID": "PARTIAL_REFUND REFUNDED",
    "PARTIAL_REFUND": "PARTIAL_REFUND REFUNDED PAID",
    "REFUNDED": "PARTIAL_REFUND PAID",
}
ALLOWED_PAIRS = [(start, end) for start, ends in ALLOWED.items() for end in ends.split()]
REFUSED_PAIRS = [pair for pair in product(ALLOWED, repeat=2) if pair not in ALLOWED_PAIRS]


def test_the_statuses_are_the_documented_seven() -> None:
    assert set(states.STATUSES) == set(ALLOWED) == set(states.MAY_GO_TO)
    assert len(ALLOWED_PAIRS) + len(REFUSED_PAIRS) == 49


@pytest.mark.parametrize(("start", "end"), ALLOWED_PAIRS)
def test_an_allowed_change_is_made_and_recorded(start: str, end: str) -> None:
    payment = a_payment(start)

    move(payment, end, "because", a_context(by="somebody"))

    assert payment.status == end
    assert len(payment.history) == 2
    entry = payment.history[-1]
    assert (entry.from_status, entry.to_status) == (start, end)
    assert (entry.why, entry.by, entry.at) == ("because", "somebody", NOW)


@pytest.mark.parametrize(("start", "end"), REFUSED_PAIRS)
def test_any_other_change_is_refused_and_leaves_the_payment_as_it_was(start: str, end: str) -> None:
    payment = a_payment(start)
    before = payment.to_mongo()

    with pytest.raises(AssertionError, match=f"{start} may not go to {end}"):
        move(payment, end, "because", a_context())

    assert payment.to_mongo() == before


@pytest.mark.parametrize("status", list(ALLOWED))
def test_a_note_changes_no_status(status: str) -> None:
    payment = a_payment(status)

    note(payment, "something happened", a_context())

    assert payment.status == status
    assert payment.needs_review is False
    assert (payment.history[-1].from_status, payment.history[-1].to_status) == (status, status)


def test_a_flag_for_review_says_why() -> None:
    payment = a_payment()

    flag_for_review(payment, "two amounts", a_context())

    assert payment.needs_review is True
    assert [entry.why for entry in payment.history] == ["it was recorded", "needs review: two amounts"]
