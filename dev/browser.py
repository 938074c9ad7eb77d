"""Starts the operating system's Chromium with its driver, for the tests and the benchmark of the pages."""

import os
import shlex
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from dev import chromium, processes

PAGE_SECONDS_MAX = 30
# Nothing but this machine can be reached: a page that needs more shows itself by an error in the console.
ARGUMENTS = (
    "--headless=new",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-breakpad",
    "--disable-popup-blocking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


def start(directory: Path, downloads: Path) -> webdriver.Chrome:
    """Return a browser that keeps all of its own in the directory, and ends with this process, also when this
    one is killed. Raises ChromiumMissing."""
    found = chromium.find()
    options = webdriver.ChromeOptions()
    options.binary_location = str(_ending_with_the_driver(found.browser, directory))
    for argument in (*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option(
        "prefs",
        {"download.default_directory": str(downloads), "plugins.always_open_pdf_externally": True},
    )
    driver = webdriver.Chrome(options=options, service=_DriverService(found.driver, directory))
    driver.set_page_load_timeout(PAGE_SECONDS_MAX)
    driver.set_script_timeout(PAGE_SECONDS_MAX)
    return driver


class _DriverService(Service):
    """The driver as a process that ends with this one."""

    def __init__(self, driver: str, directory: Path) -> None:
        super().__init__(executable_path=sys.executable, env={**os.environ, "TMPDIR": str(directory)})
        self._driver = driver

    def command_line_args(self) -> list[str]:
        command = [self._driver, *super().command_line_args()]
        return processes.with_parent_death_signal(command)[1:]


def _ending_with_the_driver(browser: str, directory: Path) -> Path:
    """Return a program that is the browser, and ends when the driver does: a driver that is ended by a signal
    leaves its browser behind."""
    script = directory / "chromium"
    command = shlex.join(processes.with_parent_death_signal([])[:-1])
    script.write_text(f'#!/bin/sh\nexec {command} "$PPID" {shlex.quote(browser)} "$@"\n')
    script.chmod(0o755)
    return script
