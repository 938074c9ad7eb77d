"""One real stack per test process: MongoDB-compatible server, Redis, sandbox, web, worker and beat, on free
ports and in a temporary directory. Tests share it, so each makes its own accounts and payments."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from dev import ports
from gateway.domain.account_models import User
from tests.support.client import Api, Person, Sandbox, log_in, register
from tests.support.database import point_models_at
from tests.support.distribution import ByWhatTheyShare
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS_MAX = 90
# A web process drains for up to 20 seconds, and a busy machine takes its time.
STOP_SECONDS_MAX = 40

# Fast where production is patient, and otherwise production's defaults.
TEST_SETTINGS = {
    "RATELIMIT_ENABLED": "false",
    # Every test comes from one address.
    "LOGIN_FAILURES_FREE_PER_ADDRESS": "10000",
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_PASSES": "1",
    "PROVIDER_CONNECT_TIMEOUT_SECONDS": "0.5",
    "PROVIDER_READ_TIMEOUT_SECONDS": "1.5",
    "CLAIM_TTL_SECONDS": "8",
    # One test's faults must not hold the next one's calls back.
    "PROVIDER_CIRCUIT_FAILURES": "1000000",
    "PROVIDER_RATE_LIMITED_SECONDS": "0",
    "SWEEP_INTERVAL_SECONDS": "1",
    # Tests say themselves when payments are compared; another one's would meddle with theirs.
    "RECONCILE_CHECK_SECONDS": "86400",
    "JWT_SECRET_KEY": "a secret for the tests of the local-stack only",
    "WEB_CONCURRENCY": "1",
    "WORKER_CONCURRENCY": "2",
    "SANDBOX_HANG_SECONDS": "4",
}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWhatTheyShare:
    """Share the tests out to several processes."""
    return ByWhatTheyShare(config, log)


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    api_url: str
    sandbox_url: str
    mongodb_uri: str
    redis_url: str
    environ: dict[str, str]
    pid: int
    directory: Path

    def processes(self, *words: str) -> list[psutil.Process]:
        """Return the stack's processes whose command line holds all these words, oldest first."""
        found = []
        for process in psutil.Process(self.pid).children(recursive=True):
            try:
                if all(word in " ".join(process.cmdline()) for word in words):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return sorted(found, key=lambda process: process.create_time())


@pytest.fixture(scope="session")
def standing() -> Iterator[contextlib.ExitStack]:
    """What is started once for all tests, such as stacks. It ends with them, or sooner when it is closed:
    where only tests are left that need none of it."""
    with contextlib.ExitStack() as standing:
        yield standing


@pytest.fixture(scope="session")
def start_stack(
    tmp_path_factory: pytest.TempPathFactory, standing: contextlib.ExitStack
) -> Callable[..., Stack]:
    """A function that starts a stack of its own with other settings, on the data of an earlier one if it is
    given; all are stopped at the end. durable: its database may be killed. Only then does it wait for the
    disk, which takes longer than all the rest of a write."""
    started: list[subprocess.Popen[bytes]] = []

    def start(data: Path | None = None, *, durable: bool = False, **settings: str) -> Stack:
        directory = tmp_path_factory.mktemp("stack")
        data = data or directory / "data"
        inherited = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
        }
        environ = inherited | TEST_SETTINGS | settings
        ready = directory / "ready.json"
        output = (directory / "output.log").open("wb")
        command = [sys.executable, "-m", "dev.run", "--free-ports", "--end-with-parent"]
        command += [] if durable else ["--disposable"]
        process = subprocess.Popen(
            [*command, "--data", str(data), "--ready-file", str(ready)],
            cwd=ROOT,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        output.close()
        started.append(process)

        def is_ready() -> bool:
            assert process.poll() is None, (directory / "output.log").read_text()
            return ready.exists()

        wait_until(is_ready, "the stack's start", deadline_seconds=READY_SECONDS_MAX)
        told = json.loads(ready.read_text())
        environ |= {
            "MONGODB_URI": told["mongodb_uri"],
            "REDIS_URL": told["redis_url"],
            "RAZORPAY_KEY_ID": told["razorpay_key_id"],
            "RAZORPAY_KEY_SECRET": told["razorpay_key_secret"],
            "RAZORPAY_WEBHOOK_SECRET": told["razorpay_webhook_secret"],
            "RAZORPAY_BASE_URL": told["sandbox_url"],
            "CHECKOUT_SCRIPT_URL": f"{told['sandbox_url']}/v1/checkout.js",
        }
        return Stack(
            told["api_url"],
            told["sandbox_url"],
            told["mongodb_uri"],
            told["redis_url"],
            environ,
            process.pid,
            data,
        )

    def stop() -> None:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(STOP_SECONDS_MAX)

    standing.callback(stop)
    return start


@pytest.fixture(scope="session")
def stack(start_stack: Callable[..., Stack], standing: contextlib.ExitStack) -> Stack:
    """The stack that most tests share, with its database open to the models in this process."""
    stack = start_stack()
    point_models_at(stack.mongodb_uri)
    standing.callback(point_models_at, None)
    return stack


@pytest.fixture
def sandbox(stack: Stack) -> Iterator[Sandbox]:
    """The sandbox's controls. Faults and delivery switches are put back after the test."""
    environ = stack.environ
    sandbox = Sandbox(
        stack.sandbox_url,
        environ["RAZORPAY_KEY_ID"],
        environ["RAZORPAY_KEY_SECRET"],
        environ["RAZORPAY_WEBHOOK_SECRET"],
    )
    yield sandbox
    sandbox.clear_faults()
    sandbox.deliveries(paused=False, duplicate=False, shuffle=False, delay_seconds=0, corrupt=False)
    sandbox.control("POST", "/refunds", {"mode": "processed"})
    sandbox.control("POST", "/upi-collect", {"mode": "allowed"})


@pytest.fixture
def anonymous(stack: Stack) -> Api:
    """A client without a token."""
    return Api(stack.api_url)


@pytest.fixture
def customer(stack: Stack) -> Person:
    """A fresh customer."""
    return register(stack.api_url)


@pytest.fixture
def stranger(stack: Stack) -> Person:
    """Another fresh customer, who owns nothing of the first one's."""
    return register(stack.api_url)


@pytest.fixture
def staff(stack: Stack, customer: Person) -> Person:
    """Staff of the school that the customer pays."""
    return _with_role(register(stack.api_url), "school_staff", [customer.school_id])


@pytest.fixture
def foreign_staff(stack: Stack) -> Person:
    """Staff of another school."""
    person = register(stack.api_url)
    return _with_role(person, "school_staff", [person.school_id])


@pytest.fixture
def admin(stack: Stack) -> Person:
    """The demo administrator."""
    return log_in(stack.api_url, "admin@example.com", "admin-of-the-local-stack")


def _with_role(person: Person, role: str, school_ids: list[str]) -> Person:
    User.objects(id=person.user_id).update_one(set__role=role, set__school_ids=school_ids)
    return person


@pytest.fixture(scope="session")
def start_web(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """A function that starts one more web process on the shared stack's servers, with other settings, and
    returns its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**settings: Any) -> str:
        port = ports.free_port()
        environ = stack.environ | {"PORT": str(port), "BIND_HOST": "127.0.0.1"} | settings
        log = (tmp_path_factory.mktemp("web") / "web.log").open("wb")
        command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "wsgi:app"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        log.close()
        started.append(process)
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert process.poll() is None, "the web process ended"
            try:
                return requests.get(f"{address}/healthz", timeout=2).status_code == 200
            except requests.RequestException:
                return False

        wait_until(answers, "the web process's start")
        return address

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(STOP_SECONDS_MAX)


@pytest.fixture(scope="session")
def hasty_url(start_web: Callable[..., str]) -> str:
    """The address of a web process that never waits for a worker, so that its 202 answers can be seen."""
    return start_web(WAIT_FOR_WORK_SECONDS="0")


@pytest.fixture
def hasty(hasty_url: str, customer: Person) -> Api:
    """The customer's client at the web process that never waits."""
    return Api(hasty_url, customer.api.token)
