"""`make demo`: drives the whole service by both doors as clients would, and stops at the first step that is
not as documented. Uses the running stack, or one of its own that it starts and stops."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dev import state
from dev.demo_client import NotAsDocumented
from dev.demo_orders import FirstDoor
from dev.demo_payments import SecondDoor


def _addresses() -> tuple[str, str] | None:
    """Return the API's and the sandbox's address: from the environment, or of the running stack."""
    if os.environ.get("API_URL") and os.environ.get("SANDBOX_URL"):
        return os.environ["API_URL"], os.environ["SANDBOX_URL"]
    running = state.running_stack()
    return (running["api_url"], running["sandbox_url"]) if running else None


def main(arguments: Sequence[str]) -> int:
    """Run the demo, starting a stack for it when none runs. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument("--to", type=Path, default=state.LOCAL / "demo", help="where the PDFs are saved")
    directory = parser.parse_args(arguments).to
    addresses = _addresses()
    if addresses is None:
        print("No stack is running; starting one for the demo.", flush=True)
        again = [sys.executable, "-m", "dev.demo", "--to", str(directory)]
        return subprocess.call([sys.executable, "-m", "dev.run", "--", *again])
    api_url, sandbox_url = addresses
    if not sandbox_url:
        print("The demo pays at the sandbox, and this stack uses the real provider.", file=sys.stderr)
        return 1
    started = time.perf_counter()
    try:
        print(f"An order, its payment and its refund, at {api_url}:", flush=True)
        first = FirstDoor(api_url, sandbox_url, directory)
        first.run()
        print("A payment by the second door:", flush=True)
        SecondDoor(api_url, sandbox_url, directory, first.email, first.password).run()
    except NotAsDocumented as error:
        print(f"  NOT as documented: {error}", file=sys.stderr)
        return 1
    print(f"All steps are as documented, in {time.perf_counter() - started:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
