"""The browser that the other tests drive: what it tells them, and that it forgets everything in between."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.chromium import Browser, Window

POLICY = "default-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline'"
PAGE = b"""<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>A page</title>
<body><h1>A page</h1><button onclick="console.error('pressed')">Press</button>
<p style="color: red">Breach</p><img src="/picture" width="500" height="9" alt=""></body></html>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_page = self.path.startswith("/page")
        self.send_response(200 if is_page else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(PAGE if is_page else b"")

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a page that does several things wrong."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page"
    server.shutdown()
    thread.join()
    server.server_close()


def test_errors_and_breaches_of_the_policy_are_read_from_the_console(window: Window, address: str) -> None:
    window.open(address)
    window.press("Press")

    errors = window.console_errors()

    assert len([each for each in errors if "pressed" in each]) == 1
    assert len([each for each in errors if "404" in each and "/picture" in each]) == 1
    assert len([each for each in errors if "Content Security Policy" in each]) == 1
    assert window.console_errors() == []


def test_an_expected_error_is_none(window: Window, address: str) -> None:
    window.expect_in_console("pressed", "/picture", "Content Security Policy")

    window.open(address)
    window.press("Press")

    assert window.console_errors() == []


def test_a_new_window_knows_nothing_of_the_one_before(chromium: Browser, address: str) -> None:
    first = chromium.new_window()
    first.open(address)
    first.run("localStorage.a = sessionStorage.a = 1; document.cookie = 'a=1; max-age=1000'")
    first.run("window.open('/page')")

    second = chromium.new_window()
    second.open(address)

    assert second.run("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert len(second.driver.window_handles) == 1


def test_a_window_is_as_wide_and_as_dark_as_the_person_has_it(window: Window, address: str) -> None:
    window.expect_in_console("/picture", "Content Security Policy")
    window.resize(360, 740, is_phone=True)
    window.appear(dark=True, reduced_motion=True)

    window.open(address)

    asked = "return [matchMedia('(prefers-color-scheme: dark)').matches,"
    asked += " matchMedia('(prefers-reduced-motion: reduce)').matches]"
    assert window.run(asked) == [True, True]
    assert window.overflow_pixels() == 500 + 8 - 360
    window.resize(1200, 900)
    assert window.overflow_pixels() == 0
