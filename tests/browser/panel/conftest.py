"""A sandbox with something to see, and its page in the shared browser."""

from collections.abc import Iterator

import pytest

from tests.browser.panel.page import Page
from tests.sandbox.conftest import WEBHOOK_SECRET, Receiver, Sandbox, running
from tests.support.chromium import Window


@pytest.fixture(scope="session")
def shown_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for the tests of its page."""
    with running(tmp_path_factory.mktemp("panel")) as sandbox:
        yield sandbox


@pytest.fixture
def receiver(shown_sandbox: Sandbox) -> Iterator[Receiver]:
    """Give a webhook endpoint."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def page(window: Window, shown_sandbox: Sandbox, receiver: Receiver) -> Page:
    """Give the page of an empty sandbox with one endpoint."""
    for kind in ("endpoints", "snapshots"):
        for one in shown_sandbox.control("GET", f"/{kind}")["items"]:
            shown_sandbox.control("DELETE", f"/{kind}/{one.get('id', one.get('name'))}")
    shown_sandbox.control("POST", "/reset")
    shown_sandbox.control("POST", "/endpoints", {"url": receiver.url, "secret": WEBHOOK_SECRET})
    return Page(window, shown_sandbox)
