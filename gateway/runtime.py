"""Puts the parts together from the settings, the same for web and worker: the database connection, the
provider, the mailer, and the surroundings of each call. Call it after a fork."""

from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import cast

import mongoengine
import pymongo
from mongoengine.connection import get_connection

from config.settings import Settings
from gateway.domain import kill_points
from gateway.domain.context import Cause, Context, Limits, Policies
from gateway.domain.documents import create_indexes
from gateway.domain.passwords import Passwords
from gateway.domain.provider import Provider
from gateway.domain.receipt_contents import Issuer
from gateway.mail.choose import mailer_for
from gateway.providers.calls import CallKind, CallSettings
from gateway.providers.circuit import CircuitState
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider

INDEX_BUILD_SECONDS_MAX = 600


def connect_database(settings: Settings) -> None:
    """Point MongoEngine at the database. Does not wait for it: see `ensure_indexes`."""
    mongoengine.disconnect()
    ensure_indexes.cache_clear()
    mongoengine.connect(
        host=settings.mongodb_uri,
        tz_aware=True,
        uuidRepresentation="standard",
        serverSelectionTimeoutMS=settings.mongodb_timeout_ms,
        connectTimeoutMS=settings.mongodb_timeout_ms,
        # Bounds an operation as a whole, its repetition included; a socket timeout would bound each try.
        timeoutMS=settings.mongodb_timeout_ms,
        waitQueueTimeoutMS=settings.mongodb_timeout_ms,
        maxPoolSize=settings.mongodb_pool_size_max,
        w="majority",
    )


@lru_cache(maxsize=1)
def ensure_indexes() -> None:
    """Make sure, once per process, that the indexes exist on which "nothing twice" rests. Call it before
    anything is written. Raises pymongo's errors while MongoDB is away; the next call tries again."""
    # Under the long bound below a missing server would be waited for as long, so it is looked for first.
    get_connection().admin.command("ping")
    # Building an index over many documents takes longer than any request may, and must not be cut off.
    with pymongo.timeout(INDEX_BUILD_SECONDS_MAX):
        create_indexes()


def ping_database() -> None:
    """Ask MongoDB for a sign of life, and for the indexes. Raises pymongo's errors."""
    get_connection().admin.command("ping")
    ensure_indexes()


def passwords_for(settings: Settings) -> Passwords:
    """Return what hashes and checks passwords, the same for every process of a deployment."""
    return Passwords(
        memory_kib=settings.argon2_memory_kib,
        passes=settings.argon2_passes,
        concurrency=settings.argon2_concurrency,
        chars_min=settings.password_chars_min,
    )


def call_settings(settings: Settings) -> CallSettings:
    """Return how the provider is called: of each of its fields, the setting of that name after PROVIDER_."""
    return CallSettings(
        **{each.name: getattr(settings, f"provider_{each.name}") for each in fields(CallSettings)}
    )


class Runtime:
    """What one process needs to make a Context for each call."""

    def __init__(self, settings: Settings) -> None:
        secrets = (settings.razorpay_webhook_secret, settings.razorpay_webhook_secret_previous)
        razorpay = RazorpayProvider(
            RazorpayAccount(
                key_id=settings.razorpay_key_id,
                key_secret=settings.razorpay_key_secret,
                webhook_secrets=tuple(secret for secret in secrets if secret),
            ),
            base_url=settings.razorpay_base_url,
            calls=call_settings(settings),
            # A worker has one thread, a web process so many.
            connections_max=settings.web_threads,
        )
        self._provider: Provider = razorpay
        self._provider_circuits = razorpay.circuits
        if settings.kill_points_directory:
            kill_points.install(kill_points.killed_when_armed_in(Path(settings.kill_points_directory)))
            self._provider = cast(Provider, kill_points.PointedProvider(self._provider))
        self._limits = Limits(
            payment_amount_minor_max=settings.payment_amount_minor_max,
            claim_ttl_seconds=settings.claim_ttl_seconds,
            quick_failure_seconds=settings.quick_failure_seconds,
            work_attempts_max=settings.work_attempts_max,
            checkout_link_hours=settings.checkout_link_hours,
            payment_abandoned_after_days=settings.payment_abandoned_after_days,
            capture_overdue_seconds=settings.capture_overdue_seconds,
            refund_overdue_days=settings.refund_overdue_days,
            reconcile_interval_hours=settings.reconcile_interval_hours,
            reconcile_window_days=settings.reconcile_window_days,
            reconcile_window_days_max=settings.reconcile_window_days_max,
            reconcile_grace_seconds=settings.reconcile_grace_seconds,
            webhook_silence_minutes=settings.webhook_silence_minutes,
            webhook_attempts_max=settings.webhook_attempts_max,
            sweep_stale_seconds=settings.sweep_stale_seconds,
            work_overdue_seconds=settings.work_overdue_seconds,
            idempotency_key_ttl_seconds=settings.idempotency_key_ttl_seconds,
            login_failures_free_per_account=settings.login_failures_free_per_account,
            login_failures_free_per_address=settings.login_failures_free_per_address,
            login_delay_seconds_first=settings.login_delay_seconds_first,
            login_delay_seconds_max=settings.login_delay_seconds_max,
            login_failures_kept_seconds=settings.login_failures_kept_seconds,
            password_reset_ttl_seconds=settings.password_reset_ttl_seconds,
            password_reset_mails_per_hour_max=settings.password_reset_mails_per_hour_max,
        )
        self._policies = Policies(late_payment=settings.late_payment_policy)
        self._issuer = Issuer(
            name=settings.receipt_issuer_name,
            address=settings.receipt_issuer_address,
            email=settings.receipt_issuer_email,
            phone=settings.receipt_issuer_phone,
        )
        self._mailer = mailer_for(
            settings.mail_destination,
            sender=settings.mail_sender,
            timeout_seconds=settings.mail_timeout_seconds,
        )
        self._public_url = settings.public_url

    def provider_circuits(self) -> dict[CallKind, CircuitState]:
        """Return for each kind of calls to the provider whether this process makes them now ("closed"), holds
        them back because they kept failing ("open"), or is finding out whether they work again ("half_open").
        """
        return self._provider_circuits()

    def context(self, by: str, correlation_id: str | None = None) -> Context:
        """Return the surroundings of one call that `by` asks for, such as "user:…" or "worker:…"."""
        return Context(
            provider=self._provider,
            cause=Cause(by=by, correlation_id=correlation_id),
            limits=self._limits,
            policies=self._policies,
            public_url=self._public_url,
            issuer=self._issuer,
            mailer=self._mailer,
        )
