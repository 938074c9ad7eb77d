"""How often passwords may be guessed: for one e-mail address, and from one client address.

A try is counted as pending before the password is looked at, so that a hundred tries at once get no further
than a hundred in a row: as many as are free may be looked at together, later ones one by one, and the others
wait for those before them. After some failures that are free, each one doubles the delay until the next try;
a try within the delay is refused unseen and not counted, so that knocking does not prolong it. Whether an
account exists makes no difference to any of this.
"""

import hashlib
import ipaddress
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mongoengine.errors import NotUniqueError

from gateway.domain.account_models import LoginFailures
from gateway.domain.context import Context, Limits
from gateway.domain.errors import TooBusy, TooManyAttempts
from gateway.domain.store import change

# A provider hands a household or a server a whole /64, so addresses within it are one client.
IPV6_CLIENT_PREFIX = 64
# Two requests may create the same counter, or MongoDB remove it, between a read and a write.
COUNT_ATTEMPTS_MAX = 5
# How long a try waits for those before it, and how often it looks.
WAIT_SECONDS_MAX = 5.0
WAIT_PAUSE_SECONDS = 0.05
# A password takes well under a second, behind a queue of a few; after this its process has died.
PENDING_SECONDS_MAX = 30
# How long somebody who has just set a new password by mail has to log in with it.
EXCUSED_SECONDS = 15 * 60


class _OthersFirst(Exception):
    """As many tries as may run together are running; whether this one may follow depends on them."""


@dataclass(frozen=True)
class Try:
    """One try that is pending. Say which way it went; one whose process died counts as a failure later."""

    context: Context
    account_key: str
    client_key: str | None

    def was_right(self) -> None:
        """Forget the account's failures. The client's other ones stay, or whoever has an account of their
        own could go on guessing for ever."""
        _change_if_there(self.account_key, lambda counter: _settle(counter, forget=True))
        if self.client_key:
            _change_if_there(self.client_key, _settle)

    def was_wrong(self) -> None:
        """Count a failure of the account and of the client, and begin the delay that it leads to."""
        limits = self.context.limits
        self._fail(self.account_key, limits.login_failures_free_per_account)
        if self.client_key:
            self._fail(self.client_key, limits.login_failures_free_per_address)

    def was_not_made(self) -> None:
        """Give the try back, because the password was not looked at."""
        for key in (self.account_key, self.client_key):
            if key:
                _change_if_there(key, _settle)

    def _fail(self, key: str, free: int) -> None:
        def fail(counter: LoginFailures) -> bool:
            _add_failures(counter, 1, free, self.context.limits, self.context.now())
            return _settle(counter)

        _change_if_there(key, fail)


def begin(context: Context, email: str, client_address: str | None = None) -> Try:
    """Count a try for an e-mail address in its stored form, and for the client if one is given. Waits while
    others that were first are being looked at. Writes a counter for each, or nothing at all.
    Raises TooManyAttempts within a delay, and TooBusy."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        try:
            return _begin(context, email, client_address)
        except _OthersFirst:
            if time.monotonic() > deadline:
                raise TooBusy("Too many logins at the same time. Please try again.") from None
            time.sleep(random.uniform(0.5, 1.5) * WAIT_PAUSE_SECONDS)


def _begin(context: Context, email: str, client_address: str | None) -> Try:
    limits = context.limits
    account_key = _key("account", email)
    counter = _count(context, account_key, limits.login_failures_free_per_account)
    is_excused = counter.excused_until is not None and counter.excused_until > context.now()
    if client_address is None or is_excused:
        return Try(context, account_key, None)
    client_key = _key("client", client_of(client_address))
    try:
        _count(context, client_key, limits.login_failures_free_per_address)
    except (TooManyAttempts, TooBusy, _OthersFirst):
        _change_if_there(account_key, _settle)
        raise
    return Try(context, account_key, client_key)


def let_owner_in(context: Context, email: str) -> None:
    """Forget the failures for this e-mail address, in its stored form, and for a while do not hold against it
    what its client's address has done: others may share that. Writes one document; may be called twice."""
    now = context.now()
    key = _key("account", email)
    excused_until = now + timedelta(seconds=EXCUSED_SECONDS)

    def excuse(counter: LoginFailures) -> bool:
        counter.failures, counter.delayed_until = 0, None
        counter.excused_until = excused_until
        counter.forgotten_at = now + timedelta(seconds=context.limits.login_failures_kept_seconds)
        return True

    _change_or_create(context, key, excuse)


def client_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network that an IPv6 address is in."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_CLIENT_PREFIX), strict=False))


def delay_seconds(failures: int, free: int, limits: Limits) -> int:
    """Return how long to wait after so many failures: nothing while they are free, then doubling from
    LOGIN_DELAY_SECONDS_FIRST to LOGIN_DELAY_SECONDS_MAX."""
    if failures <= free:
        return 0
    doublings = min(failures - free - 1, 20)
    return min(limits.login_delay_seconds_max, limits.login_delay_seconds_first * 2**doublings)


def _count(context: Context, key: str, free: int) -> LoginFailures:
    now = context.now()

    def add(counter: LoginFailures) -> bool:
        if counter.forgotten_at <= now:
            counter.failures, counter.delayed_until, counter.pending = 0, None, 0
        if counter.pending and counter.pending_until <= now:
            # From when they must have ended, so that a refusal, which writes nothing, does not move the end.
            _add_failures(counter, counter.pending, free, context.limits, counter.pending_until)
            counter.pending = 0
        if counter.delayed_until and counter.delayed_until > now:
            raise TooManyAttempts(
                "Too many wrong passwords. Wait before you try again, or set a new password by mail.",
                retry_after_seconds=math.ceil((counter.delayed_until - now).total_seconds()),
            )
        if counter.pending >= max(1, free - counter.failures):
            raise _OthersFirst
        counter.pending += 1
        counter.pending_until = now + timedelta(seconds=PENDING_SECONDS_MAX)
        counter.forgotten_at = now + timedelta(seconds=context.limits.login_failures_kept_seconds)
        return True

    return _change_or_create(context, key, add)


def _change_or_create(context: Context, key: str, decide: Callable[[LoginFailures], bool]) -> LoginFailures:
    forgotten_at = context.now() + timedelta(seconds=context.limits.login_failures_kept_seconds)
    for _ in range(COUNT_ATTEMPTS_MAX):
        try:
            return change(LoginFailures, key, decide).document
        except LoginFailures.DoesNotExist:
            try:
                LoginFailures(id=key, forgotten_at=forgotten_at).save(force_insert=True)
            except NotUniqueError:
                continue
    raise TooBusy("Too many logins at the same time; nothing was written. Please try again.")


def _add_failures(counter: LoginFailures, failures: int, free: int, limits: Limits, at: datetime) -> None:
    counter.failures += failures
    delay = delay_seconds(counter.failures, free, limits)
    counter.delayed_until = at + timedelta(seconds=delay) if delay else None


def _settle(counter: LoginFailures, *, forget: bool = False) -> bool:
    """End one pending try. Only alters the copy in memory."""
    counter.pending = max(0, counter.pending - 1)
    if forget:
        counter.failures, counter.delayed_until = 0, None
    return True


def _change_if_there(key: str, decide: Callable[[LoginFailures], bool]) -> None:
    try:
        change(LoginFailures, key, decide)
    except LoginFailures.DoesNotExist:
        # MongoDB has removed it: nothing was left to remember.
        return


def _key(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"
