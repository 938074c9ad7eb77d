"""How lists behave with a hundred thousand payments: a page at any depth, and all of them as a CSV file."""

import statistics
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import requests
from pymongo import MongoClient
from pymongo.collection import Collection

from dev.accounts import ACCOUNTS
from gateway.domain.listing import Cursor

PAYMENTS_COUNT = 100_000
BATCH = 5_000
DEPTHS = (0, 1_000, 10_000, 50_000, 99_000)
ROUNDS = 20
PAGE = 50
TIMEOUT_SECONDS = 120
STATUSES = ("PAID", "PAID", "PAID", "CREATED", "FAILED", "REFUNDED")
# Half a minute between two payments: a busy school's five weeks.
BETWEEN = timedelta(seconds=30)


def run(environ: dict[str, str], user_id: str, http: requests.Session) -> None:
    """Fill the store and print the figures. user_id, http: whose payments they are, and who asks."""
    school_id = str(uuid.uuid4())
    rows = _fill(environ["MONGODB_URI"], user_id, school_id)
    api_url = environ["API_URL"]
    admin = _admin(api_url)
    print(
        f"\n{PAYMENTS_COUNT:,} payments in the store; a page of {PAGE}, by how many come before it:",
        flush=True,
    )
    print(f"  {'':<34}" + "".join(f"{depth:>9,}" for depth in DEPTHS) + "   deepest to first")
    _pages("one's own", http, f"{api_url}/api/payment", {}, rows)
    _pages("a school's", admin, f"{api_url}/api/payment", {"schoolId": school_id}, rows)
    _pages("all, as an admin", admin, f"{api_url}/api/payment", {}, rows)
    _pages("all that are PAID", admin, f"{api_url}/api/payment", {"status": "PAID"}, rows)
    _export(admin, f"{api_url}/api/payment.csv")


def _fill(mongodb_uri: str, user_id: str, school_id: str) -> list[Cursor]:
    """Insert the payments, which all belong to one account and one school. Returns their places, the newest
    first."""
    now = datetime.now(UTC).replace(microsecond=0)
    payments: Collection[dict[str, Any]] = MongoClient(mongodb_uri).get_default_database().payments
    rows = [Cursor(now - number * BETWEEN, str(uuid.uuid4())) for number in range(PAYMENTS_COUNT)]
    for start in range(0, PAYMENTS_COUNT, BATCH):
        payments.insert_many(
            [
                _payment(row, number, user_id, school_id)
                for number, row in enumerate(rows[start : start + BATCH])
            ]
        )
    return rows


def _payment(row: Cursor, number: int, user_id: str, school_id: str) -> dict[str, Any]:
    status = STATUSES[number % len(STATUSES)]
    history = {
        "at": row.created_at,
        "from_status": "CREATED",
        "to_status": status,
        "why": "x" * 60,
        "by": "bench",
    }
    return {
        "_id": row.payment_id,
        "version": 5,
        "user_id": user_id,
        "user_email": f"payer{number}@example.com",
        "school_id": school_id,
        "amount_minor": 10_000 + number,
        "currency": "INR",
        "status": status,
        "order_receipt": f"RCP_{row.payment_id}",
        "provider_order_id": f"order_{row.payment_id}",
        "provider_payment_id": f"pay_{row.payment_id}",
        "payment_method": "upi",
        "description": "Fees for the first term",
        "captured_minor": 10_000 + number,
        "refund_reserved_minor": 0,
        "refunded_minor": 0,
        "needs_review": False,
        "history": [history] * 6,
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def _admin(api_url: str) -> requests.Session:
    account = {"email": ACCOUNTS[0].email, "password": ACCOUNTS[0].password}
    answer = requests.post(f"{api_url}/api/user/login", json=account, timeout=TIMEOUT_SECONDS)
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return http


def _pages(title: str, http: requests.Session, url: str, query: dict[str, str], rows: list[Cursor]) -> None:
    """Fetch the page at each depth in turn, over and over, and print the medians in milliseconds."""
    times: dict[int, list[float]] = {depth: [] for depth in DEPTHS}
    for _ in range(ROUNDS):
        for depth in DEPTHS:
            cursor = {"cursor": str(rows[depth - 1])} if depth else {}
            times[depth].append(_milliseconds(lambda: _page(http, url, query | cursor)))  # noqa: B023
    medians = [statistics.median(times[depth]) for depth in DEPTHS]
    figures = "".join(f"{median:>9.1f}" for median in medians)
    print(f"  {title:<34}{figures}   {medians[-1] / medians[0]:.2f}", flush=True)


def _page(http: requests.Session, url: str, query: dict[str, str]) -> None:
    answer = http.get(url, params=query | {"limit": str(PAGE)}, timeout=TIMEOUT_SECONDS)
    assert len(answer.json()["result"]) == PAGE, answer.text[:300]


def _export(http: requests.Session, url: str) -> None:
    """Fetch all payments as CSV, and watch the memory of the web processes meanwhile."""
    web = [process for process in _siblings() if "gunicorn" in " ".join(process.cmdline())]
    before = [process.memory_info().rss for process in web]
    peaks = list(before)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for number, process in enumerate(web):
                peaks[number] = max(peaks[number], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    lines = size = 0
    with http.get(url, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        answer.raise_for_status()
        first = None
        for chunk in answer.iter_content(64 * 1024):
            first = first or time.perf_counter() - started
            lines += chunk.count(b"\n")
            size += len(chunk)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    growth = max(peak - rss for peak, rss in zip(peaks, before, strict=True))
    print(
        f"  CSV of all: {lines - 1:,} lines, {size / 1e6:.1f} MB in {seconds:.1f} s, first bytes after"
        f" {(first or 0) * 1000:.0f} ms;\n"
        f"  the web process that served it grew by {growth / 1e6:.1f} MB at most",
        flush=True,
    )


def _siblings() -> list[psutil.Process]:
    """Return the processes of the stack that this benchmark runs in."""
    parent = psutil.Process().parent()
    assert parent is not None
    return parent.children(recursive=True)


def _milliseconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000
