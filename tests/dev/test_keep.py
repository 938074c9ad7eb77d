"""The keeper: its process comes back, and goes with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dev.keep import Kept
from dev.procfile import KEEPER
from tests.dev.waiting import ROOT, is_running, none_is_running, until

LIVES = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
IGNORES_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LIVES
HAS_A_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    " print(child.pid, flush=True); child.wait()"
)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def log(tmp_path) -> Path:
    """The log of the kept process."""
    return tmp_path / "thing.log"


@pytest.fixture
def keep(log) -> Iterator[Start]:
    """Start keepers of a Python program that end with the test."""
    started = []

    def keep(code: str, **options: object) -> "subprocess.Popen[str]":
        kept = Kept(
            **{
                "name": "thing",
                "command": [sys.executable, "-c", code],
                "log": str(log),
                "owner_pid": os.getpid(),
            }
            | options
        )
        environ = kept.environment(os.environ)
        started.append(subprocess.Popen(KEEPER, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield keep
    for keeper in started:
        keeper.terminate()
        keeper.communicate()


def printed_pids(log: Path, count: int) -> list[psutil.Process]:
    """Wait until that many processes have printed their ids, and return the processes."""
    until(lambda: log.exists() and len(log.read_text().splitlines()) >= count)
    return [psutil.Process(int(line)) for line in log.read_text().splitlines()[-1:]]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_ends_is_started_again(how, keep, log):
    keeper = keep(LIVES)
    (first,) = printed_pids(log, 1)

    first.send_signal(how)

    until(lambda: len(log.read_text().splitlines()) == 2, 5)
    (second,) = printed_pids(log, 2)
    assert second.pid != first.pid
    assert is_running(second)
    assert how.name in keeper.stdout.readline()


def test_sigterm_ends_the_process_and_then_the_keeper(keep, log):
    keeper = keep(LIVES)
    (process,) = printed_pids(log, 1)

    keeper.terminate()

    assert keeper.wait(5) == 0
    assert none_is_running([process])


def test_a_process_that_ignores_sigterm_is_killed(keep, log):
    keeper = keep(IGNORES_SIGTERM, stop_seconds_max=0.2)
    (process,) = printed_pids(log, 1)

    keeper.terminate()

    assert keeper.wait(5) == 0
    assert none_is_running([process])


def test_everything_ends_with_the_owner(keep, log):
    with subprocess.Popen(["sleep", "60"]) as owner:
        keeper = keep(LIVES, owner_pid=owner.pid)
        (process,) = printed_pids(log, 1)

        owner.kill()

    assert keeper.wait(5) == 0
    assert none_is_running([process])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_the_process_ends_when_its_keeper_is_killed(keep, log):
    keeper = keep(LIVES)
    (process,) = printed_pids(log, 1)

    keeper.kill()

    until(lambda: none_is_running([process]), 5)


def test_what_a_killed_process_leaves_behind_is_cleared_away(keep, log):
    keeper = keep(HAS_A_CHILD)
    (grandchild,) = printed_pids(log, 1)

    grandchild.parent().kill()

    until(lambda: none_is_running([grandchild]), 5)
    assert keeper.poll() is None


def test_a_first_start_that_fails_is_given_up_with_the_end_of_its_log(keep, log):
    keeper = keep("import sys; print('no such setting'); sys.exit(78)", gives_up=True)

    output, _ = keeper.communicate(timeout=5)

    assert keeper.returncode == 78
    assert "ended with status 78 while starting" in output
    assert "no such setting" in output


def test_the_log_has_every_line_and_the_terminal_only_problems(keep, log):
    quiet, loud = '{"level": "info", "event": "quiet"}', '{"level": "error", "event": "loud", "id": 7}'
    keeper = keep(f"print({quiet!r}); print({loud!r}); import sys; sys.exit(1)", gives_up=True)

    output, _ = keeper.communicate(timeout=5)

    assert log.read_text().splitlines() == [quiet, loud]
    assert output.splitlines()[0].endswith("thing   | ERROR loud id=7")


def test_what_is_kept_shows_in_no_argument_of_the_keeper(keep, log):
    """A person who kills by name, as with pkill -f, means the process and not its keeper."""
    keeper = keep(LIVES)
    printed_pids(log, 1)

    assert psutil.Process(keeper.pid).cmdline() == KEEPER
