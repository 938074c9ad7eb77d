"""A shop that opens Checkout of a sandbox of this process's own, in the shared browser."""

from collections.abc import Iterator

import pytest

from tests.browser.checkout.merchant import Merchant
from tests.browser.checkout.shopping import Shop
from tests.sandbox.conftest import Sandbox, running
from tests.support.chromium import Window


@pytest.fixture(scope="session")
def checkout_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for the tests of Checkout; UPI payers answer at once."""
    with running(tmp_path_factory.mktemp("checkout"), SANDBOX_UPI_APPROVAL_SECONDS="0.1") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def merchant(checkout_sandbox: Sandbox) -> Iterator[Merchant]:
    """Run the merchant's server."""
    merchant = Merchant(checkout_sandbox.url)
    yield merchant
    merchant.close()


@pytest.fixture
def shop(window: Window, checkout_sandbox: Sandbox, merchant: Merchant) -> Shop:
    """Give a shop with an order of its own that nobody has paid, in an empty sandbox."""
    checkout_sandbox.control("POST", "/reset")
    merchant.posted.clear()
    return Shop(window, checkout_sandbox, merchant)
