"""The text that a person reads when the stack is up."""

from pathlib import Path

from dev.accounts import ACCOUNTS
from dev.environment import Environment

BOLD, GREEN, RESET = "\033[1m", "\033[32m", "\033[0m"


def text(environment: Environment, directory: Path, *, seconds: float, colour: bool) -> str:
    """Return the addresses, keys and accounts of a running stack, and what to try next."""
    api = environment.api_url
    title = f"The payment service is ready ({seconds:.1f} s)"
    lines = [
        "",
        f"  {BOLD}{GREEN}{title}{RESET}" if colour else f"  {title}",
        "",
        f"  API        {api}",
        f"  Docs       {api}/docs",
        f"  Health     {api}/readyz",
        *_provider(environment),
        f"  MongoDB    {_server(environment.mongodb_port, 'MONGODB_URI')}",
        f"  Redis      {_server(environment.redis_port, 'REDIS_URL')}",
        "",
        *_accounts(environment),
        *_mails(environment),
        "",
        f"  Data and logs are in {_short(directory)}/; VERBOSE=1 shows the logs here.",
        f"  Try next:  make demo   in another terminal, or open {api}/docs",
        "  Ctrl-C stops everything and keeps the data.",
        "",
    ]
    return "\n".join(lines)


def _provider(environment: Environment) -> list[str]:
    variables = environment.variables
    if environment.sandbox_url is None:
        note = "" if environment.has_webhook_secret else "; set RAZORPAY_WEBHOOK_SECRET to hear its webhooks"
        return [f"  Razorpay   the real one, key {variables['RAZORPAY_KEY_ID']}{note}"]
    return [
        f"  Sandbox    {environment.sandbox_url}   a local Razorpay",
        f"             key id {variables['RAZORPAY_KEY_ID']}   key secret {variables['RAZORPAY_KEY_SECRET']}",
        f"             webhook secret {variables['RAZORPAY_WEBHOOK_SECRET']}",
    ]


def _server(port: int | None, variable: str) -> str:
    # The variable's value may hold a password.
    return f"embedded, on port {port}" if port else f"the one in {variable}"


def _accounts(environment: Environment) -> list[str]:
    if not environment.mongodb_port:
        return ["  Accounts   the demo accounts are only made in a MongoDB on this machine"]
    lines = [f"{account.email:<22} {account.password:<28} {account.role}" for account in ACCOUNTS]
    return [f"  {'Accounts' if number == 0 else '':<10} {line}" for number, line in enumerate(lines)]


def _mails(environment: Environment) -> list[str]:
    scheme, _, directory = environment.variables["MAIL_URL"].partition(":")
    # The address of a mail server may hold a password.
    return [f"  Mails      {f'in {_short(Path(directory))}/' if scheme == 'file' else 'sent by MAIL_URL'}"]


def _short(path: Path) -> str:
    """Return the path as the person at the terminal would type it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
