"""How busy this machine is with other things: a promise about seconds is about a machine that has nothing
else to do."""

import os
from time import monotonic

import psutil


class Stopwatch:
    """Measures time from its making on, without what the machine's processors spent on others meanwhile.
    root_pid: our own are that process and all that it starts, and the tests' own process."""

    def __init__(self, root_pid: int) -> None:
        self._root_pid = root_pid
        self._began = self._times()

    @property
    def seconds(self) -> float:
        """Return how long it has taken by the clock."""
        return self._times()[0] - self._began[0]

    @property
    def own_seconds(self) -> float:
        """Return how long it would have taken, at the most, had the machine done nothing else."""
        wall, busy, own = (now - then for now, then in zip(self._times(), self._began, strict=True))
        return max(0.0, wall - max(0.0, busy - own) / (os.cpu_count() or 1))

    def _times(self) -> tuple[float, float, float]:
        """Return the time, how long all processors have worked, and how long they have worked for us."""
        total = psutil.cpu_times()
        busy = sum(total) - total.idle - getattr(total, "iowait", 0.0) - getattr(total, "guest", 0.0)
        root = psutil.Process(self._root_pid)
        return monotonic(), busy, sum(map(_worked, [psutil.Process(), root, *root.children(recursive=True)]))


def _worked(process: psutil.Process) -> float:
    """Return the seconds that a process has worked, with those of its children that are over."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
