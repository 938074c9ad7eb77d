"""An order that was paid twice: the second payment is returned in full, once, whatever gets lost."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain import discrepancies, duplicate_refunds, payments, work
from gateway.domain.duplicates import observe_refund
from gateway.domain.models import DuplicatePayment, Payment
from gateway.domain.provider import OutcomeUnknown, ProviderRefund, ProviderRejected, ProviderUnavailable
from gateway.domain.transitions import change_payment
from tests.support.domain import NOW, Clock, a_context, a_paid_payment, seen
from tests.support.stubborn import Stubborn, asking

pytestmark = pytest.mark.usefixtures("stack")

LOST = OutcomeUnknown("the provider did not answer in time")
AWAY = ProviderUnavailable("the provider could not be reached")
REFUSED = ProviderRejected("The payment has been fully refunded already", http_status=400)


class PaidTwice:
    """A stored payment whose order was paid a second time."""

    def __init__(self) -> None:
        self.clock = Clock()
        payment = a_paid_payment().save(force_insert=True)
        self.second = f"pay_second_of_{payment.id}"
        context = a_context(self.clock)
        payments.observe(context, payment.id, [seen(payment, "captured", self.second)])
        # That it was paid twice is told before its money goes back.
        self.payment = discrepancies.store(context, payment.id)

    def stored(self) -> Payment:
        """Return the payment as it is now."""
        return Payment.objects.get(id=self.payment.id)

    def duplicate(self) -> DuplicatePayment:
        """Return its only duplicate as it is now."""
        (duplicate,) = self.stored().duplicates
        return duplicate

    def returned(self, status: str = "processed", **fields: Any) -> ProviderRefund:
        """Return what the provider says of the refund."""
        values: dict[str, Any] = {
            "id": "rfnd_1",
            "payment_id": self.second,
            "amount_minor": 50_000,
            "currency": "INR",
            "status": status,
            "refund_receipt": self.duplicate().refund.id,
        }
        return ProviderRefund(**values | fields)

    def work_off(self, provider: Stubborn, times: int = 1) -> None:
        """Let a worker do the payment's work so many times, each when it is due."""
        for _ in range(times):
            self.clock.advance(1000)
            duplicate_refunds.refund(asking(provider, self.clock), self.payment.id)

    def hear(self, refund: ProviderRefund) -> bool:
        """Hear of the refund by an event."""
        context = a_context(self.clock)
        return change_payment(
            context, self.payment.id, lambda payment: observe_refund(payment, refund, context)
        ).written


def test_the_second_payment_is_returned_and_the_first_one_is_untouched() -> None:
    paid = PaidTwice()
    provider = Stubborn(payment_refunds=[[]], create_refund=[paid.returned()])

    assert paid.payment.work.kind == work.REFUND_DUPLICATE
    paid.work_off(provider)

    payment = paid.stored()
    assert provider.calls == ["payment_refunds", "create_refund"]
    assert (paid.duplicate().refund.status, paid.duplicate().refund.provider_refund_id) == (
        "processed",
        "rfnd_1",
    )
    assert (payment.status, payment.captured_minor, payment.refunded_minor) == ("PAID", 50_000, 0)
    assert (payment.refunds, payment.refund_reserved_minor, payment.needs_review) == ([], 0, True)
    assert [(ref.kind, ref.refund_id) for ref in payment.receipts] == [
        ("REFUND_RECEIPT", paid.duplicate().refund.id)
    ]
    assert payment.history[-1].why == f"the refund rfnd_1 of the duplicate payment {paid.second} is processed"


def test_a_return_whose_answer_was_lost_is_found_and_not_made_again() -> None:
    paid = PaidTwice()
    provider = Stubborn(payment_refunds=[[], [paid.returned()]], create_refund=[LOST])

    paid.work_off(provider, 2)

    assert provider.calls == ["payment_refunds", "create_refund", "payment_refunds"]
    assert paid.duplicate().refund.status == "processed"


def test_a_provider_that_is_away_is_asked_again() -> None:
    paid = PaidTwice()
    provider = Stubborn(payment_refunds=[AWAY, []], create_refund=[AWAY, paid.returned()])

    paid.work_off(provider, 3)

    assert provider.calls == ["payment_refunds", *["payment_refunds", "create_refund"] * 2]
    assert paid.duplicate().refund.status == "processed"


def test_what_the_provider_returned_by_itself_is_not_returned_again() -> None:
    paid = PaidTwice()
    provider = Stubborn(payment_refunds=[[paid.returned(refund_receipt=None)]])

    paid.work_off(provider)

    assert provider.calls == ["payment_refunds"]
    assert (paid.duplicate().refund.status, paid.duplicate().refund.provider_refund_id) == (
        "processed",
        "rfnd_1",
    )


def test_a_refused_return_is_left_to_a_person_and_noticed_when_it_is_made_by_one() -> None:
    paid = PaidTwice()
    provider = Stubborn(payment_refunds=[[]], create_refund=[REFUSED])

    paid.work_off(provider)

    assert (paid.duplicate().refund.status, paid.stored().work) == ("failed", None)
    assert paid.stored().history[-1].why == (
        f"needs review: the duplicate payment {paid.second} could not be returned:"
        " The payment has been fully refunded already"
    )
    assert paid.hear(paid.returned(refund_receipt=None)) is True
    assert (paid.duplicate().refund.status, paid.duplicate().refund.failure_reason) == ("processed", None)


def test_an_accepted_return_is_looked_at_again_until_it_is_processed() -> None:
    paid = PaidTwice()
    provider = Stubborn(
        payment_refunds=[[], [paid.returned("pending")], [paid.returned()]],
        create_refund=[paid.returned("pending")],
    )

    paid.work_off(provider)
    due_at = paid.stored().work.due_at
    paid.work_off(provider, 2)

    assert due_at == paid.clock.now - timedelta(seconds=2000) + timedelta(minutes=10)
    assert provider.calls == ["payment_refunds", "create_refund", "payment_refunds", "payment_refunds"]
    assert paid.duplicate().refund.status == "processed"


def test_events_about_the_return_in_any_order_end_the_same() -> None:
    paid = PaidTwice()

    heard = [paid.hear(paid.returned(status)) for status in ("pending", "processed", "pending", "processed")]

    assert heard == [True, True, False, False]
    assert paid.duplicate().refund.status == "processed"


def test_a_return_that_failed_later_is_left_to_a_person() -> None:
    paid = PaidTwice()
    paid.work_off(Stubborn(payment_refunds=[[]], create_refund=[paid.returned("pending")]))

    assert paid.hear(paid.returned("failed")) is True
    assert paid.hear(paid.returned("failed")) is False

    assert (paid.duplicate().refund.status, paid.stored().work) == ("failed", None)
    assert paid.stored().history[-1].why.startswith("needs review: the duplicate payment")


def test_a_refund_of_another_amount_is_not_taken_for_the_return() -> None:
    paid = PaidTwice()

    assert paid.hear(paid.returned(amount_minor=100, refund_receipt=None)) is False

    assert paid.duplicate().refund.provider_refund_id is None


def test_a_return_that_is_pending_for_long_is_shown_to_a_person_once() -> None:
    paid = PaidTwice()
    pending = paid.returned("pending")
    provider = Stubborn(payment_refunds=[[], [pending]], create_refund=[pending])

    paid.work_off(provider)
    paid.clock.now = NOW + timedelta(days=11)
    paid.work_off(provider, 2)

    flagged = [entry.why for entry in paid.stored().history if "pending for more than" in entry.why]
    assert flagged == ["needs review: refund rfnd_1 has been pending for more than 10 days"]
