"""A web process and a worker whose connections to MongoDB, Redis and the provider go through proxies, beside
a stack whose own worker stands still meanwhile."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from redis import Redis

from tests.support.beside import Beside, proxied
from tests.support.customers import Customers
from tests.support.own import OwnStack
from tests.support.proxy import Proxy
from tests.support.proxy_modes import Mode
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Broken:
    """The processes behind proxies: the customers of the web process, and the proxies."""

    customers: Customers
    mongodb: Proxy
    redis: Proxy
    provider: Proxy

    @property
    def own(self) -> OwnStack:
        """Return the stack."""
        return self.customers.own

    @contextlib.contextmanager
    def lasting(self, proxy: Proxy, mode: Mode, seconds: float) -> Iterator[None]:
        """Break the connections through a proxy while the block runs, and for so long at least."""
        with proxy.broken(mode):
            began = monotonic()
            yield
            wait_until(lambda: monotonic() - began > seconds, "the end", deadline_seconds=2 * seconds)


@contextlib.contextmanager
def broken(own: OwnStack, directory: Path, **settings: str) -> Iterator[Broken]:
    """Run the processes. The stack's own worker is held still, so that all work is done by the other one."""
    beside = Beside(own.stack, directory)
    environ = own.stack.environ
    with contextlib.ExitStack() as running:
        mongodb, mongodb_uri = running.enter_context(proxied(environ["MONGODB_URI"]))
        redis, redis_url = running.enter_context(proxied(environ["REDIS_URL"]))
        provider, provider_url = running.enter_context(proxied(environ["RAZORPAY_BASE_URL"]))
        addresses = {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url, "RAZORPAY_BASE_URL": provider_url}
        running.enter_context(own.held("worker"))
        running.enter_context(beside.process("worker", **addresses, **settings))
        api_url = running.enter_context(beside.web(**addresses, **settings))
        # Of all the worker's connections one waits for messages.
        wait_until(lambda: _waits_for_messages(own, redis), "the worker's start", deadline_seconds=40)
        yield Broken(Customers(own, api_url), mongodb, redis, provider)


def _waits_for_messages(own: OwnStack, proxy: Proxy) -> bool:
    through_proxy = {f"127.0.0.1:{port}" for port in proxy.ports_at_the_server}
    with Redis.from_url(own.stack.redis_url) as redis:
        return any(each["cmd"] == "brpop" and each["addr"] in through_proxy for each in redis.client_list())
