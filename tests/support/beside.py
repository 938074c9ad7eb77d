"""Processes of the service beside those of a stack, on its servers but with other settings: through a proxy
that breaks connections, or with little patience."""

import contextlib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests

from dev import ports, processes, procfile
from tests.conftest import ROOT, Stack
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

STOP_SECONDS_MAX = 30.0


class Beside:
    """Processes beside one stack. Their logs lie in the directory."""

    def __init__(self, stack: Stack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory

    @contextlib.contextmanager
    def web(self, **settings: str) -> Iterator[str]:
        """Run one more web process; gives its address."""
        port = ports.free_port()
        address = f"http://127.0.0.1:{port}"
        with self.process("web", PORT=str(port), **settings) as process:

            def answers() -> bool:
                assert process.is_running(), "the web process ended"
                try:
                    return requests.get(f"{address}/healthz", timeout=2).status_code == 200
                except requests.RequestException:
                    return False

            wait_until(answers, "the web process's start", deadline_seconds=40)
            yield address

    @contextlib.contextmanager
    def process(self, name: str, *, app: str = "celery_app", **settings: str) -> Iterator[psutil.Process]:
        """Run one more process of the Procfile. app: the module of its Celery application."""
        line = procfile.read(ROOT / "Procfile")[name].replace("--app celery_app", f"--app {app}")
        command = procfile.shell(line)
        path = f"{Path(sys.executable).parent}:{self._stack.environ['PATH']}"
        environ = self._stack.environ | {"BIND_HOST": "127.0.0.1", "PATH": path} | settings
        with (self._directory / f"{name}-{uuid.uuid4().hex[:8]}.log").open("wb") as log:
            process = processes.start(command, env=environ, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield psutil.Process(process.pid)
        finally:
            processes.stop(process, kill_after_seconds=STOP_SECONDS_MAX)


@contextlib.contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """Run a proxy before the server of an address; gives it and the address that goes through it."""
    parts = urlsplit(url)
    proxy = Proxy((str(parts.hostname), int(parts.port or 0)))
    # MongoDB tells its clients where it really is, and they would go there.
    query = f"{parts.query}&directConnection=true" if parts.scheme == "mongodb" else parts.query
    try:
        yield proxy, parts._replace(netloc=f"127.0.0.1:{proxy.port}", query=query).geturl()
    finally:
        proxy.close()
