"""Which tests go to the same process when several processes share them. What one has started for a file
serves the whole file; and a stack that tests break runs once, as one that idles takes time from the tests.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
# What a test file imports that breaks a stack of its own.
BREAKS_A_STACK = re.compile(r"^from tests\.support\.own import", re.MULTILINE)
# So much is broken by these that they take as long as all the others: they have a stack to themselves.
MOSTLY_BROKEN = re.compile(r"test_05_|test_24_mongodb|test_a_hundred")
# What breaks no stack here shares one, and a service beside it.
TOGETHER = "tests/faults/"
# Its tests take long, and share nothing.
APART = "tests/faults/test_money_model.py"


class ByWhatTheyShare(LoadScopeScheduling):
    """Sends the tests of a file together, those of a folder that break its stack, and some one by one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path == APART:
            return nodeid
        folder = path.rpartition("/")[0]
        if _breaks_a_stack(path):
            return f"{folder}, {'mostly' if MOSTLY_BROKEN.search(path) else 'partly'} broken"
        return f"{folder}, whole" if path.startswith(TOGETHER) else path

    def _reschedule(self, node: Any) -> None:
        """Give a process no more than the one test that it must know in advance: what it had beyond that
        would wait for it when another one has nothing left to do."""
        if not self.workqueue or self._pending_of(self.assigned_work[node]) <= 1:
            super()._reschedule(node)

    def _assign_work_unit(self, node: Any) -> None:
        """Let those begin first that end last, and keep for the end what fills every gap."""
        self.workqueue.move_to_end(min(self.workqueue, key=_rank), last=False)
        super()._assign_work_unit(node)


def _rank(scope: str) -> int:
    if scope.startswith(APART):
        return 2
    return 1 if scope.endswith(".py") else 0


@cache
def _breaks_a_stack(path: str) -> bool:
    return BREAKS_A_STACK.search((ROOT / path).read_text()) is not None
