"""One scenario of the fault suite: the stacks it uses, what was acknowledged in it, and what it measured."""

from collections.abc import Callable

import pytest

from tests.support import invariants
from tests.support.acknowledged import Acknowledged
from tests.support.invariants import World

# The test itself has found something: what the invariants say is a help, and not worth a long wait.
REST_SECONDS_MAX_AFTER_FAILURE = 5.0


class Scenario:
    """What a test tells about itself, and the check of the invariants when it is over."""

    FAILED = pytest.StashKey[bool]()

    def __init__(self, acknowledged: Acknowledged) -> None:
        self.acknowledged = acknowledged
        self.worlds: list[Callable[[], World]] = []
        self.figures: list[str] = []
        # A test that repeats its scenario itself, in a loop, says how often.
        self.rounds: int | None = None

    @property
    def rounds_counted(self) -> int:
        """Return how many rounds the test was: none, if nothing was broken in it."""
        return self.rounds if self.rounds is not None else int(bool(self.worlds))

    def figure(self, sentence: str) -> None:
        """Have a measurement printed under the table."""
        self.figures.append(sentence)

    def violations(self, *, test_failed: bool) -> list[str]:
        """Check the five invariants in all stacks of the scenario, once everything has come to rest."""
        seconds = REST_SECONDS_MAX_AFTER_FAILURE if test_failed else invariants.REST_SECONDS_MAX
        return invariants.violations([world() for world in self.worlds], self.acknowledged, seconds)
