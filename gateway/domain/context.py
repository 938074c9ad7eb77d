"""What every decision needs from outside: the time, who asks, the limits, and the provider."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.domain.provider import Provider
from gateway.domain.receipt_contents import Issuer


def utc_now() -> datetime:
    """Return the current time, cut to milliseconds, which is what MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Who or what causes a change, for the history. correlation_id joins it to the log lines."""

    by: str
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The bounds of the domain. Each comes from the setting of the same name."""

    payment_amount_minor_max: int = 1_000_000_000_000
    claim_ttl_seconds: int = 25
    work_attempts_max: int = 50
    idempotency_key_ttl_seconds: int = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one call into the domain. `now` is a function, because calls take time."""

    provider: Provider
    cause: Cause
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = utc_now
    issuer: Issuer = field(default_factory=lambda: Issuer(name="", address="", email="", phone=""))
