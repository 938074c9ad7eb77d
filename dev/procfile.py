"""Runs the Procfile's processes under Honcho. Each has a keeper, so that the end of one does not end all."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from honcho.environ import parse_procfile
from honcho.manager import SIGNALS, Manager, Printer

from dev.keep import Kept

ROOT = Path(__file__).resolve().parent.parent
KEEPER = [sys.executable, "-S", "-m", "dev.keep"]


def read(path: Path) -> dict[str, str]:
    """Return the processes of a Procfile: name and command line."""
    return dict(parse_procfile(path.read_text()).processes)


def shell(command: str) -> list[str]:
    """Return the arguments that run a line of a Procfile, without a shell that stays in between."""
    return ["/bin/sh", "-c", f"exec {command}"]


class _Quiet(Printer):
    """Prints what the keepers say, which already has a prefix, and nothing about Honcho itself."""

    def write(self, message: Any) -> None:
        if message.name == "system":
            return
        data = message.data.decode(errors="replace") if isinstance(message.data, bytes) else message.data
        try:
            print(data, end="", file=self.output, flush=True)
        except OSError:
            # The terminal is gone; the logs have it all, and the stack must still end in order.
            return


class Processes(Manager):
    """Honcho's manager. Besides what it does, it calls back when everything has been started, and it can be
    stopped at any moment. Only the main thread may run loop()."""

    def __init__(self, on_started: Callable[[], None]) -> None:
        super().__init__(printer=_Quiet(sys.stdout))
        self._on_started = on_started
        self._starting = True
        self._stop_asked = False

    def add(self, kept: Kept, environ: Mapping[str, str]) -> None:
        """Add a process with its keeper. Call it before loop()."""
        command = "exec " + shlex.join(KEEPER)
        self.add_process(kept.name, command, env=kept.environment(environ), cwd=str(ROOT))

    @property
    def was_stopped(self) -> bool:
        """Say whether loop() ended because of a signal, rather than because a process gave up."""
        return self.returncode in {signal["rc"] for signal in SIGNALS.values()}

    def _start(self) -> None:
        super()._start()
        # Honcho's terminate() needs every process's id, which arrives by message.
        held = []
        while not self._all_started():
            message = self.events.get()
            if message.type == "start":
                self._processes[message.name]["pid"] = message.data["pid"]
            held.append(message)
        for message in held:
            self.events.put(message)
        self._starting = False
        if self._stop_asked:
            self.terminate()
        else:
            threading.Thread(target=self._on_started, daemon=True).start()

    def terminate(self) -> None:
        """Stop all processes. A signal may come before Honcho knows them all."""
        if self._starting:
            self._stop_asked = True
        else:
            super().terminate()


def ask_to_stop() -> None:
    """Make loop() end, from any thread."""
    os.kill(os.getpid(), signal.SIGTERM)
