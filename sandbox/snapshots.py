"""Snapshots: the whole state under a name, to come back to. What is saved, what is restored, and how many.

A snapshot is a copy of the database, so it holds entities, events, deliveries, timers, switches and
endpoints, and it outlives the process. The clock comes back too: a restored sandbox goes on from the moment
of the snapshot, so that windows and retries are where they were, not overdue. The log of requests and the
list of happenings are no part of it; they tell what this process did.
"""

import json
import os
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

from sandbox import endpoints, faults, ids
from sandbox.world import World

JsonObject = dict[str, Any]
SNAPSHOTS_MAX = 20
NAME_CHARACTERS_MAX = 64
_NAME = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._-]{{0,{NAME_CHARACTERS_MAX - 1}}}")
_SUFFIX, _UNFINISHED = ".sqlite3", ".saving"
# Where a copy keeps the moment at which it was made; no switch has this name.
_MOMENT = "snapshot"
_lock = threading.Lock()


class SnapshotError(Exception):
    """A snapshot that cannot be saved or found; the text says why."""


def is_name(text: str) -> bool:
    """Tell whether a text can name a snapshot, which makes it a safe file name too."""
    return _NAME.fullmatch(text) is not None


def save(world: World, name: str) -> JsonObject:
    """Save the present state; an earlier snapshot of this name is replaced. Raises SnapshotError."""
    with _lock:
        folder = _folder(world)
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob(f"*{_UNFINISHED}"):
            left_over.unlink()
        path = _path(world, name)
        if not path.exists() and len(_paths(world)) >= SNAPSHOTS_MAX:
            raise SnapshotError(f"there are already {SNAPSHOTS_MAX} snapshots; delete one")
        unfinished = folder / f"{ids.new_bare()}{_UNFINISHED}"
        _copy(world, unfinished)
        os.replace(unfinished, path)
        return _shown(path)


def every(world: World) -> list[JsonObject]:
    """List the snapshots, newest first."""
    return sorted(map(_shown, _paths(world)), key=lambda one: (-one["saved_at"], one["name"]))


def restore(world: World, name: str) -> JsonObject:
    """Make the present state what it was. An attempt to send that is under way changes nothing any more."""
    with _lock:
        path = _found(world, name)
        # Calls that use up a fault meanwhile would write back the list of before.
        with faults.lock, world.store.replaced_by(path) as db:
            world.generation += 1
            _restore_clock(world, db)
            world.controls.load(db)
        _follow_environment(world)
        world.work.set()
        return _shown(path)


def remove(world: World, name: str) -> JsonObject:
    """Delete a snapshot and give what it was. Raises SnapshotError."""
    with _lock:
        path = _found(world, name)
        shown = _shown(path)
        path.unlink()
        return shown


def _copy(world: World, path: Path) -> None:
    # The clock is asked while no other thread can change anything that is copied.
    with world.store.copied_to(path) as copy:
        is_frozen = world.clock.state()["frozen_at"] is not None
        moment = {"now": world.clock.now(), "is_frozen": is_frozen}
        copy.execute("INSERT INTO controls (name, value) VALUES (?, ?)", (_MOMENT, json.dumps(moment)))


def _restore_clock(world: World, db: sqlite3.Connection) -> None:
    row = db.execute("SELECT value FROM controls WHERE name = ?", (_MOMENT,)).fetchone()
    moment = json.loads(row["value"])
    world.clock.restore(moment["now"], is_frozen=moment["is_frozen"])
    db.execute("DELETE FROM controls WHERE name = ?", (_MOMENT,))
    db.execute("INSERT OR REPLACE INTO controls VALUES ('clock', ?)", (json.dumps(world.clock.state()),))


def _follow_environment(world: World) -> None:
    """Send to where this process was told to, when the snapshot is of one that was told otherwise."""
    url, secret = world.settings.webhook_url, world.settings.webhook_secret
    if url is None:
        return
    with world.transaction() as tx:
        if not any(row["from_environment"] and row["url"] == url for row in endpoints.every(tx)):
            endpoints.register_from_environment(tx, url, secret)


def _folder(world: World) -> Path:
    database = world.settings.database
    return database.with_name(f"{database.name}.snapshots")


def _path(world: World, name: str) -> Path:
    return _folder(world) / f"{name}{_SUFFIX}"


def _paths(world: World) -> list[Path]:
    return [path for path in _folder(world).glob(f"*{_SUFFIX}") if is_name(path.name.removesuffix(_SUFFIX))]


def _found(world: World, name: str) -> Path:
    path = _path(world, name)
    if not is_name(name) or not path.exists():
        raise SnapshotError(f"no snapshot has the name {name!r}")
    return path


def _shown(path: Path) -> JsonObject:
    status = path.stat()
    return {
        "name": path.name.removesuffix(_SUFFIX),
        "entity": "snapshot",
        "saved_at": round(status.st_mtime, 3),
        "size_bytes": status.st_size,
    }
