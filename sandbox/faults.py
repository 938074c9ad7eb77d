"""Faults ordered by a tester: which call of the API goes wrong next, how, and how often."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.world import World

NAMES = (
    "500", "html_502", "429", "429_retry_after", "drop", "slow", "timeout_before", "timeout_after",
    "operation_in_progress",
)  # fmt: skip
ANY_ENDPOINT = "*"
SLOW_SECONDS_DEFAULT = 3.0
RETRY_AFTER_SECONDS_DEFAULT = 2
HTML_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
# Held over reading the list and writing it back.
lock = threading.Lock()


@dataclass(frozen=True)
class Fault:
    """One ordered fault. seconds: how long it holds or, for 429_retry_after, what the header says."""

    endpoint: str
    fault: str
    count: int
    seconds: float | None = None


def order(world: World, fault: Fault) -> None:
    """Add a fault after those already ordered."""
    with lock:
        world.controls.set("faults", [*world.controls.get("faults"), asdict(fault)])


def take(world: World, endpoint: str) -> Fault | None:
    """Use up one count of the oldest fault that is meant for this endpoint."""
    if not world.controls.get("faults"):
        return None
    with lock:
        faults = [Fault(**values) for values in world.controls.get("faults")]
        for position, fault in enumerate(faults):
            if fault.endpoint in (endpoint, ANY_ENDPOINT):
                left = (
                    [Fault(fault.endpoint, fault.fault, fault.count - 1, fault.seconds)]
                    if fault.count > 1
                    else []
                )
                rest = faults[:position] + left + faults[position + 1 :]
                world.controls.set("faults", [asdict(one) for one in rest])
                return fault
    return None


def clear(world: World) -> None:
    """Forget all faults; calls that are being held stay held."""
    with lock:
        world.controls.set("faults", [])


def ordered(world: World) -> list[dict[str, Any]]:
    """List the faults that are still to come."""
    return list(world.controls.get("faults"))
