"""What every part of the sandbox shares, and the transaction in which every change is made."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.clock import Clock
from sandbox.controls import Controls
from sandbox.happenings import Happenings
from sandbox.request_log import RequestLog
from sandbox.settings import Settings
from sandbox.store import Store

JsonObject = dict[str, Any]


class World:
    """One running sandbox."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.database)
        self.controls = Controls(self.store, settings)
        self.clock = Clock(**self.controls.get("clock"))
        self.requests = RequestLog()
        self.happenings = Happenings(self.clock.now)
        # Goes up whenever the whole state is replaced, so that what began before does not write into it.
        self.generation = 0
        # Set whenever there may be something new for the background thread to do.
        self.work = threading.Event()
        self.stopping = threading.Event()

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Hold one write transaction, and wake the background thread once its events are committed."""
        with self.store.writing() as db:
            transaction = Transaction(self, db)
            yield transaction
        for kind, summary, details in transaction.happened:
            self.happenings.add(kind, summary, **details)
        if transaction.has_work:
            self.work.set()

    @contextmanager
    def reading(self) -> Iterator["Transaction"]:
        """Hold the database for reading."""
        with self.store.reading() as db:
            yield Transaction(self, db)

    def stop(self) -> None:
        """Let go of everybody who waits for something: the background, held calls, listeners."""
        self.stopping.set()
        self.work.set()
        self.happenings.close()


class Transaction:
    """The database, the settings and one fixed time, for the length of one change."""

    def __init__(self, world: World, db: sqlite3.Connection) -> None:
        self.world = world
        self.settings = world.settings
        self.controls = world.controls
        self.now = world.clock.now()
        self.has_work = False
        self.happened: list[tuple[str, str, JsonObject]] = []
        self._db = db

    def note(self, kind: str, summary: str, **details: Any) -> None:
        """Tell that something happened, once the transaction is committed."""
        self.happened.append((kind, summary, details))

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(sql, values)

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Give the first row, or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Give every row."""
        return self._db.execute(sql, values).fetchall()
