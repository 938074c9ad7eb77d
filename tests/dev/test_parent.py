"""A parent that was told to stop is noticed, because make passes neither SIGINT nor SIGHUP on."""

import subprocess
import sys

import pytest

from tests.dev.waiting import ROOT

FOLLOWER = """
import threading
from dev import parent
told = threading.Event()
parent.follow(told.set)
print("following", flush=True)
print("told" if told.wait(20) else "not told", flush=True)
"""
PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
# As in the handler of a C program, in which the signal is blocked.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
print(child.stdout.readline(), end="")
child.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it")
def test_a_parent_that_handles_a_signal_is_noticed():
    done = subprocess.run(
        [sys.executable, "-c", PARENT, FOLLOWER], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "told\n"
