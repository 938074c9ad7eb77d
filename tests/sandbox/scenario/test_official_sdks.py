"""Both official SDKs run one scenario against the sandbox, unchanged except for the base address.

They see the same answers, and together they leave no call of the API out.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.api.routes import ROUTES
from tests.sandbox.scenario.python_sdk import Scenario
from tests.support import node

INDIA = timezone(timedelta(hours=5, minutes=30))
SCRIPT = Path(__file__).with_name("node_sdk.js")
SCRIPT_SECONDS_MAX = 60
# What differs from run to run: its type is compared.
VARYING = frozenset(
    (
        "created_at", "settled_at", "respond_by", "submitted_at", "rrn", "upi_transaction_id", "auth_code",
        "utr", "settlement_utr",
    )
)  # fmt: skip
IDS = re.compile(r"\b(order|pay|rfnd|card|setl|disp)_[A-Za-z0-9]{14}\b")
Steps = list[tuple[str, Any]]


@pytest.fixture
def sandbox_of_the_scenario(sandbox_server, sandbox_receiver):
    go_to_noon(sandbox_server)
    return sandbox_server


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def go_to_noon(sandbox) -> None:
    """Begin at noon in India, so that no midnight settles anything by itself."""
    now = datetime.now(INDIA)
    noon = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    sandbox.control("POST", "/clock", {"advance_seconds": (noon - now).total_seconds()})


def run_python(base_url: str, session: requests.Session) -> Steps:
    return Scenario(base_url, session).run()


def run_node(base_url: str) -> Steps:
    done = subprocess.run(
        [node.binary(), str(SCRIPT), base_url],
        env={**os.environ, "NODE_PATH": str(node.packages())},
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    steps: Steps = json.loads(done.stdout)
    return steps


def called(sandbox) -> set[tuple[str, str]]:
    """Name the calls that were made and answered, by the routes' methods and paths."""
    patterns = [(route, re.compile(re.sub(r"<\w+>", r"[^/]+", route.path))) for route in ROUTES]
    calls = sandbox.control("GET", "/requests")["items"]
    # The first one in the table answers, as payments/create/upi is no payment's id.
    return {
        next((route.method, route.path) for route, path in patterns if is_of(route, path, call))
        for call in calls
        if call["status"] == 200
    }


def is_of(route, path: re.Pattern[str], call: dict[str, Any]) -> bool:
    return route.method == call["method"] and path.fullmatch(call["path"]) is not None


def plain(value: Any, name: str = "") -> Any:
    """Give an answer without what differs from run to run."""
    if isinstance(value, dict):
        return {key: plain(content, key) for key, content in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if name in VARYING:
        return type(value).__name__
    return IDS.sub(r"\1", value) if isinstance(value, str) else value


EVERY_CALL = {(route.method, route.path) for route in ROUTES}


def test_the_python_sdk_makes_every_call_of_the_api(sandbox_of_the_scenario, session):
    steps = run_python(sandbox_of_the_scenario.url, session)

    assert len(steps) == 56
    assert EVERY_CALL - called(sandbox_of_the_scenario) == set()


@pytest.mark.timeout(node.INSTALL_SECONDS_MAX + SCRIPT_SECONDS_MAX)
def test_the_node_sdk_makes_every_call_of_the_api_and_sees_what_the_python_sdk_sees(
    sandbox_of_the_scenario, session
):
    by_node = run_node(sandbox_of_the_scenario.url)
    assert EVERY_CALL - called(sandbox_of_the_scenario) == set()

    sandbox_of_the_scenario.control("POST", "/reset")
    go_to_noon(sandbox_of_the_scenario)
    by_python = run_python(sandbox_of_the_scenario.url, session)

    assert [name for name, _ in by_node] == [name for name, _ in by_python]
    assert plain(by_node) == [[name, plain(answer)] for name, answer in by_python]
