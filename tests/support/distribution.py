"""Which tests go to the same process when several processes share them. What one has started for a file
serves the whole file; and a stack that tests break runs once, as one that idles takes time from the tests.
"""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
# What a test file imports that breaks a stack of its own.
BREAKS_A_STACK = re.compile(r"^from tests\.support\.(own|own_service) import", re.MULTILINE)
# Its tests take long, and share nothing.
APART = "tests/faults/test_money_model.py"


class ByWhatTheyShare(LoadScopeScheduling):
    """Sends the tests of a file together, those of a folder that break its stack, and some one by one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path == APART:
            return nodeid
        return f"{path.rpartition('/')[0]}, broken" if _breaks_a_stack(path) else path


@cache
def _breaks_a_stack(path: str) -> bool:
    return BREAKS_A_STACK.search((ROOT / path).read_text()) is not None
