"""A real sandbox process and a real webhook receiver for the tests of the sandbox."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import razorpay
import requests

KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_sandbox", "sandbox_key_secret", "sandbox_webhook_secret"
ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 15.0


def until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition gives something true, and give that; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "the awaited condition did not come true in time"
        time.sleep(0.01)


class Sandbox:
    """One `python -m sandbox` and shortcuts to talk to it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SANDBOX_", "RAZORPAY_"))
            },
            "SANDBOX_PORT": "0",
            "SANDBOX_DATABASE": str(folder / "data" / "sandbox.sqlite3"),
            "SANDBOX_HANG_SECONDS": "0.3",
            **environment,
        }
        self.session = requests.Session()
        self.start()

    def start(self) -> None:
        """Start the process and wait for its one line."""
        with (self.folder / "stderr.txt").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox"],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.first_line)
        if found is None:
            self.end(signal.SIGKILL)
            pytest.fail(f"the sandbox did not start: {(self.folder / 'stderr.txt').read_text()}")
        self.url = found[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=DEADLINE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Call the API with its keys."""
        options.setdefault("auth", (KEY_ID, KEY_SECRET))
        return self.session.request(method, self.url + path, json=body, timeout=DEADLINE_SECONDS, **options)

    def control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call a control that must succeed."""
        answer = self.session.request(
            method, f"{self.url}/sandbox{path}", json=body, timeout=DEADLINE_SECONDS
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, amount: int = 150_000, **fields: Any) -> dict[str, Any]:
        """Create an order."""
        answer = self.call("POST", "/v1/orders", {"amount": amount, "currency": "INR", **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def try_pay(self, order_id: str, **fields: Any) -> requests.Response:
        """Pay an order and give whatever comes back."""
        body = fields if "method" in fields else {"method": "upi", "vpa": "success@razorpay", **fields}
        return self.session.post(
            f"{self.url}/sandbox/orders/{order_id}/pay", json=body, timeout=DEADLINE_SECONDS
        )

    def pay(self, order_id: str, **fields: Any) -> str:
        """Pay an order and give the payment's id."""
        answer = self.try_pay(order_id, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["razorpay_payment_id"])

    def paid(self, amount: int = 150_000, **fields: Any) -> str:
        """Create and pay an order, and give the payment's id."""
        return self.pay(self.order(amount)["id"], **fields)

    def payment(self, payment_id: str) -> dict[str, Any]:
        """Fetch a payment."""
        return self.call("GET", f"/v1/payments/{payment_id}").json()

    def refund(self, payment_id: str, key: str | None = None, **body: Any) -> requests.Response:
        """Ask for a refund, with or without an idempotency key."""
        headers = {"X-Refund-Idempotency": key} if key is not None else {}
        return self.call("POST", f"/v1/payments/{payment_id}/refund", body, headers=headers)

    def deliveries(self, **filters: Any) -> list[dict[str, Any]]:
        """List webhook deliveries, newest event first."""
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.control("GET", f"/webhooks?{query}")["items"]


@dataclass(frozen=True)
class Received:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return str(json.loads(self.body)["event"])

    @property
    def entity(self) -> dict[str, Any]:
        payload = json.loads(self.body)["payload"]
        return next(iter(payload.values()))["entity"]

    @property
    def event_id(self) -> str:
        return self.headers["x-razorpay-event-id"]


class Receiver:
    """A webhook endpoint. status: what it answers. gate: closed, it answers nothing until opened."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(headers, body))
                receiver.gate.wait()
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(b"seen" * 200)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hook?from=sandbox"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def events(self) -> list[str]:
        """Name what arrived, in order."""
        return [one.event for one in self.received]

    def wait_for(self, count: int) -> list[Received]:
        """Wait until so many webhooks have arrived."""
        until(lambda: len(self.received) >= count)
        return list(self.received)

    def close(self) -> None:
        """Stop listening."""
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Sandbox]:
    """Run a sandbox with these settings while the block runs."""
    sandbox = Sandbox(folder, **environment)
    try:
        yield sandbox
    finally:
        sandbox.end()
        sandbox.session.close()


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for all tests that do not stop it."""
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox_server(sandbox_process: Sandbox) -> Sandbox:
    """Give the running sandbox, emptied, without webhook endpoints."""
    for endpoint in sandbox_process.control("GET", "/endpoints")["items"]:
        sandbox_process.control("DELETE", f"/endpoints/{endpoint['id']}")
    sandbox_process.control("POST", "/reset")
    return sandbox_process


@pytest.fixture
def sandbox_start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes of one's own, with other settings, that may be stopped and killed."""
    started: list[Sandbox] = []

    def start(**environment: str) -> Sandbox:
        started.append(Sandbox(tmp_path, **environment))
        return started[-1]

    yield start
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.end()
        sandbox.session.close()


@pytest.fixture
def sandbox_receivers() -> Iterator[Callable[[], Receiver]]:
    """Make webhook receivers."""
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def sandbox_receiver(sandbox_server: Sandbox, sandbox_receivers: Callable[[], Receiver]) -> Receiver:
    """Give a receiver that the running sandbox sends every event to."""
    receiver = sandbox_receivers()
    sandbox_server.control("POST", "/endpoints", {"url": receiver.url, "secret": WEBHOOK_SECRET})
    return receiver


@pytest.fixture
def sandbox_until() -> Callable[[Callable[[], Any]], Any]:
    """Give the function that waits for a condition."""
    return until


@pytest.fixture
def sandbox_client(sandbox_server: Sandbox) -> Iterator[razorpay.Client]:
    """Give the official SDK, pointed at the running sandbox."""
    session = requests.Session()
    yield razorpay.Client(session=session, auth=(KEY_ID, KEY_SECRET), base_url=sandbox_server.url)
    session.close()
