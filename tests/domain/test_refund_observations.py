"""What the provider says about refunds: amounts given back, imported, and counted again; and the sums that
agree whatever happens."""

import random
from itertools import permutations

import pytest

from gateway.domain import discrepancies, receipts, refunds
from gateway.domain.errors import RefundRefused
from gateway.domain.ids import new_id
from gateway.domain.models import REFUNDS_PER_PAYMENT_MAX, Payment, Refund
from gateway.domain.provider import ProviderRefund
from tests.support.domain import NOW, Clock, a_context, a_paid_payment, a_payment, raw
from tests.support.refunding import ask, figures, hear
from tests.support.stubborn import Stubborn, asking

pytestmark = pytest.mark.usefixtures("stack")


@pytest.mark.parametrize("accepted_first", [True, False])
def test_a_refund_that_fails_gives_its_amount_back(accepted_first: bool) -> None:
    payment = a_paid_payment().save()
    refund = ask(payment, 20_000).refund
    news = ["pending", "failed"] if accepted_first else ["failed"]

    for status in news:
        hear(payment, refund, status)

    assert figures(payment) == ("PAID", 0, 0)
    assert ask(payment, None).refund.amount_minor == 50_000


def test_a_processed_refund_that_fails_later_gives_its_amount_back_once() -> None:
    payment = a_paid_payment().save()
    refund = ask(payment, None).refund
    hear(payment, refund, "processed")
    refunded = figures(payment)

    hear(payment, refund, "failed")
    hear(payment, refund, "failed")

    assert refunded == ("REFUNDED", 50_000, 50_000)
    assert figures(payment) == ("PAID", 0, 0)


def test_older_news_does_not_bring_a_failed_refund_back() -> None:
    payment = a_paid_payment().save()
    refund = ask(payment, 20_000).refund
    hear(payment, refund, "failed")
    before = raw(payment)

    hear(payment, refund, "pending")
    hear(payment, refund, "processed")

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

    hear(payment, refund, "processed")

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("PARTIAL_REFUND", 20_000, 20_000)
    assert (stored.refunds[0].status, stored.refunds[0].failure_reason) == ("processed", None)
    assert stored.needs_review is False
    assert [receipt.kind for receipt in stored.receipts] == ["REFUND_RECEIPT"]


def test_one_that_was_made_after_all_and_is_too_much_is_shown_and_reviewed() -> None:
    payment = a_paid_payment()
    refund = a_refused_refund(payment, 20_000)
    other = ask(payment, 40_000).refund
    hear(payment, other, "processed")

    hear(payment, refund, "processed")

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("REFUNDED", 60_000, 60_000)
    assert stored.needs_review is True


def test_a_refund_made_at_the_provider_is_imported_once() -> None:
    payment = a_paid_payment().save()

    for status in ("pending", "processed", "processed"):
        hear(payment, None, status, id="rfnd_dashboard", amount_minor=20_000)

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("PARTIAL_REFUND", 20_000, 20_000)
    assert [(each.amount_minor, each.status, each.requested_by) for each in stored.refunds] == [
        (20_000, "processed", "provider")
    ]
    assert [receipt.kind for receipt in stored.receipts] == ["REFUND_RECEIPT"]
    assert stored.needs_review is False


def test_a_refund_made_at_the_provider_that_does_not_fit_is_reviewed_once() -> None:
    payment = a_paid_payment().save()
    ask(payment, 40_000)

    hear(payment, None, "processed", id="rfnd_dashboard", amount_minor=20_000)
    once = raw(payment)
    hear(payment, None, "processed", id="rfnd_dashboard", amount_minor=20_000)

    assert once["needs_review"] is True
    assert "rfnd_dashboard of 20000 does not fit" in once["history"][-1]["why"]
    assert raw(payment)["history"] == once["history"]
    assert figures(payment) == ("PAID", 40_000, 0)


@pytest.mark.parametrize("order", list(permutations(["pending", "processed", "failed"])), ids="-".join)
def test_a_refund_at_the_provider_that_failed_stays_failed_in_whatever_order_it_is_told(
    order: tuple[str, ...],
) -> None:
    payment = a_paid_payment().save()

    for status in (*order, *order):
        hear(payment, None, status, id=f"rfnd_of_{payment.id}", amount_minor=20_000)

    stored = Payment.objects.get(id=payment.id)
    assert figures(payment) == ("PAID", 0, 0)
    assert [(each.amount_minor, each.status, each.requested_by) for each in stored.refunds] == [
        (20_000, "failed", "provider")
    ]
    assert (stored.needs_review, ask(payment, None).refund.amount_minor) == (False, 50_000)


@pytest.mark.parametrize("pending_elsewhere", [False, True])
def test_a_refund_that_did_not_fit_is_imported_once_another_one_has_made_room(
    pending_elsewhere: bool,
) -> None:
    payment = a_paid_payment().save()
    ours = ask(payment, 40_000).refund
    small = ask(payment, 5_000).refund
    hear(payment, small, "pending" if pending_elsewhere else "processed")
    dashboard = ProviderRefund(
        id=f"rfnd_{new_id()}",
        payment_id=payment.provider_payment_id,
        amount_minor=20_000,
        currency="INR",
        status="processed",
        created_at=NOW,
    )
    refunds.observe(a_context(), payment.id, dashboard)

    hear(payment, ours, "failed")
    discrepancies.store(a_context(), payment.id)
    receipts.issue(a_context(), payment.id)
    provider = Stubborn(payment_refunds=[[dashboard]])
    refunds.confirm(asking(provider, Clock()), payment.id)

    stored = Payment.objects.get(id=payment.id)
    assert provider.calls == ["payment_refunds"]
    assert figures(payment) == ("PARTIAL_REFUND", 25_000, 25_000)
    assert [(each.amount_minor, each.requested_by) for each in stored.refunds if each.status != "failed"] == [
        (5_000, "test"),
        (20_000, "provider"),
    ]
    assert stored.refunds_unread is None
    assert (stored.needs_review, [each.kind for each in stored.discrepancies]) == (True, ["refund_excess"])


def test_nothing_is_read_again_when_every_refund_did_fit() -> None:
    payment = a_paid_payment().save()
    refund = ask(payment, 40_000).refund

    hear(payment, refund, "failed")

    stored = Payment.objects.get(id=payment.id)
    assert (stored.refunds_unread, stored.work) == (None, None)


@pytest.mark.parametrize("status", ["pending", "processed", "failed"])
def test_a_refund_of_money_that_was_never_captured_is_none_of_ours(status: str) -> None:
    payment = a_payment("ATTEMPTED", authorized_at=NOW, provider_payment_id=f"pay_{new_id()}").save()
    before = raw(payment)

    hear(payment, None, status, amount_minor=50_000)

    assert raw(payment) == before


def random_step(chance: random.Random, payment: Payment) -> None:
    """Do one of the things that can happen to a paid payment."""
    known = list(Payment.objects.get(id=payment.id).refunds)
    what = chance.choice(["request", "request", "all", "news", "news", "news", "import"])
    if what == "news" and known:
        refund = chance.choice(known)
        own_id = {"id": refund.provider_refund_id} if refund.provider_refund_id else {}
        hear(payment, refund, chance.choice(["pending", "processed", "failed"]), **own_id)
    elif what == "import":
        hear(payment, None, "processed", amount_minor=chance.randint(1, 30_000))
    elif len(known) < REFUNDS_PER_PAYMENT_MAX:
        amount = None if what == "all" else chance.randint(1, 30_000)
        try:
            ask(payment, amount)
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
