"""Finds the browser that the tests drive, Chromium with its driver, or installs it for unattended runs.

`python -m dev.chromium` says in one sentence what is missing, or nothing; with `--install` it installs it
from the operating system's packages.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DRIVER = "chromedriver"
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "chromium-driver")
INSTALL_SECONDS_MAX = 900
MISSING = (
    "The tests in a real browser need {programs}, which {are} not on the PATH;"
    " on Debian: apt-get install chromium chromium-driver"
)


class ChromiumMissing(Exception):
    """Chromium or its driver is missing; the message is one sentence for a person."""


@dataclass(frozen=True)
class Chromium:
    """Where the browser and its driver are."""

    browser: str
    driver: str


def find() -> Chromium:
    """Return the browser and its driver of the operating system. Raises ChromiumMissing."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which(DRIVER)
    if browser and driver:
        return Chromium(browser, driver)
    missing = [name for name, path in (("chromium", browser), ("chromedriver", driver)) if not path]
    raise ChromiumMissing(
        MISSING.format(programs=" and ".join(missing), are="are" if len(missing) > 1 else "is")
    )


def install() -> None:
    """Install the operating system's Chromium, when this process may. Raises ChromiumMissing."""
    rights = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
    if not shutil.which(INSTALL[0]) or (rights and not shutil.which(rights[0])):
        find()
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in ((INSTALL[0], "update"), INSTALL):
        subprocess.run([*rights, *command], env=environ, check=False, timeout=INSTALL_SECONDS_MAX)
    find()


def main(arguments: list[str]) -> int:
    """Say what is missing, or install it; return the exit status."""
    try:
        find()
    except ChromiumMissing as missing:
        if "--install" not in arguments:
            print(missing, file=sys.stderr)
            return 1
        try:
            install()
        except (ChromiumMissing, subprocess.TimeoutExpired) as still_missing:
            print(still_missing, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
