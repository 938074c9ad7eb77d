"""Every environment variable of the sandbox, read once. No other file reads the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RECEIPT_MODES = ("allow", "reject", "idempotent")
UPI_COLLECT_MODES = ("allowed", "refused")


class SettingsError(Exception):
    """A variable that cannot be used; the text names it."""


@dataclass(frozen=True)
class Settings:
    """What the sandbox was started with."""

    host: str
    port: int
    database: Path
    key_id: str
    key_secret: str
    webhook_secret: str
    webhook_url: str | None
    receipt_mode: str
    order_amount_max_minor: int
    hang_seconds: float
    upi_approval_seconds: float
    upi_collect_mode: str
    allowed_hosts: tuple[str, ...]


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError that names the first bad variable."""
    return Settings(
        host=_text(environ, "SANDBOX_HOST", "127.0.0.1"),
        port=_number(environ, "SANDBOX_PORT", 8001, 0, 65535),
        database=Path(_text(environ, "SANDBOX_DATABASE", ".local/sandbox/sandbox.sqlite3")),
        key_id=_text(environ, "RAZORPAY_KEY_ID", "rzp_test_sandbox"),
        key_secret=_text(environ, "RAZORPAY_KEY_SECRET", "sandbox_key_secret"),
        webhook_secret=_text(environ, "RAZORPAY_WEBHOOK_SECRET", "sandbox_webhook_secret"),
        webhook_url=_webhook_url(environ),
        receipt_mode=_choice(environ, "SANDBOX_RECEIPT_MODE", RECEIPT_MODES),
        order_amount_max_minor=_number(environ, "SANDBOX_ORDER_AMOUNT_MAX_MINOR", 50_000_000, 1, 10**15),
        hang_seconds=_seconds(environ, "SANDBOX_HANG_SECONDS", 30.0),
        upi_approval_seconds=_seconds(environ, "SANDBOX_UPI_APPROVAL_SECONDS", 1.0),
        upi_collect_mode=_choice(environ, "SANDBOX_UPI_COLLECT", UPI_COLLECT_MODES),
        allowed_hosts=_names(environ, "SANDBOX_ALLOWED_HOSTS"),
    )


def _text(environ: Mapping[str, str], name: str, default: str) -> str:
    # An empty variable is what an unset line in a .env file becomes, so it means the default.
    return environ.get(name, "").strip() or default


def _choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    # The first of the allowed values is the default.
    text = _text(environ, name, allowed[0])
    if text not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}: {text!r}")
    return text


def _number(environ: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = _text(environ, name, str(default))
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise SettingsError(f"{name} must be a whole number from {lowest} to {highest}: {text!r}")
    return int(text)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = _text(environ, name, str(default))
    try:
        seconds = float(text)
    except ValueError:
        raise SettingsError(f"{name} must be a number of seconds: {text!r}") from None
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"{name} must be from 0 to 3600 seconds: {text!r}")
    return seconds


def _names(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = [part.strip().lower() for part in _text(environ, name, "").split(",")]
    for one in names:
        if one and not re.fullmatch(r"[a-z0-9._-]+", one):
            raise SettingsError(f"{name} must be names without a port, separated by commas: {one!r}")
    return tuple(one for one in names if one)


def _webhook_url(environ: Mapping[str, str]) -> str | None:
    url = _text(environ, "SANDBOX_WEBHOOK_URL", "")
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(f"SANDBOX_WEBHOOK_URL must start with http:// or https://: {url!r}")
    return url or None
