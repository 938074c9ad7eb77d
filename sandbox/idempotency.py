"""X-Refund-Idempotency: same key and body give the original refund, everything else is a 400 or 409.

The documents do not say for how long a key is kept, nor whether test mode heeds it: here it does, until a
reset. A refused request uses up no key.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox import errors, records
from sandbox.world import Transaction

JsonObject = dict[str, Any]
HEADER = "X-Refund-Idempotency"
KEY_LENGTH_MIN = 10
_KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]+")
_running: set[str] = set()
_running_lock = threading.Lock()


def check(key: str) -> None:
    """Refuse a key of the wrong shape."""
    if len(key) < KEY_LENGTH_MIN:
        raise errors.ProviderError("The idempotency key must be at least 10 characters long.")
    if not _KEY_SHAPE.fullmatch(key):
        raise errors.ProviderError(
            "The idempotency key must only contain alphanumeric characters, underscores, and hyphens"
        )


@contextmanager
def running(key: str) -> Iterator[None]:
    """Refuse a second request with a key while the first one is still being answered."""
    with _running_lock:
        if key in _running:
            raise errors.idempotency_conflict(
                "Another request with the same idempotency key is still in progress."
            )
        _running.add(key)
    try:
        yield
    finally:
        with _running_lock:
            _running.discard(key)


def earlier_refund(tx: Transaction, key: str, payment_id: str, body: JsonObject) -> JsonObject | None:
    """Give the refund that this very request made before. Raises a 409 if the key served another one."""
    row = tx.one("SELECT fingerprint, refund_id FROM idempotency WHERE key = ?", key)
    if row is None:
        return None
    if row["fingerprint"] != _fingerprint(payment_id, body):
        raise errors.idempotency_conflict(
            "Different request with the same idempotency key has already been processed."
        )
    return records.get(tx, "refunds", row["refund_id"])


def remember(tx: Transaction, key: str, payment_id: str, body: JsonObject, refund: JsonObject) -> None:
    """Bind a key to its refund, in the transaction that writes the refund."""
    tx.execute(
        "INSERT INTO idempotency (key, fingerprint, refund_id) VALUES (?, ?, ?)",
        key,
        _fingerprint(payment_id, body),
        refund["id"],
    )


def _fingerprint(payment_id: str, body: JsonObject) -> str:
    canonical = json.dumps([payment_id, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
