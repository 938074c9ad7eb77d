"""The switches that a tester turns: their defaults, and their last values, which survive a restart."""

import json
import sqlite3
import threading
from typing import Any

from sandbox.settings import Settings
from sandbox.store import Store


class Controls:
    """Named JSON values: clock, deliveries, faults, lists, receipts, refunds, upi_collect."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._defaults: dict[str, Any] = {
            "clock": {"offset_seconds": 0.0, "frozen_at": None},
            "deliveries": {
                "paused": False,
                "duplicate": False,
                "shuffle": False,
                "delay_seconds": 0,
                "corrupt": False,
            },
            "faults": [],
            "receipts": {"mode": settings.receipt_mode},
            "refunds": {"mode": "processed"},
            "upi_collect": {"mode": settings.upi_collect_mode},
            "lists": {"lag_seconds": 0},
        }
        self._values: dict[str, Any] = {}
        with store.reading() as db:
            self.load(db)

    def get(self, name: str) -> Any:
        """Give the present value. Treat it as read-only."""
        with self._lock:
            return self._values.get(name, self._defaults[name])

    def set(self, name: str, value: Any) -> None:
        """Replace a value, in the database first so that a restart does not forget it."""
        with self._store.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO controls (name, value) VALUES (?, ?)", (name, json.dumps(value))
            )
            with self._lock:
                self._values[name] = value

    def load(self, db: sqlite3.Connection) -> None:
        """Read all values from the database; the caller holds it."""
        rows = db.execute("SELECT name, value FROM controls").fetchall()
        with self._lock:
            self._values = {row["name"]: json.loads(row["value"]) for row in rows}

    def forget(self) -> None:
        """Go back to the defaults in memory; the caller has emptied the table."""
        with self._lock:
            self._values.clear()
