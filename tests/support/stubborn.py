"""A provider that answers as it was told, for answers that no sandbox gives."""

from dataclasses import replace
from typing import Any, cast

from gateway.domain.context import Context
from gateway.domain.provider import Collect, Provider, ProviderOrder, ProviderPayment, ProviderRefund
from tests.support.domain import Clock, a_context


class Stubborn:
    """Answers each call from its list of answers, an exception by raising it, and counts the calls."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.calls: list[str] = []
        self.collects: list[Collect] = []

    def _next(self, call: str) -> Any:
        self.calls.append(call)
        waiting = self.answers[call]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def create_order(self, **_: Any) -> ProviderOrder:
        """Answer as told."""
        return cast(ProviderOrder, self._next("create_order"))

    def find_order(self, **_: Any) -> ProviderOrder | None:
        """Answer as told."""
        return cast(ProviderOrder | None, self._next("find_order"))

    def collect_by_upi(self, collect: Collect) -> str:
        """Answer as told."""
        self.collects.append(collect)
        return cast(str, self._next("collect_by_upi"))

    def fetch_payment(self, payment_id: str) -> ProviderPayment:
        """Answer as told."""
        return cast(ProviderPayment, self._next("fetch_payment"))

    def order_payments(self, order_id: str) -> list[ProviderPayment]:
        """Answer as told."""
        return cast(list[ProviderPayment], self._next("order_payments"))

    def create_refund(self, payment_id: str, **_: Any) -> ProviderRefund:
        """Answer as told."""
        return cast(ProviderRefund, self._next("create_refund"))

    def payment_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """Answer as told."""
        return cast(list[ProviderRefund], self._next("payment_refunds"))


def asking(provider: Stubborn, clock: Clock) -> Context:
    """Return the surroundings of calls that ask this provider."""
    return replace(a_context(clock=clock), provider=cast(Provider, provider))
