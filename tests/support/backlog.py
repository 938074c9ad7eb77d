"""Due work in a database and a broker of their own, which no worker watches, and sweeps over it."""

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pymongo import MongoClient
from redis import Redis

from config.queues import Queue
from gateway.domain import periodic, work
from tests.conftest import ROOT, Stack

# How much of each collection one sweep takes, and how much a queue holds.
BATCH = 3
SWEEP = "from worker.sweeps import sweep_due_work; sweep_due_work()"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Backlog:
    """A database and a broker without workers. A sweep is a process of its own. settings: those of sweeps,
    which follow one another at once unless they say otherwise."""

    def __init__(self, stack: Stack, **settings: str) -> None:
        name = f"sweep_{uuid.uuid4().hex}"
        mongodb_uri = stack.mongodb_uri.replace("/payments?", f"/{name}?")
        assert mongodb_uri != stack.mongodb_uri
        redis_url = stack.redis_url.removesuffix("/0") + "/7"
        self.redis = Redis.from_url(redis_url)
        self._client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
        self.database = self._client[name]
        self._environ = stack.environ | {
            "MONGODB_URI": mongodb_uri,
            "REDIS_URL": redis_url,
            "SWEEP_BATCH_SIZE": str(BATCH),
            "SWEEP_INTERVAL_SECONDS": "0.01",
            **settings,
        }
        self._rows = 0

    def __enter__(self) -> Self:
        self.redis.flushdb()
        return self

    def __exit__(self, *_: object) -> None:
        self.redis.flushdb()
        self.redis.close()
        self._client.drop_database(self.database.name)
        self._client.close()

    def add(self, count: int, kind: str | None = work.OPEN_ORDER) -> list[str]:
        """Store so many payments with due work of a kind, and return their ids. Whoever is stored first has
        been due for longest."""
        rows: list[dict[str, Any]] = []
        for _ in range(count):
            number = str(self._rows)
            planned = {"due_at": LONG_AGO + timedelta(days=self._rows)} | ({"kind": kind} if kind else {})
            # The indexes are unique.
            rows.append({"_id": number, "order_receipt": number, "version": 1, "work": planned})
            self._rows += 1
        self.database.payments.insert_many(rows)
        return [str(row["_id"]) for row in rows]

    def sweep(self, code: str = SWEEP) -> list[str]:
        """Sweep once, and return the ids in the queue of payments, the next first."""
        self.only_sweep(code)
        return self.queued()

    def only_sweep(self, code: str = SWEEP) -> None:
        """Sweep once, whatever lies in the queues."""
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=self._environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def queued(self, queue: str = Queue.PAYMENTS) -> list[str]:
        """Return the ids in a queue, the next first."""
        messages = self.redis.lrange(queue, 0, -1)
        return [json.loads(each)["headers"]["kwargsrepr"].split("'")[3] for each in reversed(messages)]

    def job(self) -> dict[str, Any]:
        """Return what is written about the sweeps."""
        return dict(self.database.periodic_jobs.find_one({"_id": periodic.SWEEP}) or {})

    def change_job(self, **fields: datetime) -> None:
        """Write about the sweeps what another process would have written."""
        self.database.periodic_jobs.update_one(
            {"_id": periodic.SWEEP}, {"$set": fields, "$inc": {"version": 1}}, upsert=True
        )
