"""`make bench`: how fast the local stack does what people wait for. Prints figures and judges nothing.

The machine's load moves every figure, so quote them beside each other from one run.
"""

import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from dev import bench_lists, bench_page, bench_sandbox

ORDERS = 200
WEBHOOKS = 20
TIMEOUT_SECONDS = 15
DEADLINE_SECONDS = 20
PAYMENTS = "/api/v1/payments"


class Bench:
    """One client that creates orders and hears of their payment."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.api_url = environ["API_URL"]
        self.webhook_secret = environ["RAZORPAY_WEBHOOK_SECRET"]
        self.http = requests.Session()
        self.school_id = str(uuid.uuid4())

    def log_in(self) -> None:
        """Create an account and log in to it."""
        self.email = f"bench-{uuid.uuid4().hex}@example.com"
        account = {"email": self.email, "password": "a bench password"}
        person = {"name": "Bench", "phoneNumber": "+919000000001"}
        self.http.post(f"{self.api_url}/api/user/register", json=account | person, timeout=TIMEOUT_SECONDS)
        answer = self.http.post(f"{self.api_url}/api/user/login", json=account, timeout=TIMEOUT_SECONDS)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        self.user_id = answer.json()["data"]["user"]["id"]

    def create_order(self) -> dict[str, Any]:
        """Create one order and return it."""
        answer = self.http.post(
            f"{self.api_url}{PAYMENTS}/orders",
            json={"schoolId": self.school_id, "amount": 500},
            timeout=TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        order: dict[str, Any] = answer.json()["data"]["order"]
        return order

    def get_me(self) -> None:
        """Ask who I am, which is the smallest request with a token."""
        self.http.get(f"{self.api_url}/api/user/me", timeout=TIMEOUT_SECONDS).raise_for_status()

    def webhook_to_pdf(self) -> None:
        """Deliver payment.captured for a fresh order, and wait until its receipt can be downloaded."""
        order = self.fresh
        body = json.dumps(_captured(order["id"]), separators=(",", ":")).encode()
        signature = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Razorpay-Signature": signature, "Content-Type": "application/json"}
        webhook = f"{self.api_url}{PAYMENTS}/webhook"
        self.http.post(webhook, data=body, headers=headers, timeout=TIMEOUT_SECONDS).raise_for_status()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._downloaded(order["id"]):
            if time.monotonic() > deadline:
                raise SystemExit(f"no receipt within {DEADLINE_SECONDS} s")
            time.sleep(0.01)

    def _downloaded(self, order_id: str) -> bool:
        status = f"{self.api_url}{PAYMENTS}/orders/{order_id}/status"
        receipts = self.http.get(status, timeout=TIMEOUT_SECONDS).json()["data"]["receipts"]
        if not receipts:
            return False
        answer = self.http.get(self.api_url + receipts[0]["downloadUrl"], timeout=TIMEOUT_SECONDS)
        return answer.status_code == 200

    def prepare_order(self) -> None:
        """Create the order that the next webhook is about."""
        self.fresh = self.create_order()


def _captured(order_id: str) -> dict[str, Any]:
    payment = {
        "id": f"pay_{uuid.uuid4().hex[:14]}",
        "order_id": order_id,
        "amount": 50000,
        "currency": "INR",
        "status": "captured",
        "method": "card",
    }
    return {
        "account_id": "acc_bench",
        "contains": ["payment"],
        "created_at": int(time.time()),
        "entity": "event",
        "event": "payment.captured",
        "payload": {"payment": {"entity": payment}},
    }


def measure(
    title: str, count: int, action: Callable[[], Any], before: Callable[[], Any] | None = None
) -> None:
    """Run the action `count` times, one after the other, and print how long it took in milliseconds."""
    times = []
    for _ in range(count):
        if before:
            before()
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95) - 1]
    print(
        f"  {title:<44} n={count:<4} median {statistics.median(times):7.1f} ms   "
        f"95 % under {p95:7.1f} ms   max {times[-1]:7.1f} ms",
        flush=True,
    )


def main() -> int:
    """Run the benchmarks on a stack of their own. Returns the exit status."""
    if "API_URL" not in os.environ:
        environ = os.environ | {"RATELIMIT_ENABLED": "false"}
        command = [sys.executable, "-m", "dev.run", "--", sys.executable, "-m", "dev.bench"]
        return subprocess.call(command, env=environ)
    bench = Bench(dict(os.environ))
    bench.log_in()
    for _ in range(10):
        bench.create_order()
    print("One client, one request at a time, everything on this machine:", flush=True)
    measure("GET /api/user/me", ORDERS, bench.get_me)
    measure("POST /orders (records, opens at the sandbox)", ORDERS, bench.create_order)
    measure("webhook to downloadable PDF", WEBHOOKS, bench.webhook_to_pdf, bench.prepare_order)
    bench_page.run(bench.api_url, bench.email, bench.http)
    bench_lists.run(dict(os.environ), bench.user_id, bench.http)
    bench_sandbox.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
