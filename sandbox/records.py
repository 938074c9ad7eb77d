"""Entities in the database: written, read and listed as the JSON that the API shows.

The order of lists is not documented: newest first is assumed.
"""

import json
from typing import Any

from sandbox import errors
from sandbox.world import Transaction

JsonObject = dict[str, Any]
PREFIXES = {
    "orders": "order",
    "payments": "pay",
    "refunds": "rfnd",
    "settlements": "setl",
    "payment_disputes": "disp",
}


def insert(tx: Transaction, table: str, entity: JsonObject, **columns: object) -> None:
    """Write a new entity. columns: what it can be found by, besides id and created_at."""
    values = {"id": entity["id"], "created_at": entity["created_at"], "entity": json.dumps(entity), **columns}
    marks = ", ".join("?" for _ in values)
    tx.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())


def save(tx: Transaction, table: str, entity: JsonObject, **columns: object) -> None:
    """Write a changed entity over the old one."""
    values = {"entity": json.dumps(entity), **columns}
    assignments = ", ".join(f"{name} = ?" for name in values)
    tx.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", *values.values(), entity["id"])


def get(tx: Transaction, table: str, entity_id: str) -> JsonObject:
    """Read one entity. Raises the catalogue's error for an id that leads nowhere."""
    row = tx.one(f"SELECT entity FROM {table} WHERE id = ?", entity_id)
    if row is None:
        raise errors.unknown_id(PREFIXES[table], entity_id)
    return parsed(row["entity"])


def find(
    tx: Transaction, table: str, conditions: dict[str, object], *, count: int = -1, skip: int = 0
) -> list[JsonObject]:
    """List entities, newest first. conditions: SQL with one question mark each, and its value."""
    where = " AND ".join(conditions) or "1"
    rows = tx.all(
        f"SELECT entity FROM {table} WHERE {where} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",
        *conditions.values(),
        count,
        skip,
    )
    return [parsed(row["entity"]) for row in rows]


def parsed(text: str) -> JsonObject:
    """Read an entity from its column."""
    entity: JsonObject = json.loads(text)
    return entity


def collection(items: list[JsonObject]) -> JsonObject:
    """Wrap a list as the API does. count is what this page holds, not a total."""
    return {"entity": "collection", "count": len(items), "items": items}
