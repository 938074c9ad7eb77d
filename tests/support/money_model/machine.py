"""Random sequences of what clients ask, what happens at the provider, and what goes wrong in between, against
the real domain and a real database. After every step the model of `checks` must hold, and at the end that of
`ending` too.
"""

import sys
from collections.abc import Callable
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from gateway.domain.late_payments import LatePolicy
from gateway.domain.work import PROCESS_WEBHOOK_EVENT
from tests.support.memory_provider import FAULTS
from tests.support.money_model import clients, ending
from tests.support.money_model.checks import contradictions
from tests.support.money_model.steps import AMOUNTS, SELDOM, STEPS, Step
from tests.support.money_model.world import LOOKS, RECONCILIATION, WEBHOOKS, World

Beginning = Literal["recorded", "open", "asked", "cancelled", "failed", "paid", "partly refunded", "refunded"]
PROVIDER_TELLS: dict[Beginning, Literal["captured", "failed"]] = {
    "failed": "failed",
    "paid": "captured",
    "partly refunded": "captured",
    "refunded": "captured",
}
CLIENT_ASKS: dict[Beginning, Callable[[World], None]] = {
    "asked": lambda world: clients.process(world, 0, clients.UPI),
    "cancelled": lambda world: clients.cancel(world, 0),
    "partly refunded": lambda world: clients.refund(world, 0, clients.REFUND_MINIMUM_MINOR, None),
    "refunded": lambda world: clients.refund(world, 0, None, None),
}


def _agree(found: list[str]) -> None:
    if found:
        raise AssertionError("\n".join(found))


class Money(RuleBasedStateMachine):
    """One sequence of steps and its ending. There is a single rule, because of several Hypothesis would leave
    out most in most sequences, and it is the mixture that matters here.

    begins: how far the first payment of every sequence has come before the first step.
    """

    begins: Beginning = "open"

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(
        policy=st.sampled_from(["accept", "refund", "hold"]),
        receipts_are_unique=st.booleans(),
        forgets_keys=st.booleans(),
        is_paid_twice=SELDOM,
        news=st.sampled_from([*[WEBHOOKS] * 8, RECONCILIATION, LOOKS]),
        amount_minor=AMOUNTS,
        fault=st.sampled_from([None] * 12 + list(FAULTS)),
    )
    def begin(
        self,
        policy: LatePolicy,
        receipts_are_unique: bool,
        forgets_keys: bool,
        is_paid_twice: bool,
        news: str,
        amount_minor: int,
        fault: str | None,
    ) -> None:
        """Choose what the provider is like and what becomes of the first call, and bring the first payment as
        far as it is to come."""
        world, begins = self.world, self.begins
        world.open(policy, receipts_are_unique, forgets_keys, is_paid_twice)
        world.news = news
        world.provider.faults += [fault] if fault else []
        world.create(amount_minor, None, opens_order=begins != "recorded")
        if begins in PROVIDER_TELLS and world.account.orders:
            world.account.pay(next(iter(world.account.orders)), PROVIDER_TELLS[begins])
            events = [world.deliver(event, event.id) for event in world.account.events]
            world.do(*((event.id, PROCESS_WEBHOOK_EVENT) for event in events if event))
        self._hold()
        if begins in CLIENT_ASKS:
            CLIENT_ASKS[begins](world)
            self._hold()

    @rule(what=STEPS)
    def happens(self, what: Step) -> None:
        """Take one step, and hold the model against what lies in the database and at the provider."""
        what.take(self.world)
        if self.world.is_touched:
            self._hold()

    def _hold(self) -> None:
        _agree(contradictions(self.world.read(), self.world.account, self.world.promises))

    def teardown(self) -> None:
        """End the sequence: all is delivered, the provider is well, and the workers come to rest."""
        is_known = False
        try:
            # A step that failed is being reported; its ending would only hide it.
            if sys.exc_info()[0] is None and self.world.is_open:
                ending.come_to_rest(self.world)
                self._hold()
                _agree(ending.contradictions(self.world))
                is_known = True
        finally:
            self.world.close(is_known=is_known)
