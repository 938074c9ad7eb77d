"""The scenario for the official Python SDK. node_sdk.js is the same, step by step, for the Node SDK.

Only the base address tells the sandbox from Razorpay. Customers are played by the sandbox's controls. Every
step leaves a name and an answer, so that the two SDKs can be compared.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import razorpay
import requests

from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 10
INDIA = timezone(timedelta(hours=5, minutes=30))
KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_sandbox", "sandbox_key_secret", "sandbox_webhook_secret"
ORDER_FIELDS = [
    "id", "entity", "amount", "amount_paid", "amount_due", "currency", "receipt", "offer_id", "status",
    "attempts", "notes", "created_at",
]  # fmt: skip
BadRequest = razorpay.errors.BadRequestError


class Scenario:
    """One run of all steps. steps: (name, answer) in their order."""

    def __init__(self, base_url: str, session: requests.Session) -> None:
        self.base_url, self.session = base_url, session
        self.client = razorpay.Client(session=session, auth=(KEY_ID, KEY_SECRET), base_url=base_url)
        self.steps: list[tuple[str, Any]] = []

    def run(self) -> list[tuple[str, Any]]:
        """Do every step."""
        self.make_orders()
        self.find_orders()
        self.fail_then_pay()
        self.capture_by_hand()
        self.look_at_payments()
        self.refund()
        self.refund_by_key()
        self.look_at_refunds()
        self.collect_by_upi()
        self.dispute()
        self.settle()
        self.check_webhooks()
        self.be_refused()
        return self.steps

    def make_orders(self) -> None:
        create = self.client.order.create
        self.order = self.step(
            "order", create({"amount": 150_000, "currency": "INR", "receipt": "first", "notes": {"a": "b"}})
        )
        assert list(self.order) == ORDER_FIELDS
        assert self.order["notes"] == {"a": "b"}
        plain = self.step("order without notes", create({"amount": 100, "currency": "INR"}))
        assert (plain["notes"], plain["receipt"]) == ([], None)
        self.manual = self.step(
            "order with manual capture",
            create({"amount": 20_000, "currency": "INR", "payment": {"capture": "manual"}}),
        )
        self.refused("order too small", lambda: create({"amount": 1, "currency": "INR"}))
        self.refused("order in decimals", lambda: create({"amount": 100.5, "currency": "INR"}))
        self.refused("order with an extra field", lambda: create({"amount": 100, "currency": "INR", "x": 1}))

    def find_orders(self) -> None:
        order = self.client.order
        found = self.step("orders by receipt", order.all({"receipt": "first", "count": 10, "skip": 0}))
        assert found == {"entity": "collection", "count": 1, "items": [self.order]}
        assert self.step("orders page by page", order.all({"count": 1, "skip": 1}))["count"] == 1
        assert self.step("order fetched", order.fetch(self.order["id"])) == self.order
        edited = self.step("order edited", order.edit(self.order["id"], {"notes": {"c": "d"}}))
        assert edited["notes"] == {"c": "d"}
        self.refused("order edited without notes", lambda: order.edit(self.order["id"], {}))
        self.refused("too many orders", lambda: order.all({"count": 101}))
        self.refused("an unknown order", lambda: order.fetch("order_00000000000000"))
        self.refused("a malformed order", lambda: order.fetch("order_x"))

    def fail_then_pay(self) -> None:
        failed = self.control("POST", f"/orders/{self.order['id']}/pay", card("4100280000060003"))["error"]
        payment = self.step("failed payment", self.client.payment.fetch(failed["metadata"]["payment_id"]))
        assert (payment["status"], payment["error_reason"]) == ("failed", "card_declined")
        browser = self.pay(self.order["id"], {"method": "upi", "vpa": "success@razorpay"})
        self.upi = browser["razorpay_payment_id"]
        utility = self.client.utility
        assert utility.verify_payment_signature(browser) is True
        with pytest.raises(razorpay.errors.SignatureVerificationError):
            utility.verify_payment_signature({**browser, "razorpay_payment_id": "pay_00000000000000"})
        paid = self.step("paid order", self.client.order.fetch(self.order["id"]))
        assert (paid["status"], paid["amount_due"], paid["attempts"]) == ("paid", 0, 2)
        attempts = self.step("payments of the order", self.client.order.payments(self.order["id"]))
        assert [one["status"] for one in attempts["items"]] == ["captured", "failed"]
        expanded = self.client.order.all({"receipt": "first", "expand[]": "payments", "count": 10, "skip": 0})
        assert self.step("orders with payments", expanded)["items"][0]["payments"] == attempts

    def capture_by_hand(self) -> None:
        self.card = self.pay(self.manual["id"], card("4100280000001007"))["razorpay_payment_id"]
        capture, currency = self.client.payment.capture, {"currency": "INR"}
        self.refused("capture of less", lambda: capture(self.card, 100, dict(currency)))
        captured = self.step("captured payment", capture(self.card, 20_000, dict(currency)))
        assert (captured["status"], captured["fee"], captured["tax"]) == ("captured", 400, 0)
        self.refused("second capture", lambda: capture(self.card, 20_000, dict(currency)))

    def look_at_payments(self) -> None:
        payment = self.client.payment
        listed = self.step("payments", payment.all({"count": 1, "skip": 0, "expand[]": "card"}))
        assert listed["items"][0]["card"]["last4"] == "1007"
        with_card = self.step("payment with its card", payment.fetch(self.card, {"expand[]": "card"}))
        details = self.step("card of a payment", payment.fetchCardDetails(self.card))
        assert with_card["card"] == details
        self.refused("card of a UPI payment", lambda: payment.fetchCardDetails(self.upi))
        edited = self.step("payment edited", payment.edit(self.upi, {"notes": {"e": "f"}}))
        assert edited["notes"] == {"e": "f"}

    def refund(self) -> None:
        refund = self.client.payment.refund
        asked = {"amount": 30_000, "receipt": "refund-1", "notes": {"why": "moved"}}
        self.first_refund = self.step("refund", refund(self.upi, asked))
        assert (self.first_refund["status"], self.first_refund["receipt"]) == ("processed", "refund-1")
        self.refused("refund with a used receipt", lambda: refund(self.upi, dict(asked)))
        self.refused("refund of too much", lambda: refund(self.upi, {"amount": 150_000}))
        self.refused("refund of too little", lambda: refund(self.upi, {"amount": 99}))
        self.refused("refund of an odd speed", lambda: refund(self.upi, {"amount": 100, "speed": "x"}))

    def refund_by_key(self) -> None:
        def refund(key: str, amount: int) -> Any:
            headers = {"X-Refund-Idempotency": key}
            return self.client.payment.refund(self.upi, {"amount": amount}, headers=headers)

        once = self.step("refund with a key", refund("scenario-key-1", 10_000))
        assert refund("scenario-key-1", 10_000) == once
        self.refused("another refund with the key", lambda: refund("scenario-key-1", 20_000))
        self.refused("refund with a short key", lambda: refund("short", 10_000))

    def look_at_refunds(self) -> None:
        refund_id, payment = self.first_refund["id"], self.client.payment
        data = {"payment_id": self.upi, "amount": 100}
        assert self.step("refund by its own path", self.client.refund.create(data))["amount"] == 100
        assert self.step("refund fetched", self.client.refund.fetch(refund_id)) == self.first_refund
        assert payment.fetch_refund_id(self.upi, refund_id) == self.first_refund
        listed = self.step("refunds of a payment", payment.fetch_multiple_refund(self.upi))
        assert [one["amount"] for one in listed["items"]] == [100, 10_000, 30_000]
        assert self.step("refunds", self.client.refund.all({"count": 10, "skip": 0})) == listed
        edited = self.step("refund edited", self.client.refund.edit(refund_id, {"notes": {"g": "h"}}))
        assert edited["notes"] == {"g": "h"}
        payment_now = self.step("partly refunded payment", payment.fetch(self.upi))
        assert (payment_now["amount_refunded"], payment_now["refund_status"]) == (40_100, "partial")

    def collect_by_upi(self) -> None:
        order = self.client.order.create({"amount": 5_000, "currency": "INR"})
        asked = {
            "amount": 5_000, "currency": "INR", "order_id": order["id"], "email": "payer@example.com",
            "contact": "9000000000", "method": "upi",
            "upi": {"flow": "collect", "vpa": "success@razorpay", "expiry_time": 5},
        }  # fmt: skip
        payment_id = self.step("UPI request", self.client.payment.createUpi(asked))["razorpay_payment_id"]

        def captured() -> Any:
            payment = self.client.payment.fetch(payment_id)
            return payment["status"] == "captured" and payment

        self.step("collected payment", wait_until(captured, "the collected payment"))

    def dispute(self) -> None:
        dispute = self.client.dispute
        control = f"/payments/{self.card}/dispute"
        opened = self.step("disputed payment", self.control("POST", control))["dispute"]
        assert self.step("dispute", dispute.fetch(opened["id"])) == opened
        assert self.step("disputes", dispute.all({"count": 10, "skip": 0}))["items"] == [opened]
        evidence = {"amount": 5_000, "summary": "Delivered", "action": "submit"}
        contested = self.step("contested dispute", dispute.contest(opened["id"], evidence))
        assert (contested["status"], contested["evidence"]["summary"]) == ("under_review", "Delivered")
        self.refused("refund of a disputed payment", lambda: self.client.payment.refund(self.card, {}))
        self.control("POST", control, {"open": False, "outcome": "won"})
        second = self.control("POST", control)["dispute"]
        lost = self.step("accepted dispute", dispute.accept(second["id"]))
        assert (lost["status"], lost["amount_deducted"]) == ("lost", 20_000)
        self.refused("dispute that is over", lambda: dispute.accept(second["id"]))

    def settle(self) -> None:
        settlement = self.client.settlement
        self.control("POST", "/clock", {"advance_seconds": 86400})

        def settled() -> Any:
            listed = settlement.all({"count": 10, "skip": 0})
            return listed["count"] > 0 and listed

        found = self.step("settlements", wait_until(settled, "the settlement"))
        one = self.step("settlement", settlement.fetch(found["items"][0]["id"]))
        assert one["amount"] == 150_000 + 20_000 + 5_000 - one["fees"] - 40_100
        day = datetime.fromtimestamp(one["created_at"], INDIA)
        period = {"year": day.year, "month": day.month, "day": day.day, "count": 100, "skip": 0}
        combined = self.step("reconciliation", settlement.report(period))
        assert [item["type"] for item in combined["items"]] == ["payment", *["refund"] * 3, *["payment"] * 2]
        self.refused("reconciliation of no month", lambda: settlement.report({"year": 2026, "month": 13}))

    def check_webhooks(self) -> None:
        deliveries = self.control("GET", f"/webhooks?payment_id={self.card}")["items"]
        self.step("webhooks of a payment", [one["event"] for one in deliveries])
        verify = self.client.utility.verify_webhook_signature
        for one in deliveries:
            event = self.control("GET", f"/webhooks/{one['event_id']}")
            signature = event["headers"]["X-Razorpay-Signature"]
            assert verify(event["body"], signature, WEBHOOK_SECRET) is True
            with pytest.raises(razorpay.errors.SignatureVerificationError):
                verify(event["body"].replace("20000", "20001"), signature, WEBHOOK_SECRET)

    def be_refused(self) -> None:
        stranger = razorpay.Client(session=self.session, auth=(KEY_ID, "wrong"), base_url=self.base_url)
        self.refused("wrong secret", lambda: stranger.order.all({"count": 10, "skip": 0}))
        self.refused("unknown path", lambda: self.client.order.get_url("/v1/nothing", {}))

    def step(self, name: str, answer: Any) -> Any:
        """Keep an answer under a name."""
        self.steps.append((name, answer))
        return answer

    def refused(self, name: str, call: Callable[[], Any]) -> None:
        """Keep the text of an error: this SDK gives nothing else of it."""
        with pytest.raises(BadRequest) as caught:
            call()
        self.step(name, str(caught.value))

    def pay(self, order_id: str, instrument: dict[str, str]) -> dict[str, str]:
        """Pay an order and give what the browser gets."""
        browser = self.control("POST", f"/orders/{order_id}/pay", instrument)
        assert "error" not in browser, browser
        return browser

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call a control."""
        url = f"{self.base_url}/sandbox{path}"
        return self.session.request(method, url, json=body, timeout=TIMEOUT_SECONDS).json()


def card(number: str) -> dict[str, str]:
    """Give what the pay control needs for a card."""
    return {"method": "card", "number": number}
