"""One stack whose parts the journeys' tests kill and hold; each test leaves it running and ready."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Stack
from tests.support.own import OwnStack
from tests.support.waiting import wait_until

# As short as the settings allow, because a dead worker's claim must run out before anyone goes on.
SETTINGS = {
    "CLAIM_TTL_SECONDS": "7",
    "PROVIDER_CONNECT_TIMEOUT_SECONDS": "0.4",
    "PROVIDER_READ_TIMEOUT_SECONDS": "1.6",
    "SWEEP_INTERVAL_SECONDS": "0.5",
    "WAIT_FOR_WORK_SECONDS": "1",
    "WORKER_CONCURRENCY": "4",
}


@pytest.fixture(scope="session")
def own_stack(start_stack: Callable[..., Stack]) -> Iterator[OwnStack]:
    """The stack, started when a test first needs it."""
    own = OwnStack(start_stack, durable=True, **SETTINGS)
    yield own
    own.close()


@pytest.fixture
def own(own_stack: OwnStack) -> Iterator[OwnStack]:
    """The stack, ready, and without faults left over."""
    yield own_stack
    own_stack.sandbox.clear_faults()
    own_stack.sandbox.deliveries(paused=False)
    wait_until(own_stack.is_ready, "the stack being ready again")
