"""A stack of its own, for tests that stop or kill parts of it."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import psutil
from pymongo import MongoClient

from dev import ready
from gateway.domain.documents import DOCUMENTS_WITH_WORK
from tests.conftest import Stack
from tests.dev.waiting import is_running
from tests.support.client import Person, Sandbox, register
from tests.support.waiting import wait_until

# Words of each part's command line.
PARTS = {
    "mongodb": ("secantusd",),
    "redis": ("valkey-server",),
    "sandbox": ("-m sandbox",),
    "web": ("gunicorn",),
    "worker": ("celery_app", "worker"),
    "beat": ("celery_app", " beat "),
}


WORKING_COLLECTIONS = tuple(model._get_collection_name() for model in DOCUMENTS_WITH_WORK)


class OwnStack:
    """A running stack whose parts may be killed, held, and started again with the same data. durable: its
    database may be killed too."""

    def __init__(self, start: Callable[..., Stack], *, durable: bool = False, **settings: str) -> None:
        self._start = partial(start, durable=durable)
        self._settings = settings
        self._threads = ThreadPoolExecutor(32)
        self._open(self._start(**settings))

    def _open(self, stack: Stack) -> None:
        self.stack = stack
        environ = stack.environ
        self.sandbox = Sandbox(
            stack.sandbox_url,
            environ["RAZORPAY_KEY_ID"],
            environ["RAZORPAY_KEY_SECRET"],
            environ["RAZORPAY_WEBHOOK_SECRET"],
        )
        self._client: MongoClient[dict[str, Any]] = MongoClient(stack.mongodb_uri, tz_aware=True)
        self.database = self._client.get_default_database()

    def close(self) -> None:
        """Close what this object has opened; the stack itself is stopped by who started it."""
        self._threads.shutdown()
        self._client.close()

    def quieten(self) -> None:
        """Let nothing more come of what has happened so far: no webhooks, no tries, no planned looks."""
        self.sandbox.control("POST", "/reset")
        for name in WORKING_COLLECTIONS:
            forgotten = {"$unset": {"work": ""}, "$inc": {"version": 1}}
            self.database[name].update_many({"work": {"$exists": True}}, forgotten)

    def person(self) -> Person:
        """Return a fresh customer."""
        return register(self.stack.api_url)

    def meanwhile(self, call: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call on another thread."""
        return self._threads.submit(call, *arguments)

    def payment(self, payment_id: str) -> dict[str, Any]:
        """Return the payment as it lies in the database."""
        return dict(self.database.payments.find_one({"_id": payment_id}) or {})

    def receipts(self, payment_id: str) -> list[str]:
        """Return the kinds of the payment's rendered receipts."""
        found = self.database.receipts.find({"payment_id": payment_id, "rendered_at": {"$exists": True}})
        return sorted(receipt["kind"] for receipt in found)

    def settled(self, payment_id: str, status: str, receipts: int) -> dict[str, Any]:
        """Return the payment once it has this status, so many rendered receipts, and nothing left to do."""

        def is_settled() -> dict[str, Any] | None:
            payment = self.payment(payment_id)
            is_done = "work" not in payment and payment["status"] == status
            return payment if is_done and len(self.receipts(payment_id)) == receipts else None

        return wait_until(is_settled, f"payment {payment_id} becoming {status}", deadline_seconds=40)

    def processes(self, part: str) -> list[psutil.Process]:
        """Return the processes of a part, the oldest first."""
        return self.stack.processes(*PARTS[part])

    def signal(self, part: str, number: signal.Signals, *, only_children: bool = False) -> None:
        """Send a signal to all processes of a part, or to all but the first."""
        for process in self.processes(part)[1 if only_children else 0 :]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    @contextlib.contextmanager
    def held(self, part: str) -> Iterator[None]:
        """Hold a part still: it takes connections and says nothing."""
        self.signal(part, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(part, signal.SIGCONT)

    def restart(self) -> None:
        """Tell the whole stack to stop, and start it again with its data when it has."""
        self._client.close()
        own = psutil.Process(self.stack.pid)
        everything = [own, *own.children(recursive=True)]
        own.terminate()
        wait_until(lambda: not any(is_running(process) for process in everything), "the end of the stack")
        self._open(self._start(self.stack.directory, **self._settings))

    def is_ready(self) -> bool:
        """Say whether web and worker answer again."""
        return ready.answers(f"{self.stack.api_url}/readyz") and ready.worker_listens(self.stack.redis_url)


def changes_to(payment: dict[str, Any], status: str) -> int:
    """Count the history's entries in which the payment took this status."""
    return sum(entry["from_status"] != status == entry["to_status"] for entry in payment["history"])
