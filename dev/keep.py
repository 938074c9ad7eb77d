"""Keeps one process of the stack running: starts it again when it ends, writes its log, and ends with it.

Runs as `python -S -m dev.keep`, one keeper for each process. What to keep comes in the variable KEEP and not
as arguments, so that `pkill -f worker` finds the worker and not its keeper. It imports little, because six
keepers start with every stack, and it knows nothing about the programs.
"""

import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from dev import log_lines, processes

# Honcho sends SIGKILL five seconds after the first process has ended, which must not hit a keeper: its
# process would be left without one.
STOP_SECONDS_MAX = 4.5
# A process that ends by itself with an error this soon, the first time, has been set up wrongly.
FIRST_START_SECONDS = 15.0
STEADY_SECONDS = 5.0
BACK_OFF_SECONDS_MIN, BACK_OFF_SECONDS_MAX = 0.2, 2.0
POLL_SECONDS = 0.05
LAST_LINES = 15


@dataclass(frozen=True)
class Kept:
    """What a keeper keeps. owner_pid: the process with which it all ends. gives_up: whether a first start
    that fails ends the keeper with the same status. stop_seconds_max: when SIGKILL follows SIGTERM."""

    name: str
    command: list[str]
    log: str
    owner_pid: int
    gives_up: bool = False
    stop_seconds_max: float = STOP_SECONDS_MAX
    verbose: bool = False
    colour: bool = False

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment for the keeper; its process gets `environ`."""
        return {**environ, "KEEP": json.dumps(asdict(self))}


class Keeper:
    """Runs one process again and again until it is told to stop by SIGTERM or its owner is gone."""

    def __init__(self, kept: Kept, environ: Mapping[str, str]) -> None:
        self.kept = kept
        self.environ = environ
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)

    def run(self) -> int:
        """Keep the process until stopped, and return the keeper's own exit status."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        threading.Thread(target=self._end_with_owner, daemon=True).start()
        delay, starts = BACK_OFF_SECONDS_MIN, 0
        while not self.stopping:
            began = time.monotonic()
            status = self._run_once()
            starts += 1
            lived = time.monotonic() - began
            if self.stopping:
                break
            if self.kept.gives_up and starts == 1 and status > 0 and lived < FIRST_START_SECONDS:
                self._say(f"{_how(status)} while starting. The end of {self.kept.log}:", *self.last_lines)
                return status
            delay = BACK_OFF_SECONDS_MIN if lived > STEADY_SECONDS else min(2 * delay, BACK_OFF_SECONDS_MAX)
            self._say(f"{_how(status)}; it is started again")
            self._sleep(delay)
        return 0

    def _run_once(self) -> int:
        """Start the process, follow it until it ends, and clear away what it leaves behind."""
        self.process = processes.start(
            self.kept.command,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if self.stopping:
            # The signal came after the check in run() and before there was a process to pass it to.
            self.process.terminate()
        reader = threading.Thread(target=self._copy_output, args=(self.process,), daemon=True)
        reader.start()
        status = self.process.wait()
        # A killed server leaves its own workers, which hold its port and its output.
        processes.kill_group(self.process.pid)
        reader.join(timeout=1)
        return status

    def _copy_output(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with Path(self.kept.log).open("ab", buffering=0) as log:
            for line in process.stdout:
                log.write(line)
                text = line.decode(errors="replace").rstrip()
                self.last_lines.append(text)
                if not self.stopping and (shown := log_lines.shown(text, self.kept.verbose)):
                    self._say(shown)

    def _say(self, *lines: str) -> None:
        for line in lines:
            text = log_lines.prefixed(self.kept.name, line, self.kept.colour)
            try:
                print(text, flush=True)
            except OSError:
                # The terminal is gone. The log has it all.
                return

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            signal.setitimer(signal.ITIMER_REAL, self.kept.stop_seconds_max)
            if self.process is not None:
                self.process.terminate()

    def _kill(self, _signal: int, _frame: FrameType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            processes.kill_group(self.process.pid)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            time.sleep(POLL_SECONDS)

    def _end_with_owner(self) -> None:
        """Wait for the owner's end. It is not the parent: Honcho's own process is in between, and that
        one goes on when the owner is killed."""
        _wait_for_end_of(self.kept.owner_pid)
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for_end_of(pid: int) -> None:
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
        return
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(1)


def _how(status: int) -> str:
    """Say how a process ended."""
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def main() -> int:
    """Keep the process that the variable KEEP describes, and return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name in a log line must not end the keeper because the terminal cannot show it.
        sys.stdout.reconfigure(errors="replace")
    environ = dict(os.environ)
    kept = Kept(**json.loads(environ.pop("KEEP")))
    return Keeper(kept, environ).run()


if __name__ == "__main__":
    sys.exit(main())
