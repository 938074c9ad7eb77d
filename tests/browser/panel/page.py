"""What a developer does on the page at /sandbox/."""

from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.sandbox.conftest import Sandbox
from tests.support.chromium import Window


class Page:
    """The page in one window of the browser."""

    def __init__(self, window: Window, sandbox: Sandbox) -> None:
        self.window, self.sandbox = window, sandbox

    def open(self, view: str = "live") -> None:
        """Open a view of the page, as an address that was sent to somebody."""
        self.window.open("about:blank")
        self.window.open(f"{self.sandbox.url}/sandbox/#{view}")
        self.window.until_text(self.sandbox.control("GET", "/health")["key_id"], "#key")

    def until(self, words: str) -> None:
        """Wait until the words can be read in the main part."""
        self.window.until_text(words, "main")

    def until_notice(self, words: str) -> None:
        """Wait until the page says how something went."""
        self.window.until_text(words, "#notice")

    def select(self, selector: str, value: str) -> None:
        """Choose in a list."""
        Select(self.window.find(selector)).select_by_value(value)

    def pressed(self, words: str) -> None:
        """Press a button that the page may be drawing again at this moment."""

        def press() -> bool:
            self.window.button(words).click()
            return True

        self.window.until(press, f"a press on {words!r}")

    def click(self, selector: str) -> None:
        """Click on the first such element, which the page may be drawing again at this moment."""

        def click() -> bool:
            self.window.find(selector).click()
            return True

        self.window.until(click, f"a click on {selector}")

    def rows(self, selector: str) -> list[str]:
        """Give the text of each row of a list."""
        return [" ".join(row.text.split()) for row in self._rows(selector)]

    def _rows(self, selector: str) -> list[WebElement]:
        return self.window.find_all(f"{selector} > li")
