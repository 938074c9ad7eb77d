"""The whole local stack, with real processes on free ports."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import MongoClient

from dev import embedded, ready, state
from tests.dev.waiting import ROOT, is_running, none_is_running, until

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
# Nothing of the caller's environment but what a program needs, so that no server of the caller is used.
ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
# One of each, because every process loads the whole service.
ENVIRON |= {"WEB_CONCURRENCY": "1", "WORKER_CONCURRENCY": "1"}
RUN = [sys.executable, "-m", "dev.run"]
NAMES = {"mongodb", "redis", "sandbox", "web", "worker", "beat"}


class Running:
    """A stack that a test has started."""

    def __init__(self, data: Path) -> None:
        self.data = data
        command = [*RUN, "--data", str(data), "--free-ports"]
        self.popen = subprocess.Popen(
            command, cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.processes = [psutil.Process(self.popen.pid)]

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait until the stack says where it answers, and return that."""
        until(lambda: state.running_stack(self.data) or self.popen.poll() is not None, READY_SECONDS_MAX)
        assert self.popen.poll() is None, self.popen.communicate()[0]
        self.processes += self.processes[0].children(recursive=True)
        return state.running_stack(self.data) or {}

    def kept(self) -> dict[str, psutil.Process]:
        """Return the processes that the keepers keep, by name."""
        found = {}
        for process in psutil.Process(self.popen.pid).children(recursive=True):
            # A process may end while it is looked at.
            with contextlib.suppress(psutil.NoSuchProcess):
                kept = process.environ().get("KEEP") if process.cmdline()[-1:] == ["dev.keep"] else None
                if kept and (children := process.children()):
                    found[json.loads(kept)["name"]] = children[0]
        return found

    def stop(self, how: signal.Signals) -> float:
        """Send the signal to the stack alone, wait until all its processes are gone, and return the seconds
        that it took."""
        self.processes += [p for p in self.processes[0].children(recursive=True) if p not in self.processes]
        began = time.monotonic()
        self.popen.send_signal(how)
        self.output = self.popen.communicate(timeout=STOP_SECONDS_MAX)[0]
        until(lambda: none_is_running(self.processes), STOP_SECONDS_MAX)
        return time.monotonic() - began


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[[], Running]]:
    """Start stacks on one data directory that end with the test."""
    started = []

    def start() -> Running:
        started.append(Running(tmp_path / "local"))
        return started[-1]

    yield start
    for running in started:
        if running.popen.poll() is None:
            running.popen.terminate()
        running.popen.communicate()


def answers(name: str, addresses: dict[str, Any]) -> bool:
    """Say whether this part of the stack does its work again. Beat answers nobody."""
    asked = {
        "mongodb": lambda: embedded.mongodb_answers(addresses["mongodb_uri"]),
        "redis": lambda: embedded.redis_answers(addresses["redis_url"]),
        "sandbox": lambda: ready.answers(f"{addresses['sandbox_url']}/sandbox/health"),
        "web": lambda: ready.answers(f"{addresses['api_url']}/readyz"),
        "worker": lambda: ready.worker_listens(addresses["redis_url"]),
        "beat": lambda: True,
    }
    return asked[name]()


def kill_and_wait(running: Running, name: str, addresses: dict[str, Any]) -> None:
    """Kill one process of the stack, and wait until another one does its work."""
    killed = running.kept()[name]
    running.processes.append(killed)
    killed.kill()
    until(lambda: not is_running(killed))
    until(lambda: is_running(running.kept().get(name, killed)), 5)
    until(lambda: answers(name, addresses), 30)


def test_every_process_may_be_killed_and_ctrl_c_ends_them_all(start):
    running = start()
    addresses = running.wait_until_ready()
    assert set(running.kept()) == NAMES

    for name in sorted(NAMES):
        kill_and_wait(running, name, addresses)

    assert running.popen.poll() is None
    assert running.stop(signal.SIGINT) < STOP_SECONDS_MAX
    assert running.popen.returncode == 0
    assert "Traceback" not in running.output
    assert state.running_stack(running.data) is None


def test_a_killed_stack_leaves_nothing_but_its_data_for_a_command_that_runs_against_it(start):
    code = (
        "import os, sys, pymongo, urllib.request; urllib.request.urlopen(os.environ['API_URL'] + '/readyz');"
        " database = pymongo.MongoClient(os.environ['MONGODB_URI']).get_default_database();"
        " sys.exit(7 if database.test_run.find_one() == {'_id': 'yesterday'} else 1)"
    )
    running = start()
    with MongoClient(running.wait_until_ready()["mongodb_uri"]) as client:
        client.get_default_database().test_run.insert_one({"_id": "yesterday"})
    refused = start()
    assert "already running" in refused.popen.communicate(timeout=10)[0]
    assert refused.popen.returncode == 1
    assert state.running_stack(running.data)

    running.stop(signal.SIGKILL)
    command = [*RUN, "--data", str(running.data), "--", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, check=False, timeout=READY_SECONDS_MAX)

    assert done.returncode == 7


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("SWEEP_INTERVAL_SECONDS", "soon", "SWEEP_INTERVAL_SECONDS"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "nothing answers at the address in REDIS_URL"),
        ("MONGODB_URI", "nonsense", "nothing answers at the address in MONGODB_URI"),
    ],
)
def test_a_stack_that_cannot_start_ends_with_its_reason(variable, value, reason, tmp_path):
    environ = {**ENVIRON, "TMPDIR": str(tmp_path), variable: value}

    done = subprocess.run(
        [*RUN, "--", "true"], cwd=ROOT, env=environ, check=False, capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 1
    assert reason in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
