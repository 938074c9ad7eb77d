"""The provider's port on an account in memory, with the faults that a call over a network can meet."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from gateway.domain.provider import (
    Collect,
    ListPage,
    OutcomeUnknown,
    ProviderEvent,
    ProviderOrder,
    ProviderPayment,
    ProviderRefund,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.support.memory_account import MemoryAccount

T = TypeVar("T")

# What may become of one call. A lost answer leaves nothing behind, or the effect, or an effect that is yet to
# come; an error answer is final, and leaves nothing or the effect.
AWAY = "away"
LOST_BEFORE = "lost before"
LOST_AFTER = "lost after"
LOST_UNDER_WAY = "lost under way"
ERROR_BEFORE = "error before"
ERROR_AFTER = "error after"
FAULTS = (AWAY, LOST_BEFORE, LOST_AFTER, LOST_UNDER_WAY, ERROR_BEFORE, ERROR_AFTER)
# A call whose answer was lost takes effect within this time or never; `orders` waits a little longer.
UNDER_WAY_SECONDS_MAX = 9
PAGE_ITEMS_MAX = 3
WEBHOOK_SIGNATURE = "signed by the provider"


def checkout_signature(order_id: str, payment_id: str) -> str:
    """Return what Checkout hands to the browser of a customer who has paid."""
    return f"signed {order_id} {payment_id}"


class MemoryProvider:
    """An account as the service calls it. `faults` says what becomes of the next calls, one after the other.

    forgets_keys: the provider has forgotten its idempotency keys, and refuses a refund receipt twice.
    """

    def __init__(self, account: MemoryAccount, *, forgets_keys: bool = False) -> None:
        self.account = account
        self.forgets_keys = forgets_keys
        self.calls: Counter[str] = Counter()
        self.faults: list[str] = []
        self.is_away = False
        self._under_way: list[tuple[datetime, Callable[[], Any]]] = []

    def advance(self, seconds: float) -> None:
        """Move the time on; the lost calls that are under way take effect on the way."""
        clock = self.account.clock
        end = clock() + timedelta(seconds=seconds)
        while self._under_way and self._under_way[0][0] <= end:
            clock.now, effect = self._under_way.pop(0)
            _unheard(effect)
        clock.now = end

    def _call(self, name: str, effect: Callable[[], T]) -> T:
        self.calls[name] += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault is None and not self.is_away:
            return effect()
        if fault == AWAY or self.is_away:
            raise ProviderUnavailable("the provider could not be reached")
        if fault == LOST_UNDER_WAY:
            until = self.account.clock() + timedelta(seconds=UNDER_WAY_SECONDS_MAX)
            self._under_way.append((until, effect))
        if fault in (LOST_AFTER, ERROR_AFTER):
            _unheard(effect)
        is_answered = fault in (ERROR_BEFORE, ERROR_AFTER)
        raise OutcomeUnknown("the provider's answer was lost", http_status=502 if is_answered else None)

    def create_order(
        self, *, amount_minor: int, currency: str, order_receipt: str, notes: dict[str, str]
    ) -> ProviderOrder:
        """Open an order."""
        return self._call(
            "create_order", lambda: self.account.open_order(amount_minor, currency, order_receipt)
        )

    def find_order(self, *, order_receipt: str) -> ProviderOrder | None:
        """Return the order with this receipt."""
        return self._call("find_order", lambda: next(iter(self.account.orders_with(order_receipt)), None))

    def collect_by_upi(self, collect: Collect) -> str:
        """Make an attempt that waits for the customer's approval."""

        def effect() -> str:
            if self.account.is_taken(collect.order_id):
                raise ProviderRejected("The order is already paid.", http_status=400)
            return self.account.attempt(collect.order_id, status="created", collect_id=collect.id).id

        return self._call("collect_by_upi", effect)

    def order_payments(self, order_id: str) -> list[ProviderPayment]:
        """Return the attempts, the newest first."""
        return self._call("order_payments", lambda: self.account.payments_of(order_id)[::-1])

    def fetch_payment(self, payment_id: str) -> ProviderPayment:
        """Return the payment."""
        return self._call("fetch_payment", lambda: self.account.existing(payment_id))

    def capture_payment(self, payment_id: str, *, amount_minor: int, currency: str) -> ProviderPayment:
        """Capture an authorised payment."""
        return self._call("capture_payment", lambda: self.account.capture(payment_id, amount_minor))

    def create_refund(
        self, payment_id: str, *, amount_minor: int, refund_id: str, notes: dict[str, str]
    ) -> ProviderRefund:
        """Send money back, once per refund_id: a key gets the refund that it made before."""

        def effect() -> ProviderRefund:
            refunds = self.account.refunds_of(payment_id)
            made = next((each for each in refunds if each.refund_receipt == refund_id), None)
            if made is None:
                return self.account.refund(payment_id, amount_minor, refund_id)
            if self.forgets_keys:
                raise ProviderRejected("Duplicate receipt found for this refund request.", http_status=400)
            if made.amount_minor != amount_minor:
                raise ProviderRejected("Different request with the same idempotency key", http_status=409)
            return made

        return self._call("create_refund", effect)

    def payment_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """Return the payment's refunds, the newest first."""
        return self._call("payment_refunds", lambda: self.account.refunds_of(payment_id)[::-1])

    def fetch_order(self, order_id: str) -> ProviderOrder:
        """Return the order."""
        return self._call("fetch_order", lambda: self.account.order(order_id))

    def list_orders(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderOrder]:
        """Return a page of orders."""
        orders = [self.account.order(each) for each in self.account.orders]
        return self._call("list_orders", lambda: _page(orders, created_from, created_to, skip))

    def list_payments(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderPayment]:
        """Return a page of payments."""
        payments = self.account.payments.values()
        return self._call("list_payments", lambda: _page(payments, created_from, created_to, skip))

    def list_refunds(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderRefund]:
        """Return a page of refunds."""
        refunds = self.account.refunds.values()
        return self._call("list_refunds", lambda: _page(refunds, created_from, created_to, skip))

    def payment_signature_is_valid(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Return whether it is the one that Checkout gave."""
        return signature == checkout_signature(order_id, payment_id)

    def webhook_signature_is_valid(self, body: bytes, signature: str | None) -> bool:
        """Return whether the provider has signed it."""
        return signature == WEBHOOK_SIGNATURE

    def read_event(self, body: bytes) -> ProviderEvent:
        """Return what an event of the account says."""
        told = json.loads(body)
        return ProviderEvent(
            name=told["name"],
            payment=ProviderPayment(**_with_time(told["payment"])),
            refund=ProviderRefund(**_with_time(told["refund"])) if told["refund"] else None,
        )


def _page(items: Iterable[Any], created_from: datetime, created_to: datetime, skip: int) -> ListPage[Any]:
    """Return the items made in this time, the newest first. Pages are short, so that there are several."""
    found = [each for each in items if created_from <= each.created_at <= created_to][::-1][skip:]
    page = found[:PAGE_ITEMS_MAX]
    return ListPage(items=page, entries=len(page), is_last=len(found) <= PAGE_ITEMS_MAX)


def _with_time(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"created_at": datetime.fromisoformat(told["created_at"])}


def _unheard(effect: Callable[[], Any]) -> None:
    """Let a call take effect that nobody hears the answer of, be it a refusal."""
    try:
        effect()
    except ProviderRejected:
        return
