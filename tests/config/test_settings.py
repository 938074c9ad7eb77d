"""Settings: a process with a wrong one does not start, and says which one without saying its value."""

from collections.abc import Iterator

import pydantic
import pytest

from config.settings import Settings, _from_env

REQUIRED = (
    "MONGODB_URI",
    "REDIS_URL",
    "RAZORPAY_KEY_ID",
    "RAZORPAY_KEY_SECRET",
    "RAZORPAY_WEBHOOK_SECRET",
    "JWT_SECRET_KEY",
)
GOOD = {
    "MONGODB_URI": "mongodb://someone:very-secret-1@db.example/payments",
    "REDIS_URL": "redis://:very-secret-2@redis.example/0",
    "RAZORPAY_KEY_ID": "rzp_test_1",
    "RAZORPAY_KEY_SECRET": "very-secret-3",
    "RAZORPAY_WEBHOOK_SECRET": "very-secret-4",
    "JWT_SECRET_KEY": "very-secret-5 and long enough for a key",
}
GOOD_IN_PRODUCTION = {
    "APP_ENV": "production",
    "MAIL_URL": "smtps://user:very-secret-7@mail.example:465",
    "MAIL_FROM": "Payments <payments@example.com>",
    "PUBLIC_URL": "https://payments.example.com",
}
# What the process prints when it does not start, and the status that says "configuration error".
CONFIGURATION_ERROR_STATUS = 78


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment with just what a process needs, read afresh."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    _from_env.cache_clear()
    yield monkeypatch
    _from_env.cache_clear()


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """Start with the environment as it is, and return what is printed instead of starting."""
    with pytest.raises(SystemExit) as ended:
        Settings.from_env()
    assert ended.value.code == CONFIGURATION_ERROR_STATUS
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "very-secret" not in printed.err
    return printed.err


def test_what_is_needed_is_enough(environment: pytest.MonkeyPatch) -> None:
    settings = Settings.from_env()

    assert settings.mongodb_uri == GOOD["MONGODB_URI"]
    assert settings.razorpay_base_url == "https://api.razorpay.com"
    assert settings.checkout_script_url == "https://checkout.razorpay.com/v1/checkout.js"
    assert settings.ratelimit_enabled is True
    assert (settings.ratelimit_api, settings.ratelimit_webhook) == ("100 per 15 minutes",) * 2
    assert settings.ratelimit_pages == "600 per 15 minutes"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_stops_the_start_by_name(
    name: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv(name)

    said = refusal(capsys)

    assert said.splitlines() == [f"configuration: {name}: Field required"]


def test_every_missing_variable_has_a_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in REQUIRED:
        environment.delenv(name)

    said = refusal(capsys)

    assert [line.split(": ")[1] for line in said.splitlines()] == list(REQUIRED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "very-secret-port"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "1.5"),
        ("RATELIMIT_ENABLED", "perhaps"),
        ("SWEEP_INTERVAL_SECONDS", "soon"),
        ("SWEEP_INTERVAL_SECONDS", "0"),
        ("SWEEP_STALE_SECONDS", "0"),
        ("WORK_OVERDUE_SECONDS", "0"),
        ("WEBHOOK_ATTEMPTS_MAX", "0"),
        ("APP_ENV", "staging"),
        ("LOG_LEVEL", "LOUD"),
        ("JWT_SECRET_KEY", "very-secret-but-short"),
        ("PROVIDER_READ_TIMEOUT_SECONDS", "nan"),
        ("PROVIDER_READ_TIMEOUT_SECONDS", "60"),
        ("PROVIDER_CONNECT_TIMEOUT_SECONDS", "-1"),
        ("PROVIDER_ORDER_TIMEOUT_SECONDS", "0"),
        ("PROVIDER_CAPTURE_TIMEOUT_SECONDS", "11"),
        ("PROVIDER_REFUND_TIMEOUT_SECONDS", "soon"),
        ("PROVIDER_DEADLINE_SECONDS", "0"),
        ("PROVIDER_CIRCUIT_FAILURES", "0"),
        ("PROVIDER_CIRCUIT_OPEN_SECONDS", "0"),
        ("PROVIDER_CIRCUIT_OPEN_SECONDS_MAX", "601"),
        ("PROVIDER_RATE_LIMITED_SECONDS", "-1"),
        ("CLAIM_TTL_SECONDS", "4"),
        ("PAYMENT_AMOUNT_MINOR_MAX", "99999999999999999999"),
        ("MONGODB_TIMEOUT_MS", "0"),
        ("TRUSTED_PROXY_COUNT", "6"),
        ("RATELIMIT_API", "nonsense"),
        ("RATELIMIT_WEBHOOK", "100 per fortnight"),
        ("RATELIMIT_PAGES", "3 per minuts"),
        ("EXPORTS_AT_ONCE_MAX", "0"),
        ("SEND_TIMEOUT_SECONDS", "0"),
        ("LOGIN_FAILURES_FREE_PER_ACCOUNT", "101"),
        ("LOGIN_FAILURES_FREE_PER_ADDRESS", "10001"),
        ("PASSWORD_CHARS_MIN", "7"),
        ("LOGIN_FAILURES_FREE_PER_ACCOUNT", "0"),
        ("LOGIN_FAILURES_FREE_PER_ADDRESS", "-1"),
        ("LOGIN_DELAY_SECONDS_MAX", "86401"),
        ("PASSWORD_RESET_TTL_SECONDS", "59"),
        ("PASSWORD_RESET_MAILS_PER_HOUR_MAX", "0"),
        ("MAIL_TIMEOUT_SECONDS", "0"),
        ("CHECKOUT_LINK_HOURS", "0"),
        ("CHECKOUT_LINK_HOURS", "8761"),
        ("CHECKOUT_SCRIPT_URL", "checkout.razorpay.com/v1/checkout.js"),
        ("CHECKOUT_SCRIPT_URL", "https://checkout.example; script-src *"),
        ("CHECKOUT_SCRIPT_URL", "https://someone:very-secret@checkout.example/v1/checkout.js"),
    ],
)
def test_a_value_of_the_wrong_kind_or_size_stops_the_start_by_name(
    name: str, value: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv(name, value)

    said = refusal(capsys)

    assert len(said.splitlines()) == 1
    assert said.startswith(f"configuration: {name}: ")


@pytest.mark.parametrize("name", REQUIRED)
def test_an_empty_secret_or_address_is_a_missing_one(
    name: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv(name, "")

    said = refusal(capsys)

    assert said.startswith(f"configuration: {name}: ")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RAZORPAY_BASE_URL", "http://api.razorpay.com", "RAZORPAY_BASE_URL must start with https://"),
        ("RAZORPAY_BASE_URL", "http://127.0.0.1:8001", "RAZORPAY_BASE_URL must start with https://"),
        (
            "CHECKOUT_SCRIPT_URL",
            "http://checkout.razorpay.com/v1/checkout.js",
            "CHECKOUT_SCRIPT_URL must start with https://",
        ),
        ("JWT_SECRET_KEY", "local-stack very-secret-0 very-secret-0", "JWT_SECRET_KEY is the local stack's"),
        ("RATELIMIT_ENABLED", "false", "RATELIMIT_ENABLED must be true"),
        ("RAZORPAY_WEBHOOK_SECRET", "very-secret-3", "RAZORPAY_WEBHOOK_SECRET must differ"),
        ("PUBLIC_URL", "", "PUBLIC_URL must start with https://"),
        ("PUBLIC_URL", "http://payments.example.com", "PUBLIC_URL must start with https://"),
        ("MAIL_URL", "", "MAIL_URL must start with smtps:// or smtp://"),
        ("MAIL_URL", "file:/var/very-secret-mail", "MAIL_URL must start with smtps:// or smtp://"),
        ("MAIL_FROM", "", "MAIL_FROM is missing"),
        ("ARGON2_MEMORY_KIB", "8", "ARGON2_MEMORY_KIB times ARGON2_PASSES must be at least 35840"),
    ],
)
def test_production_refuses_what_is_fit_for_a_developers_machine_only(
    name: str,
    value: str,
    says: str,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv(name, value)
    assert Settings.from_env().app_env == "development"
    _from_env.cache_clear()
    for required, good in (GOOD_IN_PRODUCTION | {name: value}).items():
        environment.setenv(required, value if required == name else good)

    said = refusal(capsys)

    assert says in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("mail_url", ["smtps://mail.example", "smtp://user:very-secret-7@mail.example:587"])
def test_production_starts_with_what_it_needs(mail_url: str, environment: pytest.MonkeyPatch) -> None:
    for name, value in GOOD_IN_PRODUCTION.items():
        environment.setenv(name, value)
    environment.setenv("MAIL_URL", mail_url)

    assert Settings.from_env().app_env == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MAIL_URL", text) for text in ("very-secret", "http://very-secret", "smtp://", "smtps://:25")),
        *(("MAIL_URL", text) for text in ("smtp://u:very-secret@h/x", "smtp://u:very/secret@h", "file:")),
        *(("MAIL_URL", text) for text in ("smtp://very-secret:port", "file:///", "smtp://h?very-secret=1")),
        *(("MAIL_FROM", text) for text in ("very-secret", "a@", "@b", "Payments <a@b.c>\r\nBcc: d@e.f")),
        *(("PUBLIC_URL", text) for text in ("very-secret", "//x", "ftp://x", "https://", "https://x?y=1")),
    ],
)
def test_an_address_that_cannot_be_stops_the_start_by_name(
    name: str, value: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv(name, value)

    said = refusal(capsys)

    assert len(said.splitlines()) == 1
    assert said.startswith(f"configuration: {name}: must be ")


def test_delays_of_logins_must_be_able_to_grow(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("LOGIN_DELAY_SECONDS_FIRST", "901")

    assert "LOGIN_DELAY_SECONDS_FIRST must not be more than LOGIN_DELAY_SECONDS_MAX" in refusal(capsys)


@pytest.mark.parametrize("interval", ["30", "31"])
def test_sweeps_must_come_more_often_than_their_alarm(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], interval: str
) -> None:
    environment.setenv("SWEEP_INTERVAL_SECONDS", interval)

    assert "SWEEP_STALE_SECONDS must be more than twice SWEEP_INTERVAL_SECONDS" in refusal(capsys)


def test_a_slash_at_the_end_of_the_public_address_is_left_out(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PUBLIC_URL", "https://payments.example.com/")

    assert Settings.from_env().public_url == "https://payments.example.com"


@pytest.mark.parametrize(("ttl", "connect", "read"), [("24", "2", "6"), ("5", "0.5", "2"), ("29", "5", "5")])
def test_a_claim_must_outlive_the_calls_that_it_may_cover(
    ttl: str, connect: str, read: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("CLAIM_TTL_SECONDS", ttl)
    environment.setenv("PROVIDER_CONNECT_TIMEOUT_SECONDS", connect)
    environment.setenv("PROVIDER_READ_TIMEOUT_SECONDS", read)

    said = refusal(capsys)

    assert f"CLAIM_TTL_SECONDS ({ttl}) must be more than" in said


def test_a_claim_that_is_one_second_longer_is_long_enough(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CLAIM_TTL_SECONDS", "25")
    environment.setenv("PROVIDER_CONNECT_TIMEOUT_SECONDS", "2")
    environment.setenv("PROVIDER_READ_TIMEOUT_SECONDS", "6")

    assert Settings.from_env().claim_ttl_seconds == 25


def test_settings_are_read_once_and_never_change(environment: pytest.MonkeyPatch) -> None:
    settings = Settings.from_env()
    environment.setenv("PORT", "1234")

    with pytest.raises(pydantic.ValidationError):
        settings.port = 1

    assert Settings.from_env() is settings
    assert settings.port == 8000


def test_settings_do_not_show_their_secrets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RAZORPAY_WEBHOOK_SECRET_PREVIOUS", "very-secret-6")
    environment.setenv("MAIL_URL", "smtps://user:very-secret-7@mail.example")

    shown = repr(Settings.from_env()) + str(Settings.from_env())

    assert "very-secret" not in shown
    assert "rzp_test_1" in shown
