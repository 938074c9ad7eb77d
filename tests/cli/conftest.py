"""Commands as an operator types them: each is a process of its own, in the stack's environment."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import ROOT, Stack

SECONDS_MAX = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    output: str
    errors: str

    @property
    def error(self) -> str:
        """The last line on stderr, which is the error itself."""
        return self.errors.splitlines()[-1]

    @property
    def json(self) -> Any:
        """What `--json` printed; fails when anything else is on stdout."""
        assert self.code == 0, self.errors
        return json.loads(self.output)

    @property
    def facts(self) -> dict[str, str]:
        """What was printed as lines of "name: value"."""
        assert self.code == 0, self.errors
        return dict(line.split(": ", 1) for line in self.output.splitlines())


Flask = Callable[..., Ended]


def run(environ: dict[str, str], *words: str, typed: str = "") -> Ended:
    """Run `flask --app wsgi …`; typed: what comes on stdin. It has no terminal to ask on."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT,
        env=environ,
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        start_new_session=True,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def flask(stack: Stack) -> Flask:
    """A function that runs a command on the shared stack."""
    return lambda *words, **options: run(stack.environ, *words, **options)
