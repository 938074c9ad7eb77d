"""Becomes a program that ends with its parent. It decides nothing about the program.

Runs as a script, `python -I -S dev/child.py PARENT_PID PROGRAM ARGUMENT…`, because a `preexec_fn` is not
safe in a process with threads. It sets the parent-death signal and becomes the program, which so keeps
this process's id. Outside Linux there is no such signal, and it only becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent_pid: int) -> None:
    """Arrange that the kernel sends SIGTERM to this process when its parent dies. Exits at once when the
    parent is already gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(1)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        print(f"{sys.argv[2]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)
