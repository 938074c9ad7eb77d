"""Works out the environment of the local stack's processes from the caller's. Starts nothing.

What the caller sets is used as it is. What is missing gets a value that is only fit for one machine.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import embedded, ports

PORT, SANDBOX_PORT = 8000, 8001
SANDBOX_KEY_ID, SANDBOX_KEY_SECRET = "rzp_test_sandbox", "sandbox_key_secret"
SANDBOX_WEBHOOK_SECRET = "sandbox_webhook_secret"
# config/settings.py refuses a secret that contains this when APP_ENV=production.
JWT_SECRET_MARK = "local-stack"
DEFAULTS = {
    "BIND_HOST": ports.LOOPBACK,
    "RECEIPT_ISSUER_NAME": "Example School Payments Pvt. Ltd.",
    "RECEIPT_ISSUER_ADDRESS": "12 Residency Road, Bengaluru 560025, Karnataka, India",
    "RECEIPT_ISSUER_EMAIL": "accounts@example.com",
    "RECEIPT_ISSUER_PHONE": "+91 80 5550 0100",
    "MAIL_FROM": "Example School Payments <accounts@example.com>",
    # The keepers end a process that takes more than 4.5 seconds to stop.
    "SHUTDOWN_GRACE_SECONDS": "3",
}


class StackError(Exception):
    """The stack cannot run; the message is for a person, in as few lines as possible."""


@dataclass(frozen=True)
class Environment:
    """What the stack runs. mongodb_port, redis_port: None when the caller brought a server."""

    variables: dict[str, str]
    port: int
    sandbox_port: int
    mongodb_port: int | None
    redis_port: int | None
    has_sandbox: bool
    has_webhook_secret: bool

    @property
    def api_url(self) -> str:
        """Return the service's address as a client on this machine uses it."""
        return _address(self.variables["BIND_HOST"], self.port)

    @property
    def sandbox_url(self) -> str | None:
        """Return the local Razorpay's address, or None when the caller brought keys of the real one."""
        return (
            _address(self.variables.get("SANDBOX_HOST") or ports.LOOPBACK, self.sandbox_port)
            if self.has_sandbox
            else None
        )


def resolve(environ: Mapping[str, str], directory: Path, *, on_free_ports: bool = False) -> Environment:
    """Return the environment of a stack whose data lives in the directory. An empty variable counts as not
    set. on_free_ports: ignore PORT and SANDBOX_PORT. Writes the stack's own secrets the first time. Raises
    StackError, which names the variable."""
    given = {name: value for name, value in environ.items() if value}
    port, sandbox_port = _ports(given, on_free_ports)
    has_keys = _has_razorpay_keys(given)
    variables = {**DEFAULTS, **given, "PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
    # The programs in the Procfile are found beside the interpreter, without an activated virtualenv.
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), given.get("PATH", os.defpath)])
    variables["PYTHONUNBUFFERED"] = "1"
    variables.setdefault("PUBLIC_URL", _address(variables["BIND_HOST"], port))
    variables.setdefault("MAIL_URL", f"file:{(directory / 'mail').absolute()}")
    variables.setdefault("JWT_SECRET_KEY", _kept_secret(directory, "jwt_secret_key"))
    mongodb_port = None if "MONGODB_URI" in given else _embedded_port(directory, "mongodb")
    redis_port = None if "REDIS_URL" in given else _embedded_port(directory, "redis")
    if mongodb_port:
        variables["MONGODB_URI"] = embedded.mongodb_uri(mongodb_port)
    if redis_port:
        variables["REDIS_URL"] = embedded.redis_uri(redis_port)
    environment = Environment(
        variables=variables,
        port=port,
        sandbox_port=sandbox_port,
        mongodb_port=mongodb_port,
        redis_port=redis_port,
        has_sandbox=not has_keys,
        has_webhook_secret="RAZORPAY_WEBHOOK_SECRET" in given or not has_keys,
    )
    _add_provider(environment, directory)
    return environment


def _add_provider(environment: Environment, directory: Path) -> None:
    """Point the service at the sandbox and the sandbox at the service, unless the caller has real keys."""
    variables = environment.variables
    if environment.sandbox_url is None:
        # Nobody may know the secret by reading this file while the real Razorpay is on the other side.
        variables.setdefault("RAZORPAY_WEBHOOK_SECRET", _kept_secret(directory, "webhook_secret"))
        return
    variables.setdefault("RAZORPAY_KEY_ID", SANDBOX_KEY_ID)
    variables.setdefault("RAZORPAY_KEY_SECRET", SANDBOX_KEY_SECRET)
    variables.setdefault("RAZORPAY_WEBHOOK_SECRET", SANDBOX_WEBHOOK_SECRET)
    variables.setdefault("RAZORPAY_BASE_URL", environment.sandbox_url)
    variables.setdefault("CHECKOUT_SCRIPT_URL", f"{environment.sandbox_url}/v1/checkout.js")
    variables.setdefault("SANDBOX_WEBHOOK_URL", f"{environment.api_url}/api/v1/payments/webhook")
    variables.setdefault("SANDBOX_DATABASE", str(directory / "sandbox" / "sandbox.sqlite3"))
    Path(variables["SANDBOX_DATABASE"]).parent.mkdir(parents=True, exist_ok=True)


def _ports(given: Mapping[str, str], on_free_ports: bool) -> tuple[int, int]:
    if on_free_ports:
        port = sandbox_port = ports.free_port()
        while sandbox_port == port:
            sandbox_port = ports.free_port()
        return port, sandbox_port
    port, sandbox_port = _port(given, "PORT", PORT), _port(given, "SANDBOX_PORT", SANDBOX_PORT)
    if port == sandbox_port:
        raise StackError(f"PORT and SANDBOX_PORT are both {port}; they must differ")
    return port, sandbox_port


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default)).strip()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StackError(f"{name} must be a port number from 1 to 65535, not {text!r}")
    return int(text)


def _has_razorpay_keys(given: Mapping[str, str]) -> bool:
    names = ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET")
    missing = [name for name in names if name not in given]
    if len(missing) == 1:
        raise StackError(f"{missing[0]} is missing: set both {names[0]} and {names[1]}, or neither")
    return not missing


def _embedded_port(directory: Path, name: str) -> int:
    """Return a port that stays the same for this directory as long as nobody else uses it."""
    return ports.free_port(seed=f"{directory.resolve()}:{name}")


def _kept_secret(directory: Path, name: str) -> str:
    """Return a random secret that is kept in the directory, so that sessions survive a restart."""
    path = directory / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{JWT_SECRET_MARK}-{secrets.token_hex(32)}")
    return path.read_text().strip()


def _address(host: str, port: int) -> str:
    return f"http://{ports.LOOPBACK if host in ('0.0.0.0', '::') else host}:{port}"
