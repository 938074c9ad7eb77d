"""The official client prints on network errors; the adapter must not let it."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _prints_nothing(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The client prints on network errors; the adapter must not let it."""
    yield
    assert capfd.readouterr() == ("", "")
