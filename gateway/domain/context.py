"""What every decision needs from outside: the time, who asks, the limits, the provider, and the mailer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from gateway.domain.mailer import Mailer, NoMailer
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
    quick_failure_seconds: float = 5.0
    work_attempts_max: int = 50
    webhook_attempts_max: int = 12
    sweep_stale_seconds: int = 60
    work_overdue_seconds: int = 300
    checkout_link_hours: int = 30 * 24
    payment_abandoned_after_days: int = 30
    capture_overdue_seconds: int = 600
    refund_overdue_days: int = 10
    reconcile_interval_hours: int = 24
    reconcile_window_days: int = 4
    reconcile_window_days_max: int = 31
    reconcile_grace_seconds: int = 300
    webhook_silence_minutes: int = 30
    idempotency_key_ttl_seconds: int = 24 * 3600
    login_failures_free_per_account: int = 5
    login_failures_free_per_address: int = 100
    login_delay_seconds_first: int = 5
    login_delay_seconds_max: int = 900
    login_failures_kept_seconds: int = 24 * 3600
    password_reset_ttl_seconds: int = 3600
    password_reset_mails_per_hour_max: int = 5


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What the operator has chosen. Each comes from the setting of the same name, with `_policy`."""

    # Money for a cancelled payment: take it, return it, or leave it for a person to decide.
    late_payment: Literal["accept", "refund", "hold"] = "hold"


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one call into the domain. `now` is a function, because calls take time."""

    provider: Provider
    cause: Cause
    limits: Limits = field(default_factory=Limits)
    policies: Policies = field(default_factory=Policies)
    now: Callable[[], datetime] = utc_now
    # Where people reach this service; links in mails and answers begin with it.
    public_url: str = "http://127.0.0.1:8000"
    issuer: Issuer = field(default_factory=lambda: Issuer(name="", address="", email="", phone=""))
    mailer: Mailer = field(default_factory=NoMailer)
