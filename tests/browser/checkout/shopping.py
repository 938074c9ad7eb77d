"""What a customer does in a shop and in Checkout's window, and what the shop and the sandbox know of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.merchant import Merchant
from tests.sandbox.conftest import KEY_ID, Sandbox
from tests.support.chromium import Window

FRAME = "iframe.razorpay-checkout-frame"
NAME = "Greenfield School"


class Shop:
    """One order in one shop, in one window of the browser."""

    def __init__(self, window: Window, sandbox: Sandbox, merchant: Merchant) -> None:
        self.window, self.sandbox, self.merchant = window, sandbox, merchant
        self.order = sandbox.order()

    def visit(self, **options: Any) -> None:
        """Open the shop's page. options: what it gives to Checkout besides the usual; None leaves one out."""
        usual = {
            "key": KEY_ID, "order_id": self.order["id"], "amount": self.order["amount"], "currency": "INR",
            "name": NAME, "description": "Term 1", "handler": True, "notes": {"child": "Class 4"},
            "prefill": {"name": "Asha Rao", "email": "asha@example.com", "contact": "+919812345678"},
        }  # fmt: skip
        self.merchant.options = {
            name: value for name, value in {**usual, **options}.items() if value is not None
        }
        self.window.open(self.merchant.url)

    def open(self, **options: Any) -> None:
        """Open the page, and Checkout on it, and look into its window once that offers the methods."""
        self.visit(**options)
        self.window.press("Pay")
        self.look_inside()
        self.window.until_text("Pay with")

    def look_inside(self) -> None:
        """Go on in Checkout's window."""
        self.window.driver.switch_to.frame(self.window.find(FRAME))

    def look_outside(self) -> None:
        """Go on in the shop's page."""
        self.window.driver.switch_to.default_content()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Look at the shop's page while Checkout is open."""
        self.look_outside()
        yield
        self.look_inside()

    def choose(self, method: str) -> None:
        """Unfold a method of payment, unless it is."""
        if not self.window.find(f"#method-{method}").get_attribute("open"):
            self.window.find(f"#method-{method} > summary").click()

    def enter(self, **values: str) -> None:
        """Type into fields in place of what stands there."""
        for name, value in values.items():
            field = self.window.find(f"#{name}")
            field.clear()
            field.send_keys(value)

    def pay(self, method: str, **values: str) -> None:
        """Choose a method, fill in its fields and press Pay."""
        self.choose(method)
        self.enter(**values)
        self.window.find(f"#method-{method} .pay").click()

    def pay_by_card(self, number: str) -> None:
        """Pay by a card, as far as the bank's question for an OTP."""
        self.pay("card", number=number, expiry="12/40", cvv="123")
        self.window.until_text("Your bank asks for an OTP")

    def pay_by_upi(self, vpa: str = "success@razorpay") -> None:
        """Pay by UPI."""
        self.pay("upi", vpa=vpa)

    def told(self, count: int = 1) -> list[list[Any]]:
        """Give what the page has learned, once there is so much."""
        self.look_outside()
        told = self.window.until(
            lambda: [found for found in [self._told()] if len(found) >= count], f"{count} messages"
        )
        return list(told[0])

    def said_yet(self) -> list[list[Any]]:
        """Give what the page has learned until now, without waiting, and go on in Checkout's window."""
        with self.outside():
            return self._told()

    def is_open(self) -> bool:
        """Tell whether Checkout is open."""
        self.look_outside()
        return self.window.find_all(FRAME) != []

    def payments(self) -> list[dict[str, Any]]:
        """List the payments of the order, newest first."""
        return list(self.sandbox.call("GET", f"/v1/orders/{self.order['id']}/payments").json()["items"])

    def statuses(self) -> list[str]:
        """List the statuses of the order's payments, newest first."""
        return [str(payment["status"]) for payment in self.payments()]

    def press_escape(self) -> None:
        """Press Escape, wherever the focus is."""
        self.window.keys(Keys.ESCAPE)

    def click_beside(self) -> None:
        """Click on the backdrop, beside the window."""
        body = self.window.driver.find_element(By.TAG_NAME, "body")
        self.window.run("arguments[0].dispatchEvent(new MouseEvent('mousedown', {bubbles: true}))", body)

    def _told(self) -> list[list[Any]]:
        return list(self.window.run("return window.told"))
