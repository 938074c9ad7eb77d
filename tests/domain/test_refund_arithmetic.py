"""Refunds against the sum that was captured: reserved, given back, imported, and never too much."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain import refunds
from gateway.domain.errors import IdempotencyMismatch, RefundRefused
from gateway.domain.idempotency import Idempotency
from gateway.domain.models import REFUNDS_PER_PAYMENT_MAX, Payment, Refund, new_id
from gateway.domain.provider import ProviderRefund
from gateway.domain.refunds import Requested
from tests.support.domain import NOW, a_context, a_paid_payment, a_payment, raw
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

CONTEXT = a_context()


def request(payment: Payment, amount_minor: int | None, **more: Any) -> Requested:
    """Ask for a refund."""
    options: dict[str, Any] = {"notes": {}, "idempotency": None}
    return refunds.request(CONTEXT, payment, amount_minor=amount_minor, **options | more)


def observe(payment: Payment, refund: Refund | None, status: str, **fields: Any) -> Payment:
    """Hear from the provider about a refund of ours, or about one of its own."""
    values: dict[str, Any] = {
        "id": f"rfnd_{refund.id if refund else new_id()}",
        "payment_id": payment.provider_payment_id,
        "amount_minor": refund.amount_minor if refund else 0,
        "currency": "INR",
        "status": status,
        "refund_receipt": refund.id if refund else None,
        "created_at": NOW,
    }
    return refunds.observe(CONTEXT, payment.id, ProviderRefund(**values | fields))


def figures(payment: Payment) -> tuple[str, int, int]:
    """Return the status, what is reserved and what went back, as stored."""
    stored = Payment.objects.get(id=payment.id)
    return stored.status, stored.refund_reserved_minor, stored.refunded_minor


def test_a_request_reserves_its_amount_and_moves_no_status() -> None:
    payment = a_paid_payment().save()

    requested = request(payment, 20_000, notes={"reason": "moved"})

    assert figures(payment) == ("PAID", 20_000, 0)
    assert (requested.refund.amount_minor, requested.refund.status) == (20_000, "pending")
    assert requested.refund.notes == {"reason": "moved"}
    assert requested.payment.work.kind == "issue_refund"


def test_without_an_amount_all_that_is_left_is_refunded() -> None:
    payment = a_paid_payment().save()
    request(payment, 20_000)

    requested = request(payment, None)

    assert requested.refund.amount_minor == 30_000
    assert figures(payment) == ("PAID", 50_000, 0)


def test_parts_that_add_up_to_the_whole_end_in_refunded() -> None:
    payment = a_paid_payment().save()
    first, second = request(payment, 20_000).refund, request(payment, 30_000).refund

    observe(payment, first, "processed")
    after_first = figures(payment)
    observe(payment, second, "processed")

    assert after_first == ("PARTIAL_REFUND", 50_000, 20_000)
    assert figures(payment) == ("REFUNDED", 50_000, 50_000)


@pytest.mark.parametrize(
    ("payment", "amount_minor", "left"),
    [
        (a_paid_payment, 50_001, "500.00"),
        (lambda: a_paid_payment(refund_reserved_minor=49_999), 2, "0.01"),
        (lambda: a_paid_payment(refund_reserved_minor=50_000), 1, "0.00"),
        (lambda: a_paid_payment(refund_reserved_minor=50_000), None, "0.00"),
        (lambda: a_payment("CREATED"), 1, "0.00"),
        (lambda: a_payment("ATTEMPTED"), None, "0.00"),
        (lambda: a_payment("FAILED"), 1, "0.00"),
        (lambda: a_payment("CANCELLED"), 1, "0.00"),
    ],
    ids=[
        "too much",
        "one too much",
        "nothing left",
        "none left",
        "created",
        "attempted",
        "failed",
        "cancelled",
    ],
)
def test_what_is_not_there_is_refused_and_nothing_is_written(
    payment: Callable[[], Payment], amount_minor: int | None, left: str
) -> None:
    document = payment().save()
    before = raw(document)

    with pytest.raises(RefundRefused) as refused:
        request(document, amount_minor)

    assert str(refused.value.details["refundableAmount"]) == left
    assert raw(document) == before


def test_the_number_of_refunds_is_bounded() -> None:
    payment = a_paid_payment().save()
    for _ in range(REFUNDS_PER_PAYMENT_MAX):
        request(payment, 100)
    before = raw(payment)

    with pytest.raises(RefundRefused, match="at most 50 refunds"):
        request(payment, 100)

    assert raw(payment) == before


def test_of_many_requests_at_once_those_that_fit_are_accepted() -> None:
    payment = a_paid_payment().save()

    results = together(12, lambda _: request(payment, 15_000))

    assert sum(isinstance(result, Requested) for result in results) == 3
    assert sum(isinstance(result, RefundRefused) for result in results) == 9
    assert figures(payment) == ("PAID", 45_000, 0)
    assert len(Payment.objects.get(id=payment.id).refunds) == 3


def test_a_request_that_is_overtaken_counts_what_the_other_one_took(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = a_paid_payment().save()

    before_saving(monkeypatch, Payment, lambda: request(payment, 30_000))
    with pytest.raises(RefundRefused):
        request(payment, 30_000)

    assert figures(payment) == ("PAID", 30_000, 0)


def a_key(payment: Payment, amount_minor: int) -> Idempotency:
    """Return the stored form of the client's key for this request."""
    return Idempotency.of(
        user_id=payment.user_id,
        operation="create_refund",
        client_key="key",
        request={"paymentId": payment.id, "amount_minor": amount_minor},
    )


def test_one_key_is_one_refund_however_often_and_however_fast_it_comes() -> None:
    payment = a_paid_payment().save()

    results = together(10, lambda _: request(payment, 10_000, idempotency=a_key(payment, 10_000)))

    assert len({result.refund.id for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False] + [True] * 9
    assert figures(payment) == ("PAID", 10_000, 0)


def test_one_key_for_two_payments_is_refused_and_nothing_is_written() -> None:
    first = a_paid_payment().save()
    second = a_paid_payment(user_id=first.user_id).save()
    request(first, 10_000, idempotency=a_key(first, 10_000))
    before = raw(second)

    with pytest.raises(IdempotencyMismatch):
        request(second, 10_000, idempotency=a_key(second, 10_000))

    assert raw(second) == before


@pytest.mark.parametrize("accepted_first", [True, False])
def test_a_refund_that_fails_gives_its_amount_back(accepted_first: bool) -> None:
    payment = a_paid_payment().save()
    refund = request(payment, 20_000).refund
    news = ["pending", "failed"] if accepted_first else ["failed"]

    for status in news:
        observe(payment, refund, status)

    assert figures(payment) == ("PAID", 0, 0)
    assert request(payment, None).refund.amount_minor == 50_000


def test_a_processed_refund_that_fails_later_gives_its_amount_back_once() -> None:
    payment = a_paid_payment().save()
    refund = request(payment, None).refund
    observe(payment, refund, "processed")
    refunded = figures(payment)

    observe(payment, refund, "failed")
    observe(payment, refund, "failed")

    assert refunded == ("REFUNDED", 50_000, 50_000)
    assert figures(payment) == ("PAID", 0, 0)


def test_older_news_does_not_bring_a_failed_refund_back() -> None:
    payment = a_paid_payment().save()
    refund = request(payment, 20_000).refund
    observe(payment, refund, "failed")
    before = raw(payment)

    observe(payment, refund, "pending")
    observe(payment, refund, "processed")

    assert raw(payment) == before


def a_refused_refund(payment: Payment, amount_minor: int) -> Refund:
    """Store a refund that the provider refused before it had given it an id."""
    refund = Refund(
        id=new_id(),
        amount_minor=amount_minor,
        status="failed",
        failure_reason="refused",
        requested_by="test",
        requested_at=NOW,
        idempotency_key=new_id(),
    )
    payment.refunds.append(refund)
    payment.save()
    return refund


def test_a_refused_refund_that_was_made_after_all_is_counted_again() -> None:
    payment = a_paid_payment()
    refund = a_refused_refund(payment, 20_000)

    observe(payment, refund, "processed")

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("PARTIAL_REFUND", 20_000, 20_000)
    assert (stored.refunds[0].status, stored.refunds[0].failure_reason) == ("processed", None)
    assert stored.needs_review is False
    assert [receipt.kind for receipt in stored.receipts] == ["REFUND_RECEIPT"]


def test_one_that_was_made_after_all_and_is_too_much_is_shown_and_reviewed() -> None:
    payment = a_paid_payment()
    refund = a_refused_refund(payment, 20_000)
    other = request(payment, 40_000).refund
    observe(payment, other, "processed")

    observe(payment, refund, "processed")

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("REFUNDED", 60_000, 60_000)
    assert stored.needs_review is True


def test_a_refund_made_at_the_provider_is_imported_once() -> None:
    payment = a_paid_payment().save()

    for status in ("pending", "processed", "processed"):
        observe(payment, None, status, id="rfnd_dashboard", amount_minor=20_000)

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("PARTIAL_REFUND", 20_000, 20_000)
    assert [(each.amount_minor, each.status, each.requested_by) for each in stored.refunds] == [
        (20_000, "processed", "provider")
    ]
    assert [receipt.kind for receipt in stored.receipts] == ["REFUND_RECEIPT"]
    assert stored.needs_review is False


def test_a_refund_made_at_the_provider_that_does_not_fit_is_reviewed_once() -> None:
    payment = a_paid_payment().save()
    request(payment, 40_000)

    observe(payment, None, "processed", id="rfnd_dashboard", amount_minor=20_000)
    once = raw(payment)
    observe(payment, None, "processed", id="rfnd_dashboard", amount_minor=20_000)

    assert once["needs_review"] is True
    assert "rfnd_dashboard of 20000 does not fit" in once["history"][-1]["why"]
    assert raw(payment)["history"] == once["history"]
    assert figures(payment) == ("PAID", 40_000, 0)


@pytest.mark.parametrize("status", ["pending", "processed", "failed"])
def test_a_refund_of_money_that_was_never_captured_is_none_of_ours(status: str) -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW, provider_payment_id=f"pay_{new_id()}").save()
    before = raw(payment)

    observe(payment, None, status, amount_minor=50_000)

    assert raw(payment) == before


def random_step(chance: random.Random, payment: Payment) -> None:
    """Do one of the things that can happen to a paid payment."""
    known = list(Payment.objects.get(id=payment.id).refunds)
    what = chance.choice(["request", "request", "all", "news", "news", "news", "import"])
    if what == "news" and known:
        refund = chance.choice(known)
        own_id = {"id": refund.provider_refund_id} if refund.provider_refund_id else {}
        observe(payment, refund, chance.choice(["pending", "processed", "failed"]), **own_id)
    elif what == "import":
        observe(payment, None, "processed", amount_minor=chance.randint(1, 30_000))
    elif len(known) < REFUNDS_PER_PAYMENT_MAX:
        amount = None if what == "all" else chance.randint(1, 30_000)
        try:
            request(payment, amount)
        except RefundRefused:
            return


def contradictions(payment: Payment) -> list[str]:
    """Return what does not agree in the stored payment."""
    stored = Payment.objects.get(id=payment.id)
    alive = [each for each in stored.refunds if each.status != "failed"]
    accepted = sum(each.amount_minor for each in alive if each.provider_refund_id)
    status = "PAID" if accepted == 0 else "REFUNDED" if accepted == 50_000 else "PARTIAL_REFUND"
    facts = {
        "more is reserved than was captured": stored.refund_reserved_minor > stored.captured_minor,
        "less than nothing is reserved": stored.refund_reserved_minor < 0,
        "reserved is not the sum": stored.refund_reserved_minor != sum(each.amount_minor for each in alive),
        "refunded is not the sum": stored.refunded_minor != accepted,
        "the status does not fit": stored.status != status,
        "the captured sum changed": stored.captured_minor != 50_000,
        "a receipt is there twice": len({each.id for each in stored.receipts}) != len(stored.receipts),
    }
    return [fact for fact, is_so in facts.items() if is_so]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_in_whatever_order_the_sums_agree(seed: int) -> None:
    payment, chance = a_paid_payment().save(), random.Random(seed)

    found = [(random_step(chance, payment), contradictions(payment))[1] for _ in range(40)]

    assert found == [[]] * 40
