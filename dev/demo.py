"""`make demo`: drives the whole main job as a client would, and stops at the first step that is not as
documented. Uses the running stack, or one of its own that it starts and stops."""

import argparse
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests

from dev import state

TIMEOUT_SECONDS = 15
DEADLINE_SECONDS = 20
AMOUNT, AMOUNT_MINOR = 500.00, 50000
REFUND, REFUND_MINOR = 250.00, 25000


class NotAsDocumented(Exception):
    """A step whose answer is not what the documents promise."""


class Demo:
    """One customer's way from an account to a refund receipt."""

    def __init__(self, api_url: str, sandbox_url: str, directory: Path) -> None:
        self.api_url = api_url
        self.sandbox_url = sandbox_url
        self.directory = directory
        self.http = requests.Session()
        self.email = f"demo-{uuid.uuid4().hex[:12]}@example.com"
        self.password = "a demo password"
        self.school_id = str(uuid.uuid4())

    def run(self) -> None:
        """Take every step in turn. Raises NotAsDocumented."""
        self.step("register", self.register)
        self.step("log in", self.log_in)
        self.step("create an order", self.create_order)
        self.step("pay it by UPI", self.pay)
        self.step("verify the payment", self.verify)
        self.step("hear the webhooks", self.hear_webhooks)
        self.step("download the receipt", lambda: self.download(self.receipt))
        self.step("refund a part", self.refund)
        self.step("download the refund receipt", lambda: self.download(self.refund_receipt))
        self.step("look at the order", self.look)
        self.step("see the school's list and figures", self.see_school)
        self.step("log out", self.log_out)

    def step(self, title: str, action: Callable[[], str]) -> None:
        """Take one step and print what came of it and how long it took."""
        started = time.perf_counter()
        try:
            result = action()
        except requests.RequestException as error:
            raise NotAsDocumented(f"{title}: {error}") from error
        except NotAsDocumented as error:
            raise NotAsDocumented(f"{title}: {error}") from error
        milliseconds = (time.perf_counter() - started) * 1000
        print(f"  ok  {title:<34} {milliseconds:7.0f} ms   {result}", flush=True)

    def register(self) -> str:
        self.call(
            "POST",
            "/api/user/register",
            201,
            {
                "name": "Demo Customer",
                "email": self.email,
                "password": self.password,
                "phoneNumber": "+919000000001",
            },
        )
        return self.email

    def log_in(self) -> str:
        credentials = {"email": self.email, "password": self.password}
        token = self.call("POST", "/api/user/login", 200, credentials)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        return "got a token"

    def create_order(self) -> str:
        body = {"schoolId": self.school_id, "amount": AMOUNT, "notes": {"purpose": "school_registration"}}
        data = self.call("POST", "/api/v1/payments/orders", 201, body, {"Idempotency-Key": str(uuid.uuid4())})
        self.order, self.payment = data["data"]["order"], data["data"]["payment"]
        self.expect(self.order["amount"], AMOUNT_MINOR, "the order's amount in paise")
        self.expect(self.payment["status"], "CREATED", "the payment's status")
        return str(self.order["id"])

    def pay(self) -> str:
        answer = self.http.post(
            f"{self.sandbox_url}/sandbox/orders/{self.order['id']}/pay",
            json={"method": "upi", "vpa": "success@razorpay"},
            timeout=TIMEOUT_SECONDS,
            headers={"Authorization": None},
        )
        self.expect(answer.status_code, 200, "the sandbox's answer")
        self.checkout = answer.json()
        return str(self.checkout["razorpay_payment_id"])

    def verify(self) -> str:
        data = self.call("POST", "/api/v1/payments/verify", 200, self.checkout)["data"]
        self.expect(data["payment"]["status"], "PAID", "the payment's status")
        self.receipt = data["receipt"]
        return f"PAID, receipt {self.receipt['receiptNumber']}"

    def hear_webhooks(self) -> str:
        def delivered() -> list[str]:
            query = {"order_id": self.order["id"], "limit": "50"}
            answer = requests.get(
                f"{self.sandbox_url}/sandbox/webhooks", params=query, timeout=TIMEOUT_SECONDS
            ).json()
            return sorted(each["event"] for each in answer["items"] if each["state"] == "delivered")

        wanted = ["order.paid", "payment.authorized", "payment.captured"]
        self.wait(lambda: delivered() == wanted, f"the webhooks {', '.join(wanted)}")
        return ", ".join(wanted)

    def download(self, receipt: dict[str, Any]) -> str:
        """Fetch a PDF, waiting while it is being rendered, and keep it."""
        found: list[requests.Response] = []

        def is_there() -> bool:
            found[:] = [self.http.get(self.api_url + receipt["downloadUrl"], timeout=TIMEOUT_SECONDS)]
            return found[0].status_code == 200

        self.wait(is_there, "the PDF")
        self.expect(found[0].content[:5], b"%PDF-", "the PDF's first bytes")
        path = self.directory / f"{receipt['receiptNumber']}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found[0].content)
        return _short(path)

    def refund(self) -> str:
        body = {"paymentId": self.payment["id"], "amount": REFUND, "notes": {"reason": "the demo's wish"}}
        data = self.call(
            "POST", "/api/v1/payments/refunds", 201, body, {"Idempotency-Key": str(uuid.uuid4())}
        )
        refund, payment = data["data"]["refund"], data["data"]["payment"]
        self.expect(refund["amount"], REFUND_MINOR, "the refund's amount in paise")
        self.expect(refund["status"], "processed", "the refund's status")
        self.expect(payment["status"], "PARTIAL_REFUND", "the payment's status")
        self.refund_receipt = data["data"]["receipt"]
        return f"{refund['id']}, receipt {self.refund_receipt['receiptNumber']}"

    def look(self) -> str:
        data = self.call("GET", f"/api/v1/payments/orders/{self.order['id']}/status", 200)["data"]
        self.expect(data["payment"]["status"], "PARTIAL_REFUND", "the payment's status")
        self.expect(data["payment"]["attempts"], 1, "the number of attempts")
        kinds = [receipt["receiptType"] for receipt in data["receipts"]]
        self.expect(kinds, ["PAYMENT_RECEIPT", "REFUND_RECEIPT"], "the receipts")
        return f"PARTIAL_REFUND, {len(kinds)} receipts"

    def see_school(self) -> str:
        page = self.call("GET", f"/api/v1/payments/schools/{self.school_id}/payments", 200)["data"]
        self.expect(page["pagination"]["total"], 1, "the number of the school's payments")
        figures = self.call("GET", f"/api/v1/payments/stats?schoolId={self.school_id}", 200)["data"]
        self.expect(figures["successfulAmount"], AMOUNT, "the successful amount")
        self.expect(figures["refundedAmount"], REFUND, "the refunded amount")
        self.expect(figures["paymentMethods"], {"upi": 1}, "the payment methods")
        return f"1 payment, {figures['refundedAmount']:.2f} of {figures['successfulAmount']:.2f} refunded"

    def log_out(self) -> str:
        self.call("POST", "/api/user/logout", 200)
        self.call("GET", "/api/user/me", 401)
        return "the token is refused from now on"

    def call(
        self,
        method: str,
        path: str,
        status: int,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Call the API and return its JSON. Raises NotAsDocumented on another status."""
        answer = self.http.request(
            method, self.api_url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        if answer.status_code != status:
            raise NotAsDocumented(f"HTTP {answer.status_code} instead of {status}: {answer.text[:300]}")
        return answer.json()

    def expect(self, found: Any, wanted: Any, what: str) -> None:
        """Raise NotAsDocumented unless both are the same."""
        if found != wanted:
            raise NotAsDocumented(f"{what} is {found!r} instead of {wanted!r}")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds. Raises NotAsDocumented when it never does."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise NotAsDocumented(f"{what} did not come within {DEADLINE_SECONDS} s")
            time.sleep(0.05)


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _addresses() -> tuple[str, str] | None:
    """Return the API's and the sandbox's address: from the environment, or of the running stack."""
    if os.environ.get("API_URL") and os.environ.get("SANDBOX_URL"):
        return os.environ["API_URL"], os.environ["SANDBOX_URL"]
    running = state.running_stack()
    return (running["api_url"], running["sandbox_url"]) if running else None


def main(arguments: Sequence[str]) -> int:
    """Run the demo, starting a stack for it when none runs. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument("--to", type=Path, default=state.LOCAL / "demo", help="where the PDFs are saved")
    directory = parser.parse_args(arguments).to
    addresses = _addresses()
    if addresses is None:
        print("No stack is running; starting one for the demo.", flush=True)
        again = [sys.executable, "-m", "dev.demo", "--to", str(directory)]
        return subprocess.call([sys.executable, "-m", "dev.run", "--", *again])
    api_url, sandbox_url = addresses
    if not sandbox_url:
        print("The demo pays at the sandbox, and this stack uses the real provider.", file=sys.stderr)
        return 1
    print(f"The main job, at {api_url}:", flush=True)
    started = time.perf_counter()
    try:
        Demo(api_url, sandbox_url, directory).run()
    except NotAsDocumented as error:
        print(f"  NOT as documented: {error}", file=sys.stderr)
        return 1
    print(f"All steps are as documented, in {time.perf_counter() - started:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
