"""Starts the embedded servers one by one, as the stack's keepers run them, and waits until they answer."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev import ports, processes
from dev.embedded import (
    EmbeddedServerError,
    is_listening,
    mongodb_answers,
    mongodb_command,
    mongodb_uri,
    redis_answers,
    redis_command,
    redis_uri,
)

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 5.0
START_TRIES_MAX = 3
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server. Its process ends with this one, in whatever way this one ends."""

    name: str
    uri: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self) -> None:
        """End the server and wait until it is gone. Safe to repeat."""
        processes.stop(self.process, kill_after_seconds=STOP_SECONDS_MAX)


def start_mongodb(directory: Path, *, port: int, durable: bool, database: str = "payments") -> EmbeddedServer:
    """Start a MongoDB-compatible server and wait until it answers. directory: holds the store in
    `mongo-VERSION` and the log; what an earlier run left there is found again. port: 0 for a free one.
    durable: every write is on disk before it is acknowledged. Raises EmbeddedServerError."""
    return _start(
        "mongodb",
        directory,
        port,
        command=lambda chosen: mongodb_command(directory, port=chosen, durable=durable),
        uri=lambda chosen: mongodb_uri(chosen, database),
        answers=mongodb_answers,
    )


def start_redis(directory: Path, *, port: int, durable: bool) -> EmbeddedServer:
    """Start a Redis-compatible server and wait until it answers. directory: holds the data in `redis` and
    the log. port: 0 for a free one. durable: keeps an append-only file, synced every second. Raises
    EmbeddedServerError."""
    return _start(
        "redis",
        directory,
        port,
        command=lambda chosen: redis_command(directory, port=chosen, durable=durable),
        uri=redis_uri,
        answers=redis_answers,
    )


def _start(
    name: str,
    directory: Path,
    port: int,
    *,
    command: Callable[[int], list[str]],
    uri: Callable[[int], str],
    answers: Callable[[str], bool],
) -> EmbeddedServer:
    """Start a server and wait until it answers. A free port is only free until somebody else takes it, so
    a server that ends at once gets another one."""
    if port and not ports.is_free(port):
        raise EmbeddedServerError(f"port {port} is already in use, so {name} cannot start there")
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{name}.log"
    for _ in range(1 if port else START_TRIES_MAX):
        chosen = port or ports.free_port()
        with log.open("ab") as output:
            process = processes.start(
                command(chosen), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        server = EmbeddedServer(name, uri(chosen), chosen, process, log)
        if _wait_until_it_answers(server, answers):
            return server
        server.stop()
    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise EmbeddedServerError(f"{name} did not start: {last or 'no output'} ({log})")


def _wait_until_it_answers(server: EmbeddedServer, answers: Callable[[str], bool]) -> bool:
    deadline = time.monotonic() + START_SECONDS_MAX
    while server.process.poll() is None and time.monotonic() < deadline:
        # Asking before our own process listens could reach somebody else's server on the same port.
        if is_listening(server.process.pid, server.port) and answers(server.uri):
            return True
        time.sleep(POLL_SECONDS)
    return False
