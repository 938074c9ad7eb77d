"""The demo's first part: an order, its payment, its receipts and its refund, as the first document tells."""

import uuid
from pathlib import Path

import requests

from dev.accounts import ACCOUNTS
from dev.demo_client import TIMEOUT_SECONDS, Client

ADMIN = ACCOUNTS[0]
AMOUNT, AMOUNT_MINOR = 500.00, 50000
REFUND, REFUND_MINOR = 250.00, 25000


class FirstDoor(Client):
    """One customer's way from an account to a refund receipt, with an order that a client pays itself."""

    def __init__(self, api_url: str, sandbox_url: str, directory: Path) -> None:
        super().__init__(api_url, sandbox_url)
        self.directory = directory
        self.email = f"demo-{uuid.uuid4().hex[:12]}@example.com"
        self.password = "a demo password"
        self.school_id = str(uuid.uuid4())

    def run(self) -> None:
        """Take every step in turn. Raises NotAsDocumented."""
        self.step("register", self.register)
        self.step("log in", self.enter)
        self.step("create an order", self.create_order)
        self.step("pay it by UPI", self.pay)
        self.step("verify the payment", self.verify)
        self.step("hear the webhooks", self.hear_webhooks)
        self.step("download the receipt", lambda: self.download(self.receipt, self.directory))
        self.step("refund a part", self.refund)
        self.step("download the refund receipt", lambda: self.download(self.refund_receipt, self.directory))
        self.step("look at the order", self.look)
        self.step("see the school's list and figures", self.see_school)
        self.step("log out", self.log_out)

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

    def enter(self) -> str:
        self.log_in(self.email, self.password)
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
        admin = Client(self.api_url, self.sandbox_url)
        admin.log_in(ADMIN.email, ADMIN.password)
        page = admin.call("GET", f"/api/v1/payments/schools/{self.school_id}/payments", 200)["data"]
        self.expect(page["pagination"]["total"], 1, "the number of the school's payments")
        figures = admin.call("GET", f"/api/v1/payments/stats?schoolId={self.school_id}", 200)["data"]
        self.expect(figures["successfulAmount"], AMOUNT, "the successful amount")
        self.expect(figures["refundedAmount"], REFUND, "the refunded amount")
        self.expect(figures["paymentMethods"], {"upi": 1}, "the payment methods")
        return f"1 payment, {figures['refundedAmount']:.2f} of {figures['successfulAmount']:.2f} refunded"

    def log_out(self) -> str:
        self.call("POST", "/api/user/logout", 200)
        self.call("GET", "/api/user/me", 401)
        return "the token is refused from now on"
