"""A payment's page in a real browser, and the provider's window over it, as a customer uses them."""

from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver.remote.webelement import WebElement

from tests.support.chromium import Window

FRAME = "iframe.razorpay-checkout-frame"
DOWNLOAD = "Download the receipt (PDF)"


def state_of(window: Window) -> str:
    """Return the state that the page shows now."""
    return window.find("#card").get_attribute("data-state") or ""


def until_state(window: Window, state: str) -> None:
    """Wait until the page shows this state."""
    window.until(lambda: state_of(window) == state, f"the page becoming {state}")


def facts(window: Window) -> dict[str, str]:
    """Return the names and values that the page lists."""
    rows = window.find_all("#facts > div")
    return dict(row.text.split("\n", 1) for row in rows)


def until_closed(window: Window) -> None:
    """Wait until the provider's window has gone."""
    window.until(lambda: window.find_all(FRAME) == [], "the provider's window closing")


@contextmanager
def in_provider(window: Window) -> Iterator[None]:
    """Act in the provider's window, once it is there, while the block runs."""
    window.driver.switch_to.frame(window.find(FRAME))
    window.find("[data-view=choose]:not([hidden])")
    yield
    window.driver.switch_to.default_content()


def choose(window: Window, method: str, **fields: str) -> None:
    """Choose a way to pay in the provider's window, fill in its fields, and press Pay."""
    if window.find(f"#method-{method}").get_attribute("open") is None:
        _shown(window, f"#method-{method} summary").click()
    for name, value in fields.items():
        fill_in(window, name, value)
    _shown(window, f"#method-{method} button.pay").click()


def fill_in(window: Window, name: str, value: str) -> None:
    """Fill in a field of the provider's window, once it is shown."""
    field = _shown(window, f"#{name}")
    field.clear()
    field.send_keys(value)


def _shown(window: Window, selector: str) -> WebElement:
    element = window.find(selector)
    window.until(element.is_displayed, f"{selector} being shown")
    return element
