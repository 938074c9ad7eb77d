"""One real browser for all tests of this process. A test fails when an error is left in its console."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dev.chromium import ChromiumMissing
from tests.support.chromium import Browser, Window


@pytest.fixture(scope="session")
def chromium(standing: ExitStack) -> Browser:
    """The browser, started when a test first needs it."""
    try:
        browser = Browser()
    except ChromiumMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    standing.callback(browser.quit)
    return browser


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    """A window of its own."""
    window = chromium.new_window()
    yield window
    errors = window.console_errors()
    assert errors == [], "\n".join(errors)
