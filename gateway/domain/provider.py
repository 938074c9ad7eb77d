"""The port: what the service needs from a firm that moves money, in the domain's own words.

An adapter speaks it to one provider, and lets none of that provider's exceptions or dicts through.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar

T = TypeVar("T")


class ProviderError(Exception):
    """Base of the three ways in which a call to the provider can fail.

    http_status, code, field and reason are the provider's own, where it gave them. retry_after_seconds: how
    long it wants to be left alone, where it says so; or for how long we leave it alone anyway.
    """

    def __init__(
        self,
        description: str,
        *,
        http_status: int | None = None,
        code: str | None = None,
        field: str | None = None,
        reason: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.http_status = http_status
        self.code = code
        self.field = field
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class ProviderRejected(ProviderError):
    """The provider understood and said no. Asking again unchanged gives the same answer."""


class ProviderUnavailable(ProviderError):
    """The provider certainly did nothing: it could not be reached, or turned us away before acting."""


class OutcomeUnknown(ProviderError):
    """The call may or may not have had its effect. Ask by an id that we minted before calling again."""

    @property
    def answered(self) -> bool:
        """True when the provider finished with an error answer, so that nothing is still under way."""
        return self.http_status is not None


ProviderPaymentStatus = Literal["created", "authorized", "captured", "refunded", "failed"]
ProviderRefundStatus = Literal["pending", "processed", "failed"]


@dataclass(frozen=True, kw_only=True)
class ProviderOrder:
    """The provider's record of one amount to be collected. amount_minor: smallest currency unit."""

    id: str
    amount_minor: int
    currency: str
    status: str
    order_receipt: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProviderPayment:
    """One attempt of a customer to pay an order, as the provider saw it at some moment.

    captured: whether the money was ever taken; a refunded payment may never have been captured.
    refunded_minor: what the provider counts as sent back or on its way; None where it does not say.
    collect_id: the id of our UPI request, where we asked for the payment ourselves.
    """

    id: str
    order_id: str | None
    amount_minor: int
    currency: str
    status: ProviderPaymentStatus
    captured: bool
    method: str | None = None
    created_at: datetime | None = None
    failure_reason: str | None = None
    collect_id: str | None = None
    refunded_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    """Money on its way back. refund_receipt is our refund's id where we asked for it ourselves."""

    id: str
    payment_id: str
    amount_minor: int
    currency: str
    status: ProviderRefundStatus
    refund_receipt: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ProviderEvent:
    """What one webhook says: an observation of a payment, of a refund, or of neither.

    unreadable: why its payment or refund has a shape that we do not know, if so.
    """

    name: str
    unreadable: str | None = None
    payment: ProviderPayment | None = None
    refund: ProviderRefund | None = None


@dataclass(frozen=True, kw_only=True)
class Collect:
    """A request to a customer's UPI app. id is ours and goes along; the last three describe the client that
    asked for it, which the provider wants to know."""

    id: str
    order_id: str
    amount_minor: int
    currency: str
    vpa: str
    email: str
    phone_number: str
    description: str
    expires_after_minutes: int
    client_address: str
    client_program: str
    client_page: str


@dataclass(frozen=True, kw_only=True)
class ListPage(Generic[T]):
    """One page of a list that the provider keeps, in its order: the newest first.

    entries: how many it held, with those that nobody can read, so that one of them does not hide the rest;
    the next page begins after as many. is_last: whether none follows.
    """

    items: list[T]
    entries: int
    is_last: bool


class MalformedEvent(ValueError):
    """A rightly signed body that does not have the shape of an event; the text says what is missing."""


class Provider(Protocol):
    """What any provider can be asked. Every call is bounded in time, and raises only the three errors."""

    def create_order(
        self, *, amount_minor: int, currency: str, order_receipt: str, notes: dict[str, str]
    ) -> ProviderOrder:
        """Open an order. Not safe to repeat: look it up by order_receipt first."""
        ...

    def find_order(self, *, order_receipt: str) -> ProviderOrder | None:
        """Return the order that carries our receipt number, or None when there is none."""
        ...

    def collect_by_upi(self, collect: Collect) -> str:
        """Ask the customer's UPI app to approve a payment of the order; returns the provider payment's id.
        Not safe to repeat: look among the order's payments for the collect's id first."""
        ...

    def order_payments(self, order_id: str) -> list[ProviderPayment]:
        """Return every attempt made on an order, failed ones too."""
        ...

    def fetch_payment(self, payment_id: str) -> ProviderPayment:
        """Return the payment as it is now."""
        ...

    def capture_payment(self, payment_id: str, *, amount_minor: int, currency: str) -> ProviderPayment:
        """Take the authorised money. Read the payment first: a second capture is refused."""
        ...

    def create_refund(
        self, payment_id: str, *, amount_minor: int, refund_id: str, notes: dict[str, str]
    ) -> ProviderRefund:
        """Send money back. Safe to repeat with the same refund_id, which is the idempotency key."""
        ...

    def payment_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """Return every refund of this payment as it is now."""
        ...

    def fetch_order(self, order_id: str) -> ProviderOrder:
        """Return the order as it is now."""
        ...

    def list_orders(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderOrder]:
        """Return one page of the orders that were made in this time, both ends included, without the newest
        `skip` of them. A list can lag behind by minutes, and shifts while new entries arrive."""
        ...

    def list_payments(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderPayment]:
        """Return one page of the payments that were begun in this time, like `list_orders`."""
        ...

    def list_refunds(
        self, *, created_from: datetime, created_to: datetime, skip: int
    ) -> ListPage[ProviderRefund]:
        """Return one page of the refunds that were made in this time, like `list_orders`."""
        ...

    def payment_signature_is_valid(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Return whether Checkout's signature is the provider's, compared in constant time."""
        ...

    def webhook_signature_is_valid(self, body: bytes, signature: str | None) -> bool:
        """Return whether the raw body was signed with a webhook secret of ours, in constant time."""
        ...

    def read_event(self, body: bytes) -> ProviderEvent:
        """Parse a webhook's raw body. Raises MalformedEvent."""
        ...
