"""How often the fault suite repeats what it repeats. FAULT_ROUNDS is read here and nowhere else."""

import os
from typing import Any

import pytest

VARIABLE = "FAULT_ROUNDS"


def rounds(in_ci: int, *, one_in: int = 1) -> int:
    """Return how often to repeat a scenario: `in_ci` times, unless FAULT_ROUNDS asks for more. one_in: for
    slow scenarios, which are repeated once for so many rounds of a quick one."""
    wanted = int(os.environ.get(VARIABLE) or 0)
    return max(in_ci, wanted // one_in)


def repeated(in_ci: int = 1, *, one_in: int = 1) -> pytest.MarkDecorator:
    """Mark a test of tests/faults to be run so many times, each run being a round with its own check of the
    invariants."""
    return pytest.mark.repeated(rounds(in_ci, one_in=one_in))


def repeat(metafunc: pytest.Metafunc) -> None:
    """Make as many tests of one as its mark says. To be called by pytest_generate_tests."""
    mark: Any = metafunc.definition.get_closest_marker("repeated")
    if mark and mark.args[0] > 1:
        numbers = range(1, mark.args[0] + 1)
        metafunc.parametrize("round_number", numbers, ids=[f"round {n}" for n in numbers], indirect=True)
