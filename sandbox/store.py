"""One SQLite file behind one lock. It decides how data stays safe, and knows nothing of what is stored."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sandbox.schema import SCHEMA


class Store:
    """The database. One connection serves all threads: transactions are short, and SQLite has one writer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        # In WAL mode a commit survives a kill of this process without waiting for the disk; with
        # synchronous=NORMAL only a power loss of the whole machine can take the last commits.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -32000")
        self._db.executescript(SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold one transaction: all of it is committed at the end, or nothing if the block raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for reading, so that no other thread's half-done transaction is seen."""
        with self._lock:
            yield self._db

    @contextmanager
    def copied_to(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Copy everything into a new file, and give that to be completed while no transaction is running."""
        copy = sqlite3.connect(path, isolation_level=None)
        try:
            with self._lock:
                self._db.backup(copy)
                # A copy is one file, without the journal beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
                yield copy
        finally:
            copy.close()

    @contextmanager
    def replaced_by(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Replace everything by what a file holds, and give it to be adjusted before anybody else sees it.

        Killed half-way, SQLite rolls back to what was before.
        """
        source = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        try:
            with self._lock:
                source.backup(self._db)
                # The file may be older than a table.
                self._db.executescript(SCHEMA)
                yield self._db
        finally:
            source.close()

    def close(self) -> None:
        """Close the file after the running transaction. The lock is kept: who wants it waits for the end."""
        self._lock.acquire()
        self._db.close()
