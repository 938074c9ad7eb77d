"""The list of things that happen by themselves later, on the sandbox's clock, and after a restart too."""

import sqlite3

from sandbox.world import Transaction


def add(tx: Transaction, due_at: float, kind: str, subject_id: str) -> None:
    """Plan one thing. kind: one that the module `automatic` knows."""
    tx.execute("INSERT INTO timers (due_at, kind, subject_id) VALUES (?, ?, ?)", due_at, kind, subject_id)
    tx.has_work = True


def next_due_at(tx: Transaction) -> float | None:
    """Tell when the next timer is due."""
    row = tx.one("SELECT MIN(due_at) AS due_at FROM timers")
    return row["due_at"] if row is not None else None


def take_due(tx: Transaction) -> sqlite3.Row | None:
    """Remove and give the oldest timer whose time has come."""
    timer = tx.one("SELECT * FROM timers WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1", tx.now)
    if timer is not None:
        tx.execute("DELETE FROM timers WHERE seq = ?", timer["seq"])
    return timer
