"""Controls about the sandbox itself: clock, faults, modes, log, reset."""

from typing import Any

from sandbox import faults, refunds
from sandbox.api import routes as api_routes
from sandbox.control.request import Control, collection, limit
from sandbox.control_errors import ControlError, boolean, number, require_choice, require_only
from sandbox.faults import Fault
from sandbox.request_log import KEPT_CALLS
from sandbox.schema import EMPTIED_BY_RESET
from sandbox.settings import RECEIPT_MODES, UPI_COLLECT_MODES

JsonObject = dict[str, Any]
REFUND_MODES = ("processed", "pending", refunds.INSUFFICIENT_BALANCE)
ADVANCE_SECONDS_MAX = 10 * 365 * 86400
FAULT_COUNT_MAX = 1_000_000
HOLD_SECONDS_MAX = 3600


def show_clock(control: Control) -> JsonObject:
    """Answer GET /sandbox/clock."""
    state = control.world.clock.state()
    return {"now": control.world.clock.now(), "frozen": state["frozen_at"] is not None}


def set_clock(control: Control) -> JsonObject:
    """Answer POST /sandbox/clock: first freeze or unfreeze, then advance."""
    require_only(control.body, ("advance_seconds", "frozen"))
    clock = control.world.clock
    seconds = number(control.body, "advance_seconds", 0, 0, ADVANCE_SECONDS_MAX)
    if "frozen" in control.body:
        clock.freeze() if boolean(control.body, "frozen", False) else clock.unfreeze()
    clock.advance(seconds)
    control.world.controls.set("clock", clock.state())
    control.world.work.set()
    return show_clock(control)


def show_faults(control: Control) -> JsonObject:
    """Answer GET /sandbox/faults: those still to come."""
    return collection(faults.ordered(control.world))


def add_fault(control: Control) -> JsonObject:
    """Answer POST /sandbox/faults with all faults still to come."""
    require_only(control.body, ("endpoint", "fault", "count", "seconds"))
    count = number(control.body, "count", 1, 1, FAULT_COUNT_MAX)
    if not isinstance(count, int):
        raise ControlError(f"count must be a whole number: {count!r}", "count")
    seconds = control.body.get("seconds")
    fault = Fault(
        endpoint=require_choice(control.body, "endpoint", (*api_routes.NAMES, faults.ANY_ENDPOINT)),
        fault=require_choice(control.body, "fault", faults.NAMES),
        count=count,
        seconds=None if seconds is None else number(control.body, "seconds", 0, 0, HOLD_SECONDS_MAX),
    )
    faults.order(control.world, fault)
    return show_faults(control)


def clear_faults(control: Control) -> JsonObject:
    """Answer DELETE /sandbox/faults."""
    faults.clear(control.world)
    return show_faults(control)


def show_refunds(control: Control) -> JsonObject:
    """Answer GET /sandbox/refunds."""
    mode: JsonObject = control.world.controls.get("refunds")
    return mode


def set_refunds(control: Control) -> JsonObject:
    """Answer POST /sandbox/refunds: how new refunds come out."""
    require_only(control.body, ("mode",))
    control.world.controls.set("refunds", {"mode": require_choice(control.body, "mode", REFUND_MODES)})
    return show_refunds(control)


def show_receipts(control: Control) -> JsonObject:
    """Answer GET /sandbox/receipts."""
    mode: JsonObject = control.world.controls.get("receipts")
    return mode


def set_receipts(control: Control) -> JsonObject:
    """Answer POST /sandbox/receipts: what happens to an order whose receipt was used before."""
    require_only(control.body, ("mode",))
    control.world.controls.set("receipts", {"mode": require_choice(control.body, "mode", RECEIPT_MODES)})
    return show_receipts(control)


def show_upi_collect(control: Control) -> JsonObject:
    """Answer GET /sandbox/upi-collect."""
    mode: JsonObject = control.world.controls.get("upi_collect")
    return mode


def set_upi_collect(control: Control) -> JsonObject:
    """Answer POST /sandbox/upi-collect: whether the merchant may send collect requests."""
    require_only(control.body, ("mode",))
    mode = require_choice(control.body, "mode", UPI_COLLECT_MODES)
    control.world.controls.set("upi_collect", {"mode": mode})
    return show_upi_collect(control)


def show_lists(control: Control) -> JsonObject:
    """Answer GET /sandbox/lists."""
    lag: JsonObject = control.world.controls.get("lists")
    return lag


def set_lists(control: Control) -> JsonObject:
    """Answer POST /sandbox/lists: for how long GET /v1/payments misses a new payment."""
    require_only(control.body, ("lag_seconds",))
    lag_seconds = number(control.body, "lag_seconds", 0, 0, HOLD_SECONDS_MAX)
    control.world.controls.set("lists", {"lag_seconds": lag_seconds})
    return show_lists(control)


def requests(control: Control) -> JsonObject:
    """Answer GET /sandbox/requests: the last API calls, newest first."""
    found = control.world.requests.newest_first(
        control.query.get("path", ""), limit(control, KEPT_CALLS, KEPT_CALLS)
    )
    return collection(found)


def reset(control: Control) -> JsonObject:
    """Answer POST /sandbox/reset: an empty sandbox with its endpoints switched on."""
    world = control.world
    with faults.lock, world.transaction() as tx:
        world.generation += 1
        for table in EMPTIED_BY_RESET:
            tx.execute(f"DELETE FROM {table}")
        tx.execute("UPDATE endpoints SET enabled = 1, failing_since = NULL")
        world.controls.forget()
        world.clock.restart()
        world.requests.clear()
        world.happenings.clear()
    world.work.set()
    return {"reset": True}


def health(control: Control) -> JsonObject:
    """Answer GET /sandbox/health, after a look at the database."""
    with control.world.reading() as tx:
        tx.one("SELECT 1")
    return {"status": "ok", "key_id": control.world.settings.key_id}
