"""Our payments in a database of a test's own and an account at the provider in memory, under one clock, and
the comparison of the two."""

from datetime import timedelta
from typing import Any, cast

from gateway.domain.context import Cause, Context, Limits, Policies
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.models import Payment
from gateway.domain.provider import Provider
from gateway.domain.reconciliation import runs
from gateway.domain.reconciliation.models import COMMAND, ReconciliationRun
from gateway.domain.reconciliation.runs import Window
from tests.support.domain import Clock, a_payment
from tests.support.memory_account import MemoryAccount
from tests.support.memory_provider import MemoryProvider

DAY = timedelta(days=1)


class BothSides:
    """Both sides. Nobody delivers the account's webhooks, and no worker runs."""

    def __init__(self, **policies: Any) -> None:
        self.clock = Clock()
        self.account = MemoryAccount(self.clock, is_paid_twice=True)
        self.provider = MemoryProvider(self.account)
        self.policies = Policies(**policies)

    def context(self, **limits: Any) -> Context:
        """Return the surroundings of a call."""
        return Context(
            provider=cast(Provider, self.provider),
            cause=Cause(by="test", correlation_id="correlation"),
            limits=Limits(**limits),
            policies=self.policies,
            now=self.clock,
        )

    def payment(self, **fields: Any) -> Payment:
        """Store a payment of 500.00 rupees whose order is open on both sides."""
        now = self.clock()
        payment = a_payment(opened=False, created_at=now, updated_at=now, **fields)
        payment.order_requested_at = None
        order = self.account.open_order(payment.amount_minor, payment.currency, payment.order_receipt)
        payment.provider_order_id, payment.provider_order_created_at = order.id, order.created_at
        payment.history[0].at = now
        return payment.save(force_insert=True)

    def pays(self, payment: Payment, status: Any = "captured") -> str:
        """Let the customer pay, or try to; returns the provider payment's id."""
        self.account.pay(payment.provider_order_id, status)
        return self.account.payments_of(payment.provider_order_id)[-1].id

    def compare(self, **options: Any) -> ReconciliationRun:
        """Let an hour pass, and compare the last day to the end."""
        self.clock.advance(3600)
        return self.finish(self.start(**options))

    def start(self, *, is_dry_run: bool = False) -> runs.RunClaim:
        """Begin to compare the last day."""
        now = self.clock()
        return runs.start(self.context(), COMMAND, Window(now - DAY, now), is_dry_run=is_dry_run)

    def finish(self, claim: runs.RunClaim | None) -> ReconciliationRun:
        """Go through a run."""
        assert claim is not None
        run = runs.proceed(self.context(), claim, is_sliced=False)
        assert run.finished_at, run.to_mongo()
        return run


def stored(payment: Payment) -> Payment:
    """Return the payment as it lies in the database."""
    return Payment.objects.get(id=payment.id)


def told(payment: Payment) -> list[tuple[str, str]]:
    """Return the state and sentence of each discrepancy of a payment."""
    found = Discrepancy.objects(payment_id=payment.id).order_by("found_at", "kind")
    return [(each.state, each.sentence) for each in found]


def counts(run: ReconciliationRun) -> dict[str, int]:
    """Return what a run has counted, but for zeros."""
    names = ("compared", "agreed", "left", "foreign", "corrected", "queued", "passed_over")
    return {name: getattr(run, name) for name in names if getattr(run, name)}
