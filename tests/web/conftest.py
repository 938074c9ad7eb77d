"""What the tests of pages share."""

import pytest

from tests.support.kept_payments import keep, page_of
from tests.support.pages import Browser

__all__ = ["browser", "keep", "page_of"]


@pytest.fixture
def browser() -> Browser:
    """A customer's browser, without scripts."""
    return Browser()
