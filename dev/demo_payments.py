"""The demo's second part: a payment without an order of one's own, as the second document has it."""

import uuid
from pathlib import Path
from typing import Any

from dev.demo_client import DEADLINE_SECONDS, TIMEOUT_SECONDS, Client, keep

AMOUNT, REFUND = 750.00, 250.00
VPA = "success@razorpay"


class SecondDoor(Client):
    """One customer's payment by UPI, without any browser; and one that is cancelled."""

    def __init__(self, api_url: str, sandbox_url: str, directory: Path, email: str, password: str) -> None:
        super().__init__(api_url, sandbox_url)
        self.directory = directory
        self.email = email
        self.password = password

    def run(self) -> None:
        """Take every step in turn. Raises NotAsDocumented."""
        self.log_in(self.email, self.password)
        self.step("create a payment", self.create)
        self.step("process it: ask the UPI app", self.process)
        self.step("see it paid", self.see_paid)
        self.step("refund a part", self.refund)
        self.step("read its story", self.read)
        self.step("get the checkout page of another", self.get_page)
        self.step("cancel that one", self.cancel)
        self.step("list and export", self.list_and_export)

    def new(self, method: str) -> dict[str, Any]:
        """Create a payment and return it."""
        body = {"email": self.email, "amount": AMOUNT, "currency": "INR", "paymentMethod": method}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        result: dict[str, Any] = self.call("POST", "/api/payment", 201, body, key)["result"]
        self.expect(result["amount"], AMOUNT, "the amount in rupees")
        self.expect(result["status"], "CREATED", "the payment's status")
        return result

    def create(self) -> str:
        self.path = f"/api/payment/{self.new('upi')['paymentId']}"
        return self.path

    def process(self) -> str:
        wait = {"Prefer": "wait=10"}
        result = self.call("POST", f"{self.path}/process", 200, {"vpa": VPA}, wait)["result"]
        self.expect(result["nextAction"]["type"], "approve_upi_request", "what the customer has to do")
        return f"{result['razorpayOrderId']}, {result['nextAction']['vpa']} was asked"

    def see_paid(self) -> str:
        def status() -> str:
            return str(self.call("GET", f"{self.path}/status", 200)["result"]["status"])

        self.wait(lambda: status() == "PAID", "the payment")
        return "PAID, as the webhook told"

    def refund(self) -> str:
        body = {"amount": REFUND, "reason": "the demo's wish"}
        answer = self.call("POST", f"{self.path}/refund", 201, body, {"Idempotency-Key": str(uuid.uuid4())})
        self.expect(answer["result"]["status"], "PARTIAL_REFUND", "the payment's status")
        self.expect(answer["refund"]["amount"], REFUND, "the refund's amount in rupees")
        return f"{answer['refund']['razorpayRefundId']}, {answer['refund']['status']}"

    def read(self) -> str:
        timeline = self.call("GET", self.path, 200)["result"]["timeline"]
        self.expect((timeline[0]["from"], timeline[0]["to"]), (None, "CREATED"), "how the story begins")
        reached = [entry["to"] for entry in timeline if entry["to"]]
        self.expect(reached[-1], "PARTIAL_REFUND", "where the story has got to")
        return f"{len(timeline)} entries, each with its cause"

    def get_page(self) -> str:
        self.other = f"/api/payment/{self.new('credit card')['paymentId']}"
        result = self.call("POST", f"{self.other}/process", 200, {}, {"Prefer": "wait=10"})["result"]
        url = result["nextAction"]["url"]
        page = self.http.get(url, headers={"Authorization": None}, timeout=TIMEOUT_SECONDS)
        self.expect(page.status_code, 200, "the checkout page's answer")
        return f"{url[:60]}…"

    def cancel(self) -> str:
        answer = self.call("POST", f"{self.other}/cancel", 200)
        self.expect(answer["result"]["status"], "CANCELLED", "the payment's status")
        return f"CANCELLED, receipt {answer['receipt']['receiptNumber']}"

    def list_and_export(self) -> str:
        first = self.call("GET", "/api/payment?limit=1", 200)
        rest = self.call("GET", f"/api/payment?cursor={first['nextCursor']}", 200)
        self.expect(first["result"][0]["status"], "CANCELLED", "the newest payment's status")
        file = self.http.get(f"{self.api_url}/api/payment.csv", timeout=DEADLINE_SECONDS).content
        lines = file.decode("utf-8-sig").splitlines()
        self.expect(len(lines), 2 + len(rest["result"]), "the lines of the CSV file")
        return keep(self.directory / "payments.csv", file)
