"""A whole service on the servers of a stack, but with settings, a database and a sandbox of its own: for
policies that every process must know, and for a sandbox whose clock is moved."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from dev import ports, processes, ready
from tests.conftest import ROOT, Stack
from tests.support.beside import STOP_SECONDS_MAX, Beside
from tests.support.client import PAYMENTS, Person, Sandbox, register
from tests.support.invariants import World
from tests.support.waiting import wait_until

Row = dict[str, Any]

# The stack itself has the first one; Redis has sixteen.
_redis_numbers = itertools.count(1)
START_SECONDS_MAX = 40.0


@dataclass(frozen=True)
class OwnService:
    """A running service: where it answers, its sandbox, its database, and its processes' environment."""

    api_url: str
    sandbox: Sandbox
    database: Database[Row]
    environ: dict[str, str]

    def empty(self) -> None:
        """Forget everything that has happened, on both sides; the sandbox's clock is right again."""
        self.sandbox.control("POST", "/reset")
        for name in self.database.list_collection_names():
            self.database[name].delete_many({})

    def world(self) -> World:
        """Return what the invariants are checked on."""
        return World(self.database, self.sandbox, self.api_url)

    def person(self) -> Person:
        """Return a fresh customer."""
        return register(self.api_url)

    def payment(self, payment_id: str) -> Row:
        """Return the payment as it lies in the database."""
        return self.database.payments.find_one({"_id": payment_id}) or {}

    def becomes(self, payment_id: str, what: str, is_so: Callable[[Row], object]) -> Row:
        """Return the payment as soon as it is as expected."""

        def found() -> Row | None:
            payment = self.payment(payment_id)
            return payment if is_so(payment) else None

        return wait_until(found, f"payment {payment_id} {what}")

    def has_status(self, payment_id: str, status: str) -> Row:
        """Return the payment once it has this status."""
        return self.becomes(payment_id, f"becoming {status}", lambda payment: payment["status"] == status)

    def time_passes(self, seconds: float) -> None:
        """Let time pass at the provider."""
        self.sandbox.control("POST", "/clock", {"advance_seconds": seconds})


@contextlib.contextmanager
def own_service(stack: Stack, directory: Path, **settings: str) -> Iterator[OwnService]:
    """Run a service with these settings while the block runs."""
    number = next(_redis_numbers)
    mongodb_uri = stack.mongodb_uri.replace("/payments?", f"/own_service_{number}?")
    redis_url = stack.redis_url.removesuffix("/0") + f"/{number}"
    assert mongodb_uri != stack.mongodb_uri
    sandbox_url, web_port = f"http://127.0.0.1:{ports.free_port()}", ports.free_port()
    environ = settings | {
        "MONGODB_URI": mongodb_uri,
        "REDIS_URL": redis_url,
        "RAZORPAY_BASE_URL": sandbox_url,
        "CHECKOUT_SCRIPT_URL": f"{sandbox_url}/v1/checkout.js",
        "WORKER_CONCURRENCY": "1",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }
    beside = Beside(stack, directory)
    with contextlib.ExitStack() as running:
        webhook_url = f"http://127.0.0.1:{web_port}{PAYMENTS}/webhook"
        running.enter_context(_sandbox(stack, directory, sandbox_url, webhook_url))
        running.enter_context(beside.process("worker", **environ))
        running.enter_context(beside.process("beat", **environ))
        running.enter_context(beside.process("web", PORT=str(web_port), **environ))
        client: MongoClient[Row] = running.enter_context(MongoClient(mongodb_uri, tz_aware=True))
        names = ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET")
        sandbox = Sandbox(sandbox_url, *(stack.environ[name] for name in names))
        api_url, database = f"http://127.0.0.1:{web_port}", client.get_default_database()
        service = OwnService(api_url, sandbox, database, stack.environ | environ)
        for address in (f"{sandbox_url}/sandbox/health", f"{service.api_url}/healthz"):
            _wait_until_answers(address)
        wait_until(lambda: _worker_listens(redis_url, number), "a worker", deadline_seconds=START_SECONDS_MAX)
        yield service


@contextlib.contextmanager
def _sandbox(stack: Stack, directory: Path, url: str, webhook_url: str) -> Iterator[None]:
    environ = stack.environ | {
        "SANDBOX_PORT": url.rpartition(":")[2],
        "SANDBOX_DATABASE": str(directory / "sandbox.sqlite3"),
        "SANDBOX_WEBHOOK_URL": webhook_url,
    }
    with (directory / "sandbox.log").open("wb") as log:
        command = [sys.executable, "-m", "sandbox"]
        process = processes.start(command, env=environ, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        processes.stop(process, kill_after_seconds=STOP_SECONDS_MAX)


def _wait_until_answers(address: str) -> None:
    wait_until(lambda: ready.answers(address), f"{address} answering", deadline_seconds=START_SECONDS_MAX)


def _worker_listens(redis_url: str, number: int) -> bool:
    with Redis.from_url(redis_url) as redis:
        return any(each["cmd"] == "brpop" and each["db"] == str(number) for each in redis.client_list())
