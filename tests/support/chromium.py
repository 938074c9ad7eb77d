"""A real browser, driven as a person drives it. One process serves all tests of a pytest process; every test
gets a window of its own without cookies, storage or anything else of an earlier one."""

import base64
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from dev import browser
from tests.support import node
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENSHOTS = ROOT / ".local" / "screenshots"
AXE = "axe-core/axe.min.js"
AXE_RULES = ("wcag2a", "wcag2aa", "wcag21aa")
WIDE, PHONE = (1200, 900), (360, 740)
T = TypeVar("T")


class Window:
    """One window, as one test sees it. `find`, `press` and `type` act on what a person can reach."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._expected: list[str] = []
        self.resize(*WIDE)
        self.appear()

    def open(self, url: str) -> None:
        """Type an address."""
        self.driver.get(url)

    def resize(self, width: int, height: int, *, is_phone: bool = False) -> None:
        """Make the page's part of the window so many CSS pixels wide and high. is_phone: touch, and the
        viewport is laid out as phones do."""
        self._width = width
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)

    def appear(self, *, dark: bool = False, reduced_motion: bool = False) -> None:
        """Set what the person prefers."""
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if reduced_motion else "no-preference",
        }
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", features=listed)

    def block(self, *patterns: str) -> None:
        """Let no request to these addresses through; `*` stands for anything. Without any, lift it."""
        self.cdp("Network.enable")
        self.cdp("Network.setBlockedURLs", urls=list(patterns))

    def without_scripts(self) -> None:
        """Run no scripts in the pages that are opened from now on."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)

    def find(self, selector: str) -> WebElement:
        """Return the first element with this CSS selector, once it is there."""
        return self.until(
            lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, selector)), None), f"a {selector}"
        )

    def find_all(self, selector: str) -> list[WebElement]:
        """Return the elements with this CSS selector that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str = "body") -> str:
        """Return the visible text of the first element with this selector, without line breaks."""
        return " ".join(self.find(selector).text.split())

    def button(self, words: str) -> WebElement:
        """Return the button, or the link that looks like one, with these words, once it can be seen."""

        def found() -> WebElement | None:
            candidates = self.find_all("button, a.button, a, input[type=submit]")
            return next(
                (each for each in candidates if each.is_displayed() and each.text.strip() == words), None
            )

        return self.until(found, f"a button {words!r}")

    def press(self, words: str) -> None:
        """Click on the button with these words."""
        self.button(words).click()

    def keys(self, *keys: str) -> None:
        """Type keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> WebElement:
        """Return the element that has the focus."""
        return self.driver.switch_to.active_element

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: Callable[[], T], what: str) -> T:
        """Return the condition's first true value, asking again while the page is being exchanged."""

        def asked() -> T | None:
            try:
                return condition()
            except WebDriverException:
                return None

        value = wait_until(asked, what)
        assert value is not None
        return value

    def until_text(self, words: str, selector: str = "body") -> None:
        """Wait until the words can be read in the element."""
        self.until(lambda: words in self.text(selector), f"the words {words!r} in {selector}")

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the whole page as .local/screenshots/NAME.png, and return its path."""
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def axe_violations(self) -> list[str]:
        """Return what axe finds wrong in the page as it is now: the rule, what it asks for, and where."""
        self.run((node.packages() / AXE).read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[1];"
            "axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}}).then("
            "result => done(result.violations.map(each => `${each.id}: ${each.help}: `"
            " + each.nodes.map(node => node.html).join(' | '))), error => done([String(error)]));",
            list(AXE_RULES),
        )
        return [str(each) for each in found]

    def overflow_pixels(self) -> int:
        """Return by how many CSS pixels the page is wider than the window."""
        # Not the inner width: a phone zooms out until it shows all.
        return max(0, int(self.run("return document.documentElement.scrollWidth")) - self._width)

    def expect_in_console(self, *words: str) -> None:
        """Let errors that hold one of these words stand in the console."""
        self._expected += words

    def console_errors(self) -> list[str]:
        """Return what stands in the console as an error, a breach of the Content-Security-Policy too, and was
        not expected. Empties the console."""
        entries = self.driver.get_log("browser")
        errors = [str(each["message"]) for each in entries if _is_error(each)]
        return [each for each in errors if not any(words in each for words in self._expected)]

    def cdp(self, command: str, **options: Any) -> Any:
        """Send a command of the DevTools protocol to this window."""
        return self.driver.execute_cdp_cmd(command, options)


class Browser:
    """The browser of one pytest process."""

    def __init__(self) -> None:
        # What the browser itself keeps goes there too, so that nothing is left in the machine's directory.
        self._directory = TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self.downloads = Path(self._directory.name) / "downloads"
        self.downloads.mkdir()
        self.driver = browser.start(self.downloads.parent, self.downloads)

    def new_window(self) -> Window:
        """Close all windows, forget what they left, and open one."""
        before = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        fresh = self.driver.current_window_handle
        self._close(before)
        self.driver.switch_to.window(fresh)
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.get_log("browser")
        for path in self.downloads.iterdir():
            path.unlink()
        return Window(self.driver)

    def quit(self) -> None:
        """End the browser and its driver."""
        self.driver.quit()
        self._directory.cleanup()

    def _close(self, handles: Iterable[str]) -> None:
        for handle in handles:
            self.driver.switch_to.window(handle)
            self.driver.close()


def _is_error(entry: dict[str, Any]) -> bool:
    return entry["level"] == "SEVERE" or "Content Security Policy" in entry["message"]
