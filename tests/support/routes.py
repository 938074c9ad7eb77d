"""The routes of the service, as it lists them itself."""

import subprocess
import sys

from tests.conftest import ROOT, Stack


def route_listing(stack: Stack) -> str:
    """Return what `flask routes` prints."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "routes", "--sort", "rule"],
        cwd=ROOT,
        env=stack.environ,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    ).stdout
