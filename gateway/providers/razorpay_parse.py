"""Razorpay's JSON into the port's words. Tolerant of what the documents leave out, strict about money."""

import json
from datetime import UTC, datetime
from typing import Any, cast

from gateway.domain.provider import (
    MalformedEvent,
    OutcomeUnknown,
    ProviderEvent,
    ProviderOrder,
    ProviderPayment,
    ProviderPaymentStatus,
    ProviderRefund,
    ProviderRefundStatus,
)

# The note of a provider payment that carries the id of our UPI request.
COLLECT_ID_NOTE = "collectId"
PAYMENT_STATUSES = ("created", "authorized", "captured", "refunded", "failed")
REFUND_STATUSES = ("pending", "processed", "failed")


class _Unreadable(ValueError):
    """A field is missing or has another type than documented."""


def parse_order(raw: Any) -> ProviderOrder:
    """Read an order from an API answer. Raises OutcomeUnknown when the answer is not an order."""
    try:
        return ProviderOrder(
            id=_string(raw, "id"),
            amount_minor=_integer(raw, "amount"),
            currency=_string(raw, "currency"),
            status=_string(raw, "status"),
            order_receipt=_optional_string(raw, "receipt"),
            created_at=_known_time(raw),
        )
    except _Unreadable as error:
        raise OutcomeUnknown(f"the provider's order could not be read: {error}") from error


def parse_payment(raw: Any) -> ProviderPayment:
    """Read a payment from an API answer. Raises OutcomeUnknown when the answer is not a payment."""
    try:
        return _payment(raw)
    except _Unreadable as error:
        raise OutcomeUnknown(f"the provider's payment could not be read: {error}") from error


def parse_collected(raw: Any) -> str:
    """Read the provider payment's id from the answer to a UPI request. Raises OutcomeUnknown when there is
    none, because the request may have been made all the same."""
    try:
        return _string(raw, "razorpay_payment_id")
    except _Unreadable as error:
        raise OutcomeUnknown(f"the answer to the UPI request could not be read: {error}") from error


def parse_refund(raw: Any) -> ProviderRefund:
    """Read a refund from an API answer. Raises OutcomeUnknown when the answer is not a refund."""
    try:
        return _refund(raw)
    except _Unreadable as error:
        raise OutcomeUnknown(f"the provider's refund could not be read: {error}") from error


def parse_event(body: bytes) -> ProviderEvent:
    """Read a webhook's raw body. Raises MalformedEvent."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEvent("the body is not JSON") from error
    if not isinstance(raw, dict):
        raise MalformedEvent("the body is not a JSON object")
    try:
        name = _string(raw, "event")
    except _Unreadable as error:
        raise MalformedEvent(str(error)) from error
    payload = raw.get("payload")
    payment = _entity(payload, "payment")
    refund = _entity(payload, "refund")
    try:
        return ProviderEvent(
            name=name,
            payment=_payment(payment) if payment is not None and "id" in payment else None,
            refund=_refund(refund) if refund is not None else None,
        )
    except _Unreadable as error:
        return ProviderEvent(name=name, unreadable=str(error))


def _entity(payload: Any, key: str) -> dict[str, Any] | None:
    wrapped = payload.get(key) if isinstance(payload, dict) else None
    entity = wrapped.get("entity") if isinstance(wrapped, dict) else None
    return entity if isinstance(entity, dict) else None


def _payment(raw: Any) -> ProviderPayment:
    status = _choice(raw, "status", PAYMENT_STATUSES)
    captured = raw.get("captured")
    return ProviderPayment(
        id=_string(raw, "id"),
        order_id=_optional_string(raw, "order_id"),
        amount_minor=_integer(raw, "amount"),
        currency=_string(raw, "currency"),
        status=cast(ProviderPaymentStatus, status),
        captured=captured if isinstance(captured, bool) else status == "captured",
        method=_optional_string(raw, "method"),
        created_at=_time(raw),
        failure_reason=_optional_string(raw, "error_description"),
        collect_id=_note(raw, COLLECT_ID_NOTE),
        refunded_minor=_optional_integer(raw, "amount_refunded"),
    )


def _refund(raw: Any) -> ProviderRefund:
    return ProviderRefund(
        id=_string(raw, "id"),
        payment_id=_string(raw, "payment_id"),
        amount_minor=_integer(raw, "amount"),
        currency=_string(raw, "currency"),
        status=cast(ProviderRefundStatus, _choice(raw, "status", REFUND_STATUSES)),
        refund_receipt=_optional_string(raw, "receipt"),
        created_at=_time(raw),
    )


def _field(raw: Any, key: str) -> Any:
    if not isinstance(raw, dict) or raw.get(key) is None:
        raise _Unreadable(f"{key} is missing")
    return raw[key]


def _string(raw: Any, key: str) -> str:
    value = _field(raw, key)
    if not isinstance(value, str) or not value:
        raise _Unreadable(f"{key} is not text")
    return value


def _optional_string(raw: Any, key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None


def _note(raw: Any, key: str) -> str | None:
    # Empty notes are an empty list.
    notes = raw.get("notes")
    return _optional_string(notes, key) if isinstance(notes, dict) else None


def _integer(raw: Any, key: str) -> int:
    value = _field(raw, key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Unreadable(f"{key} is not an integer")
    return value


def _optional_integer(raw: Any, key: str) -> int | None:
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _choice(raw: Any, key: str, allowed: tuple[str, ...]) -> str:
    value = _string(raw, key)
    if value not in allowed:
        raise _Unreadable(f"{key} is {value!r}")
    return value


def _known_time(raw: Any) -> datetime:
    time = _time(raw)
    if time is None:
        raise _Unreadable("created_at is not a time")
    return time


def _time(raw: Any) -> datetime | None:
    value = raw.get("created_at")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)
