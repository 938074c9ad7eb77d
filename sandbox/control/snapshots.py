"""Controls about snapshots of the whole state."""

from typing import Any

from sandbox import snapshots
from sandbox.control.request import Control, collection
from sandbox.control_errors import ControlError, require_only, require_text

JsonObject = dict[str, Any]


def save(control: Control) -> JsonObject:
    """Answer POST /sandbox/snapshots with the snapshot that was saved."""
    require_only(control.body, ("name",))
    name = require_text(control.body, "name")
    if not snapshots.is_name(name):
        raise ControlError(
            f"name must be 1 to {snapshots.NAME_CHARACTERS_MAX} letters, digits, dots, dashes "
            "and underscores, and not begin with a dot",
            "name",
        )
    try:
        return snapshots.save(control.world, name)
    except snapshots.SnapshotError as error:
        raise ControlError(str(error)) from None


def every(control: Control) -> JsonObject:
    """Answer GET /sandbox/snapshots, newest first."""
    return collection(snapshots.every(control.world))


def restore(control: Control) -> JsonObject:
    """Answer POST /sandbox/snapshots/:name/restore with the snapshot that is the present state now."""
    require_only(control.body, ())
    try:
        return snapshots.restore(control.world, control.ids["name"])
    except snapshots.SnapshotError as error:
        raise ControlError(str(error), status=404) from None


def remove(control: Control) -> JsonObject:
    """Answer DELETE /sandbox/snapshots/:name with what was removed."""
    try:
        return snapshots.remove(control.world, control.ids["name"])
    except snapshots.SnapshotError as error:
        raise ControlError(str(error), status=404) from None
