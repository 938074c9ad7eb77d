"""Every setting of the service, read once from the environment, typed and frozen.

A missing or malformed variable stops the boot with its name. Nothing else reads the environment.
"""

import sys
from functools import lru_cache
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.mail import MailDirectory, SmtpServer, check_sender, parse_mail_url
from config.provider_settings import ProviderSettings

JWT_SECRET_CHARS_MIN = 32
# The cheapest that OWASP lists for Argon2id: 7 MiB with five passes.
ARGON2_COST_MIN = 7 * 1024 * 5


def _mail_url(text: str) -> str:
    parse_mail_url(text)
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://payments.example.com")
    return text.rstrip("/")


def _rate_limit(text: str) -> str:
    try:
        parse_many(text)
    except ValueError as error:
        raise ValueError("must be a rate, such as 100 per 15 minutes") from error
    return text


RateLimit = Annotated[str, AfterValidator(_rate_limit)]


class Settings(ProviderSettings, BaseSettings):
    """Settings of one deployment. Units come last in each name; the README's table lists them all."""

    # An empty variable counts as a missing one: a signature made with an empty secret can be made by anyone.
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=False, env_ignore_empty=True
    )

    # Secrets and addresses: no defaults, because a guess here would lose money or let people in.
    mongodb_uri: str = Field(repr=False)
    redis_url: str = Field(repr=False)
    razorpay_key_id: str
    razorpay_key_secret: str = Field(repr=False)
    razorpay_webhook_secret: str = Field(repr=False)
    jwt_secret_key: str = Field(repr=False, min_length=JWT_SECRET_CHARS_MIN)
    # While the webhook secret is being rotated, retries of older events carry the old signature.
    razorpay_webhook_secret_previous: str | None = Field(default=None, repr=False)

    app_env: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # Processes.
    port: int = Field(default=8000, ge=0, le=65535)
    bind_host: str = "0.0.0.0"
    web_concurrency: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=16, ge=1, le=256)
    worker_concurrency: int = Field(default=2, ge=1, le=64)
    shutdown_grace_seconds: int = Field(default=20, ge=1, le=25)
    # Where people reach the service. Never taken from a request's Host header, which anybody can write.
    public_url: Annotated[str, AfterValidator(_public_url)] = "http://127.0.0.1:8000"
    trusted_proxy_count: int = Field(default=0, ge=0, le=5)

    # HTTP.
    request_body_bytes_max: int = Field(default=64 * 1024, ge=1024)
    # Razorpay repeats an order's notes in its events, and switches an endpoint off that keeps refusing them.
    webhook_body_bytes_max: int = Field(default=1024 * 1024, ge=1024)
    ratelimit_enabled: bool = True
    ratelimit_api: RateLimit = "100 per 15 minutes"
    ratelimit_webhook: RateLimit = "100 per 15 minutes"
    # More than the API's: a page that waits for something reloads itself, and a class of parents who pay on
    # one school's network share an address.
    ratelimit_pages: RateLimit = "600 per 15 minutes"
    idempotency_key_ttl_seconds: int = Field(default=24 * 3600, ge=60)
    # How long an answer waits for a worker before it becomes a 202.
    wait_for_work_seconds: float = Field(default=5.0, ge=0, le=10)

    # Accounts.
    access_token_ttl_seconds: int = Field(default=3600, ge=60)
    refresh_token_ttl_seconds: int = Field(default=30 * 24 * 3600, ge=60)
    # OWASP's recommended floor for Argon2id: 19 MiB, two passes, one lane.
    argon2_memory_kib: int = Field(default=19456, ge=8)
    argon2_passes: int = Field(default=2, ge=1)
    # How many hashes one web process works out at a time; each takes its memory.
    argon2_concurrency: int = Field(default=4, ge=1)

    # Who may refund: whoever made the payment too, or only staff of its school, admins and API keys.
    refund_by_customer: bool = True
    # How long `Prefer: wait=N` may keep an answer waiting.
    process_wait_seconds_max: int = Field(default=10, ge=0, le=20)

    # How many exports one web process sends at a time; each takes a thread for as long as its client reads.
    exports_at_once_max: int = Field(default=4, ge=1)
    # How long a client may leave an answer unread before its connection is closed.
    send_timeout_seconds: int = Field(default=20, ge=1, le=300)

    # Passwords and logins.
    password_chars_min: int = Field(default=8, ge=8, le=64)
    # Wrong passwords that cost nothing; each one after them doubles the delay until the next try.
    login_failures_free_per_account: int = Field(default=5, ge=1, le=100)
    # Many, because a school or a mobile network shows up as one address.
    login_failures_free_per_address: int = Field(default=100, ge=1, le=10_000)
    login_delay_seconds_first: int = Field(default=5, ge=1)
    login_delay_seconds_max: int = Field(default=900, ge=1, le=24 * 3600)
    login_failures_kept_seconds: int = Field(default=24 * 3600, ge=60)
    password_reset_ttl_seconds: int = Field(default=3600, ge=60, le=24 * 3600)
    password_reset_mails_per_hour_max: int = Field(default=5, ge=1, le=100)

    # Mail. The defaults are for one machine, and production refuses them.
    mail_url: Annotated[str, AfterValidator(_mail_url)] = Field(default="file:.local/mail", repr=False)
    mail_from: Annotated[str, AfterValidator(check_sender)] | None = None
    mail_timeout_seconds: float = Field(default=5.0, gt=0, le=10)

    # Money and work.
    payment_amount_minor_max: int = Field(default=1_000_000_000_000, ge=100, le=9_000_000_000_000_000)
    claim_ttl_seconds: int = Field(default=25, ge=5)
    work_attempts_max: int = Field(default=50, ge=1)
    # After so many tries that crashed, a webhook event is put aside until a person redrives it.
    webhook_attempts_max: int = Field(default=12, ge=1)
    sweep_interval_seconds: float = Field(default=2.0, gt=0)
    sweep_batch_size: int = Field(default=200, ge=1, le=5000)
    # When an operator is to be alarmed: no sweep has finished for so long, or work is due for so long.
    sweep_stale_seconds: int = Field(default=60, ge=1)
    work_overdue_seconds: int = Field(default=300, ge=1)

    # What becomes of money for a payment that was cancelled: it is taken, returned, or left for a person.
    late_payment_policy: Literal["accept", "refund", "hold"] = "hold"
    # How long a checkout page takes money after its link was last asked for; the payment itself stays open.
    checkout_link_hours: int = Field(default=30 * 24, ge=1, le=365 * 24)
    payment_abandoned_after_days: int = Field(default=30, ge=1, le=365)
    # Razorpay's shortest capture window is twelve minutes, and its refunds take five to seven working days.
    capture_overdue_seconds: int = Field(default=600, ge=1)
    refund_overdue_days: int = Field(default=10, ge=1)

    # Comparing our payments with the provider's. Money may come three days late (Razorpay), and one more.
    reconcile_interval_hours: int = Field(default=24, ge=1, le=7 * 24)
    reconcile_window_days: int = Field(default=4, ge=1, le=31)
    # One window at most: whoever compares a longer time does it in parts.
    reconcile_window_days_max: int = Field(default=31, ge=1, le=180)
    # What changed less long ago is left to webhooks and looks, which are under way.
    reconcile_grace_seconds: int = Field(default=300, ge=0, le=24 * 3600)
    # How often the beat asks whether a comparison is due, or webhooks have fallen silent.
    reconcile_check_seconds: float = Field(default=300, ge=1)
    # For how long a payment may have been made without any event coming before webhooks count as silent.
    webhook_silence_minutes: int = Field(default=30, ge=5, le=24 * 60)

    # MongoDB and Redis. Heroku's Redis shows a certificate that it signed itself: false there.
    redis_tls_verify: bool = True
    mongodb_timeout_ms: int = Field(default=5000, ge=100)
    mongodb_pool_size_max: int = Field(default=50, ge=1)
    redis_timeout_seconds: float = Field(default=1.0, gt=0)

    # For the fault tests: where files lie whose names are points at which a process is to be killed, once.
    kill_points_directory: str | None = None

    # Who issues the receipts.
    receipt_issuer_name: str = "Payment Service"
    receipt_issuer_address: str = ""
    receipt_issuer_email: str = ""
    receipt_issuer_phone: str = ""

    @model_validator(mode="after")
    def _claim_outlives_the_work(self) -> Self:
        """Check that a claim lasts longer than the provider calls that it may cover, so that no second
        worker starts while the first still waits for an answer."""
        longest = self.provider_calls_of_one_claim_seconds
        if self.claim_ttl_seconds <= longest:
            raise ValueError(
                f"CLAIM_TTL_SECONDS ({self.claim_ttl_seconds}) must be more than the longest chain of calls"
                f" to the provider: two look-ups with an order or a refund in between ({longest:g})"
            )
        return self

    @model_validator(mode="after")
    def _delays_grow(self) -> Self:
        """Check that the first delay of a login is not longer than the longest."""
        if self.login_delay_seconds_first > self.login_delay_seconds_max:
            raise ValueError("LOGIN_DELAY_SECONDS_FIRST must not be more than LOGIN_DELAY_SECONDS_MAX")
        return self

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        """Check that the regular comparison's window is one that may be asked for."""
        if self.reconcile_window_days > self.reconcile_window_days_max:
            raise ValueError("RECONCILE_WINDOW_DAYS must not be more than RECONCILE_WINDOW_DAYS_MAX")
        return self

    @model_validator(mode="after")
    def _sweeps_are_not_stale_between(self) -> Self:
        """Check that a service that sweeps as it should raises no alarm about it."""
        if self.sweep_stale_seconds <= 2 * self.sweep_interval_seconds:
            raise ValueError("SWEEP_STALE_SECONDS must be more than twice SWEEP_INTERVAL_SECONDS")
        return self

    @model_validator(mode="after")
    def _database_is_named(self) -> Self:
        """Check that MONGODB_URI says which database: without a name, one called "test" would be used."""
        if not urlsplit(self.mongodb_uri).path.strip("/"):
            raise ValueError(
                "MONGODB_URI must end in the database's name, as in mongodb://host:27017/payments"
            )
        return self

    @model_validator(mode="after")
    def _production_is_safe(self) -> Self:
        """Refuse settings that are only fit for a developer's machine when APP_ENV=production."""
        if self.app_env != "production":
            return self
        wrong = []
        if not self.razorpay_base_url.startswith("https://"):
            wrong.append("RAZORPAY_BASE_URL must start with https://")
        if not self.checkout_script_url.startswith("https://"):
            wrong.append("CHECKOUT_SCRIPT_URL must start with https://")
        if not self.public_url.startswith("https://"):
            wrong.append("PUBLIC_URL must start with https://")
        if self.argon2_memory_kib * self.argon2_passes < ARGON2_COST_MIN:
            wrong.append("ARGON2_MEMORY_KIB times ARGON2_PASSES must be at least 35840")
        if "local-stack" in self.jwt_secret_key:
            wrong.append("JWT_SECRET_KEY is the local stack's; make one with: openssl rand -hex 32")
        if not self.ratelimit_enabled:
            wrong.append("RATELIMIT_ENABLED must be true")
        if self.razorpay_webhook_secret == self.razorpay_key_secret:
            wrong.append("RAZORPAY_WEBHOOK_SECRET must differ from RAZORPAY_KEY_SECRET")
        if isinstance(self.mail_destination, MailDirectory):
            wrong.append("MAIL_URL must start with smtps:// or smtp://")
        if self.mail_from is None:
            wrong.append("MAIL_FROM is missing: whose name and address mails are sent in")
        if self.kill_points_directory:
            wrong.append("KILL_POINTS_DIRECTORY must not be set: it lets tests kill processes")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def quick_failure_seconds(self) -> float:
        """Return how soon after the start of its claim an order must have failed for a second call, with the
        look-up that follows it, to end within the claim; and within 30 seconds, so 5 at most."""
        return max(0.0, min(5.0, self.claim_ttl_seconds - self.order_again_seconds()))

    @property
    def mail_destination(self) -> SmtpServer | MailDirectory:
        """Return what MAIL_URL means."""
        return parse_mail_url(self.mail_url)

    @property
    def mail_sender(self) -> str:
        """Return MAIL_FROM, or a name for mails that never leave this machine."""
        return self.mail_from or "Payment Service <payments@localhost>"

    @property
    def redis_address(self) -> str:
        """Return REDIS_URL, saying how to check the certificate when it is a TLS address that does not."""
        if not self.redis_url.startswith("rediss://") or "ssl_cert_reqs=" in self.redis_url:
            return self.redis_url
        separator = "&" if "?" in self.redis_url else "?"
        required = "required" if self.redis_tls_verify else "none"
        return f"{self.redis_url}{separator}ssl_cert_reqs={required}"

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the settings of this process once. Exits with one line for each variable that is
        missing or wrong, naming it and never printing its value."""
        return _from_env()


@lru_cache(maxsize=1)
def _from_env() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            reason = problem["msg"].removeprefix("Value error, ")
            print(f"configuration: {name}: {reason}" if name else f"configuration: {reason}", file=sys.stderr)
        raise SystemExit(78) from None
