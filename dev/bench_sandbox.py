"""How fast the sandbox starts and answers, empty and with a hundred thousand paid orders in it.

It runs alone, as `python -m sandbox` does for people who want nothing else of this repository.
"""

import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import requests

ROOT = Path(__file__).resolve().parents[1]
ORDERS = 100_000
STARTS = 5
CALLS, WARM_UP_CALLS = 200, 10
TIMEOUT_SECONDS = 30
AUTH = ("rzp_test_sandbox", "sandbox_key_secret")
# The rows that a sale leaves, by table: those of one sale are copied, each time with other ids.
TABLES = ("orders", "payments", "events", "deliveries", "ledger", "timers")
BATCH = 10_000


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / "empty.sqlite3", Path(folder) / "full.sqlite3"
        starts = [_start_seconds(empty) for _ in range(STARTS)]
        with _sandbox(full) as url:
            _sell(url)
        _fill(full)
        print(
            f"\nThe sandbox alone: starts in {statistics.median(starts) * 1000:.0f} ms (median of {STARTS})"
        )
        print(f"  {'milliseconds, one client':<32}{'empty: median':>15}{'95 %':>8}", end="")
        print(f"{f'{ORDERS:,} orders: median':>26}{'95 %':>8}   full to empty", flush=True)
        with _sandbox(empty) as empty_url, _sandbox(full) as full_url:
            _measure(empty_url, full_url)


def _measure(empty_url: str, full_url: str) -> None:
    """Make each call at both sandboxes in turn, so that the machine's load is the same for both."""
    with closing(requests.Session()) as http:
        http.auth = AUTH
        clients = [_Client(http, url) for url in (empty_url, full_url)]
        for title in _Client.CALLS:
            times: list[list[float]] = [[], []]
            for number in range(WARM_UP_CALLS + CALLS):
                for client, mine in zip(clients, times, strict=True):
                    started = time.perf_counter()
                    client.make(title)
                    if number >= WARM_UP_CALLS:
                        mine.append((time.perf_counter() - started) * 1000)
            empty, full = (statistics.median(mine) for mine in times)
            figures = f"{empty:>15.1f}{_p95(times[0]):>8.1f}{full:>26.1f}{_p95(times[1]):>8.1f}"
            print(f"  {title:<32}{figures}   {full / empty:.2f}", flush=True)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95) - 1]


class _Client:
    """Calls one sandbox. The calls about one order are about the last one that it made."""

    CALLS: ClassVar = {
        "POST /v1/orders": ("POST", "/orders"),
        "GET /v1/orders/:id": ("GET", "/orders/{id}"),
        "GET /v1/orders/:id/payments": ("GET", "/orders/{id}/payments"),
        "PATCH /v1/orders/:id": ("PATCH", "/orders/{id}"),
        "GET /v1/orders": ("GET", "/orders"),
        "GET /v1/orders?receipt=": ("GET", "/orders?receipt={receipt}"),
    }

    def __init__(self, http: requests.Session, url: str) -> None:
        self._http, self._url = http, url
        self._order: dict[str, Any] = {}

    def make(self, title: str) -> None:
        """Make one call, which must succeed."""
        method, path = self.CALLS[title]
        body: dict[str, Any] | None = None
        if method == "POST":
            body = {"amount": 50_000, "currency": "INR", "notes": {"a": "b"}}
            body["receipt"] = f"bench-{time.perf_counter_ns()}"
        elif method == "PATCH":
            body = {"notes": {"c": "d"}}
        url = f"{self._url}/v1{path.format(**self._order)}"
        answer = self._http.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 200, answer.text
        if method == "POST":
            self._order = answer.json()


def _sell(url: str) -> None:
    """Make the sale that is copied. Nobody listens at its webhook endpoint, and deliveries are paused."""
    http = requests.Session()
    http.auth = AUTH
    with closing(http):
        http.post(f"{url}/sandbox/endpoints", json={"url": "http://127.0.0.1:9/"}, timeout=TIMEOUT_SECONDS)
        http.post(f"{url}/sandbox/deliveries", json={"paused": True}, timeout=TIMEOUT_SECONDS)
        body = {"amount": 50_000, "currency": "INR", "receipt": "template"}
        order = http.post(f"{url}/v1/orders", json=body, timeout=TIMEOUT_SECONDS).json()
        paid = http.post(
            f"{url}/sandbox/orders/{order['id']}/pay",
            json={"method": "upi", "vpa": "success@razorpay"},
            timeout=TIMEOUT_SECONDS,
        )
        paid.raise_for_status()


def _fill(database: Path) -> None:
    """Copy the first sale until there are enough. The sandbox is not running meanwhile."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE deliveries SET state = 'delivered'")
        order = db.execute("SELECT id FROM orders WHERE receipt = 'template'").fetchone()[0]
        payment = db.execute("SELECT id FROM payments").fetchone()[0]
        for table in TABLES:
            columns, rows = _template(db, table, order, payment)
            marks = ", ".join("?" for _ in columns)
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            for start in range(0, ORDERS, BATCH):
                copies = (
                    _copy(row, order, payment, number)
                    for number in range(start, min(start + BATCH, ORDERS))
                    for row in rows
                )
                db.executemany(statement, copies)
        db.commit()


def _template(
    db: sqlite3.Connection, table: str, order: str, payment: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    columns = [column[1] for column in db.execute(f"PRAGMA table_info({table})") if column[1] != "seq"]
    rows = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    if table in ("events", "deliveries"):
        # One of a sale's three events is enough to fill the tables.
        rows = rows[:1]
    elif table == "orders":
        rows = [row for row in rows if order in row]
    return columns, [row for row in rows if row]


def _copy(row: tuple[Any, ...], order: str, payment: str, number: int) -> tuple[Any, ...]:
    changes = {order: f"order_{number:014d}", payment: f"pay_{number:014d}", "template": f"copy-{number}"}
    values = []
    for value in row:
        text = value.decode() if isinstance(value, bytes) else value
        if isinstance(text, str):
            for old, new in changes.items():
                text = text.replace(old, new)
            if re.fullmatch(r"[A-Za-z0-9]{14}", text):
                text = f"{number:014d}"
        values.append(text.encode() if isinstance(value, bytes) else text)
    return tuple(values)


def _start_seconds(database: Path) -> float:
    started = time.perf_counter()
    with _sandbox(database):
        return time.perf_counter() - started


@contextmanager
def _sandbox(database: Path) -> Iterator[str]:
    """Run a sandbox on a free port, and give its address once it is ready."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "RAZORPAY_"))
    }
    environ |= {"SANDBOX_PORT": "0", "SANDBOX_DATABASE": str(database)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            raise SystemExit("the sandbox did not start")
        try:
            yield found[0]
        finally:
            process.terminate()


if __name__ == "__main__":
    run()
