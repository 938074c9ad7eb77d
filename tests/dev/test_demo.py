"""The demo succeeds on a healthy stack, and says so when a step is not as documented."""

import os
import subprocess
import sys
from pathlib import Path

from pypdf import PdfReader

from tests.conftest import ROOT, Stack
from tests.support.client import Sandbox

SECONDS_MAX = 60


def _demo(stack: Stack, directory: Path) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"API_URL": stack.api_url, "SANDBOX_URL": stack.sandbox_url}
    return subprocess.run(
        [sys.executable, "-m", "dev.demo", "--to", str(directory)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_the_demo_takes_every_step_and_keeps_both_pdfs(stack: Stack, tmp_path: Path) -> None:
    finished = _demo(stack, tmp_path)

    assert (finished.returncode, finished.stderr) == (0, "")
    steps = [line for line in finished.stdout.splitlines() if line.startswith("  ok  ")]
    assert len(steps) == 20
    pdfs = [Path(line.split()[-1]) for line in steps if line.endswith(".pdf")]
    titles = [PdfReader(pdf).pages[0].extract_text().splitlines()[0] for pdf in pdfs]
    assert titles == ["Payment receipt", "Refund receipt"]


def test_the_demo_fails_at_the_first_step_that_is_not_as_documented(
    stack: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fault("orders.create", "500", count=2)

    finished = _demo(stack, tmp_path)

    assert finished.returncode == 1
    assert "create an order: HTTP 502 instead of 201" in finished.stderr
    assert "pay it by UPI" not in finished.stdout
