"""`make run`: the whole service on one machine. `python -m dev.run -- COMMAND` runs a command against a
stack of its own, on free ports, that ends with the command."""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev import accounts, banner, child, parent, processes, procfile, state
from dev.embedded import EmbeddedServerError
from dev.environment import Environment, StackError, resolve
from dev.stack import Stack

STOPPED_STATUS = 130


def main(arguments: Sequence[str]) -> int:
    """Run the stack as the arguments say, and return the exit status: 0 when it was told to stop, 1 when it
    could not run, or the command's own."""
    began = time.monotonic()
    options, command = _options(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name in a log line must not end the stack because the terminal cannot show it.
        sys.stdout.reconfigure(errors="replace")
    if options.end_with_parent:
        child.end_with_parent(os.getppid())
        parent.follow(procfile.ask_to_stop)
    with tempfile.TemporaryDirectory(prefix="payment-stack-") as temporary:
        directory = options.data or (Path(temporary) if command else state.LOCAL)
        directory = directory.resolve()
        try:
            environment = resolve(os.environ, directory, on_free_ports=bool(command) or options.free_ports)
            durable = not options.disposable and directory != Path(temporary).resolve()
            stack = Stack(
                environment, directory, durable=durable, verbose=_is_on("VERBOSE"), quiet=bool(command)
            )
            return _run(stack, command, options.ready_file, began)
        except (StackError, EmbeddedServerError) as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return STOPPED_STATUS if command else 0


def addresses(environment: Environment) -> dict[str, Any]:
    """Return what a client of the stack needs to know: addresses, keys and accounts."""
    variables = environment.variables
    return {
        "pid": os.getpid(),
        "api_url": environment.api_url,
        "sandbox_url": environment.sandbox_url,
        "mongodb_uri": variables["MONGODB_URI"],
        "redis_url": variables["REDIS_URL"],
        "razorpay_key_id": variables["RAZORPAY_KEY_ID"],
        "razorpay_key_secret": variables["RAZORPAY_KEY_SECRET"],
        "razorpay_webhook_secret": variables["RAZORPAY_WEBHOOK_SECRET"],
        "demo_school_id": str(accounts.DEMO_SCHOOL_ID),
        "accounts": [account._asdict() for account in accounts.ACCOUNTS],
    }


def _run(stack: Stack, command: list[str], ready_file: Path | None, began: float) -> int:
    client = _Client(command, stack.environment)

    def when_ready() -> None:
        for path in [state.addresses_path(stack.directory), *([ready_file] if ready_file else [])]:
            state.write_addresses(path, addresses(stack.environment))
        if command:
            client.run()
            stack.stop()
            return
        seconds, colour = time.monotonic() - began, sys.stdout.isatty()
        print(banner.text(stack.environment, stack.directory, seconds=seconds, colour=colour), flush=True)

    try:
        stack.run(when_ready)
    finally:
        client.stop()
    if not command:
        print("Stopped.", flush=True)
        return 0
    return client.status


class _Client:
    """The command that uses the stack."""

    def __init__(self, command: list[str], environment: Environment) -> None:
        self.command = command
        self.environ = {**environment.variables, "API_URL": environment.api_url}
        if environment.sandbox_url:
            self.environ["SANDBOX_URL"] = environment.sandbox_url
        # Stands when the stack is told to stop before the command has ended.
        self.status = STOPPED_STATUS
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run the command to its end. It keeps the terminal, and gets Ctrl-C itself."""
        self._process = processes.start(self.command, env=self.environ, start_new_session=False)
        status = self._process.wait()
        self.status = status if status >= 0 else 128 - status

    def stop(self) -> None:
        """End the command if it still runs."""
        if self._process and self._process.poll() is None:
            processes.stop(self._process)


def _options(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the arguments into our own options and the command after `--`."""
    own, command = list(arguments), []
    if "--" in own:
        at = own.index("--")
        own, command = own[:at], own[at + 1 :]
    parser = argparse.ArgumentParser(prog="python -m dev.run", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="the data directory; .local, or a temporary one for a command"
    )
    parser.add_argument("--ready-file", type=Path, help="write the addresses there as JSON when all answers")
    parser.add_argument("--free-ports", action="store_true", help="ignore PORT and SANDBOX_PORT")
    parser.add_argument(
        "--disposable", action="store_true", help="do not wait for the disk: a killed database loses data"
    )
    parser.add_argument("--end-with-parent", action="store_true", help="stop when the parent process dies")
    return parser.parse_args(own), command


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "0", "false", "no")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
