"""Starts, watches and stops the whole local stack, in order: MongoDB and Redis first and last, the
processes of the Procfile and the sandbox in between, the seed beside them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from dev import embedded, ports, processes, procfile, ready
from dev.environment import Environment, StackError
from dev.keep import STOP_SECONDS_MAX, Kept
from dev.state import Lock, addresses_path

SERVER_SECONDS_MAX = 20.0
SEED_SECONDS_MAX = 60.0
YIELDING = ["nice", "-n", "10"]
KEEPER_SECONDS_MAX = STOP_SECONDS_MAX + 1


class Stack:
    """The stack of one data directory. durable: what was acknowledged outlives a kill of MongoDB too, at
    the price of waiting for the disk. run() may be called once."""

    def __init__(
        self,
        environment: Environment,
        directory: Path,
        *,
        durable: bool = True,
        verbose: bool = False,
        quiet: bool = False,
    ) -> None:
        self.environment = environment
        self.directory = directory
        self.durable = durable
        self.logs = directory / "logs"
        self.verbose = verbose
        self.quiet = quiet
        self._servers: list[subprocess.Popen[bytes]] = []
        self._seed: subprocess.Popen[bytes] | None = None
        self._manager = procfile.Processes(self._on_started)
        self._ended = False
        self._failure: str | None = None

    def run(self, when_ready: Callable[[], None]) -> None:
        """Run the stack until it is told to stop by SIGINT, SIGTERM or stop(). when_ready: called on another
        thread once everything answers. Returns when every process is gone. Raises StackError when it cannot
        start, or when a process cannot be kept running."""
        self._when_ready = when_ready
        # The lock comes first: "already running" says more than "port in use".
        lock = Lock(self.directory)
        try:
            check_ports(self.environment)
            if not self.quiet:
                print("Starting the stack ...", flush=True)
            _on_signals(_interrupt)
            self._start_servers(lock)
            self._seed = self._start_seed()
            self._run_processes()
        except _Interrupted:
            # Told to stop before everything was started.
            return
        finally:
            _on_signals(signal.SIG_IGN)
            self._stop_servers()
            addresses_path(self.directory).unlink(missing_ok=True)
            lock.release()
        if self._failure:
            raise StackError(self._failure)

    def stop(self) -> None:
        """Make run() return, from any thread."""
        procfile.ask_to_stop()

    def _start_servers(self, lock: Lock) -> None:
        """Start the embedded servers at the same time, and wait until they answer, or the caller's do."""
        variables, directory = self.environment.variables, self.directory
        asked: dict[str, ready.Check] = {
            "MONGODB_URI": lambda: embedded.mongodb_answers(variables["MONGODB_URI"]),
            "REDIS_URL": lambda: embedded.redis_answers(variables["REDIS_URL"]),
        }
        started: dict[str, ready.Check] = {}
        if port := self.environment.mongodb_port:
            command = embedded.mongodb_command(directory, port=port, durable=self.durable)
            self._start_server("mongodb", command, lock)
            started["mongodb"] = asked.pop("MONGODB_URI")
        if port := self.environment.redis_port:
            command = embedded.redis_command(directory, port=port, durable=True)
            self._start_server("redis", command, lock)
            started["redis"] = asked.pop("REDIS_URL")
        ready.wait_until_ready(started, self.logs, lambda: False, seconds_max=SERVER_SECONDS_MAX)
        for name, answers in asked.items():
            if not answers():
                raise StackError(f"nothing answers at the address in {name}")

    def _start_server(self, name: str, command: list[str], lock: Lock) -> None:
        kept = self._kept(name, command, gives_up=False)
        environ = kept.environment(os.environ)
        # The lock goes along, so that a crashed stack is over only when its servers are gone.
        options = {"cwd": procfile.ROOT, "pass_fds": (lock.descriptor,), "stdin": subprocess.DEVNULL}
        self._servers.append(processes.start(procfile.KEEPER, env=environ, **options))

    def _start_seed(self) -> "subprocess.Popen[bytes]":
        with self._new_log("seed").open("wb") as log:
            return processes.start(
                [sys.executable, "-m", "dev.seed"],
                env=self.environment.variables,
                cwd=procfile.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _run_processes(self) -> None:
        """Run the Procfile's processes and the sandbox until the stack is told to stop."""
        commands = {}
        if self.environment.has_sandbox:
            commands["sandbox"] = [sys.executable, "-m", "sandbox"]
        awaited = ready.checks(self.environment)
        for name, command in procfile.read(procfile.ROOT / "Procfile").items():
            # What nobody waits for leaves the processor to the others while they start.
            commands[name] = [*([] if name in awaited else YIELDING), *procfile.shell(command)]
        for name, arguments in commands.items():
            self._manager.add(self._kept(name, arguments, gives_up=True), self.environment.variables)
        # Honcho itself only listens to SIGINT and SIGTERM; this is the terminal being closed.
        signal.signal(signal.SIGHUP, lambda _number, _frame: self.stop())
        try:
            self._manager.loop()
        except BaseException:
            # Honcho's own processes would otherwise keep this one from ending.
            self._manager.terminate()
            raise
        finally:
            self._ended = True
        if not self._manager.was_stopped and not self._failure:
            self._failure = "stopped, because a process could not be kept running (see above)"

    def _on_started(self) -> None:
        """Follow the start to its end, on a thread of its own."""
        try:
            self._wait_for_seed()
            ready.wait_until_ready(ready.checks(self.environment), self.logs, lambda: self._ended)
            if not self._ended:
                self._when_ready()
        except StackError as error:
            self._failure = str(error)
            self.stop()
        except BaseException as error:
            self._failure = f"{type(error).__name__}: {error}"
            self.stop()
            raise

    def _wait_for_seed(self) -> None:
        assert self._seed is not None
        try:
            status = self._seed.wait(SEED_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            status = processes.stop(self._seed)
        if status != 0 and not self._ended:
            log = self.logs / "seed.log"
            raise StackError(f"python -m dev.seed failed. The end of {log}:\n{ready.log_end(log)}")

    def _stop_servers(self) -> None:
        """Stop the seed if it still runs, then both servers at the same time."""
        if self._seed:
            processes.stop(self._seed)
        for keeper in self._servers:
            keeper.terminate()
        for keeper in self._servers:
            processes.stop(keeper, kill_after_seconds=KEEPER_SECONDS_MAX)

    def _kept(self, name: str, command: list[str], *, gives_up: bool) -> Kept:
        return Kept(
            name=name,
            command=command,
            log=str(self._new_log(name)),
            owner_pid=os.getpid(),
            gives_up=gives_up,
            verbose=self.verbose,
            colour=sys.stdout.isatty(),
        )

    def _new_log(self, name: str) -> Path:
        """Return the path of an empty log, and keep the log of the run before beside it."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        return log


def check_ports(environment: Environment) -> None:
    """Raise StackError with one line when a port that the stack needs is taken."""
    wanted = {"PORT": environment.port}
    if environment.has_sandbox:
        wanted["SANDBOX_PORT"] = environment.sandbox_port
    for name, port in wanted.items():
        if not ports.is_free(port):
            raise StackError(f"port {port} is already in use: set {name} to another one")


def _on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


class _Interrupted(BaseException):
    """Told to stop. Not KeyboardInterrupt, which ends Python by a signal even when it is caught, if it comes
    while the text of a class is being evaluated."""


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Interrupted
