"""The official client prints on network errors; the adapter must not let it."""

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """The log's entries, which are not printed here."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(autouse=True)
def _prints_nothing(capfd: pytest.CaptureFixture[str], logged: list[Any]) -> Iterator[None]:
    """The client prints on network errors; the adapter must not let it."""
    yield
    assert capfd.readouterr() == ("", "")
