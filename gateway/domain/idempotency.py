"""Idempotency keys: what a client's key is stored as, and what a second request with it means.

The key and a fingerprint of the request lie on the document that the first request created, under a
unique index, so that a repeated request costs no extra write and a race has one winner.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from gateway.domain.errors import IdempotencyMismatch


@dataclass(frozen=True)
class Idempotency:
    """A client's key, bound to its account and to what it asked for. Both are SHA-256 hex digests."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, *, user_id: str, operation: str, client_key: str, request: dict[str, Any]) -> "Idempotency":
        """Return the stored form: keys of different accounts and operations never meet, and the order of
        the request's fields does not matter."""
        key = hashlib.sha256("\0".join((user_id, operation, client_key)).encode()).hexdigest()
        canonical = json.dumps(request, sort_keys=True, default=str, ensure_ascii=False)
        return cls(key, hashlib.sha256(canonical.encode()).hexdigest())

    def key_after(self, expired_id: str) -> str:
        """Return what the key is stored as when its earlier use, on that document, has expired."""
        return hashlib.sha256(f"{self.key}\0{expired_id}".encode()).hexdigest()

    def check(self, stored_fingerprint: str | None) -> None:
        """Raise IdempotencyMismatch when the first request with this key asked for something else."""
        if stored_fingerprint != self.fingerprint:
            raise IdempotencyMismatch(
                "This Idempotency-Key was already used for a different request. Use a new key.",
                **{"Idempotency-Key": "was used with another body"},
            )
