"""How Checkout looks: nothing for axe to complain about, on a narrow phone too, in light and in dark."""

from collections.abc import Callable

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.shopping import Shop


def succeed_and_stay(shop: Shop) -> None:
    """Pay, and let the window not go away by itself."""
    shop.pay_by_card("4100 2800 0000 1007")
    shop.window.run(
        "const set = window.setTimeout;"
        "window.setTimeout = (act, milliseconds) => milliseconds === 1000 ? 0 : set(act, milliseconds);"
    )
    shop.window.keys("1234", Keys.ENTER)


STATES: dict[str, Callable[[Shop], None]] = {
    "choose": lambda shop: shop.choose("card"),
    "instruments": lambda shop: shop.window.find("#method-upi .tests > summary").click(),
    "otp": lambda shop: shop.pay_by_card("4100 2800 0000 1007"),
    "bank": lambda shop: shop.pay("netbanking"),
    "app": lambda shop: shop.pay_by_upi("pending@razorpay"),
    "failed": lambda shop: shop.pay_by_upi("failure@razorpay"),
    "done": lambda shop: succeed_and_stay(shop),
    "question": lambda shop: shop.window.find("#close").click(),
}
SEEN = {
    "choose": "Expiry (MM/YY)", "instruments": "is never answered", "otp": "any 4 to 10 digits succeed",
    "bank": "Welcome to HDFC Bank", "app": "Approve it in your UPI app", "failed": "Payment failed",
    "done": "Payment successful", "question": "Leave this payment?",
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("look", "dark"), [("light", False), ("dark", True)])
def test_every_view_can_be_read_by_everybody(shop: Shop, state: str, look: str, dark: bool) -> None:
    # A phone in dark and a desk in light see both widths and both colours.
    shop.window.resize(*((360, 740) if dark else (1200, 900)), is_phone=dark)
    shop.window.appear(dark=dark, reduced_motion=True)
    shop.open(modal={"confirm_close": True}, theme={"color": "#0b7a5b"})

    STATES[state](shop)

    shop.window.until_text(SEEN[state])
    assert shop.window.axe_violations() == []
    assert shop.window.run("return document.documentElement.scrollWidth <= window.innerWidth") is True
    with shop.outside():
        shop.window.screenshot(f"checkout-{state}-{look}")


@pytest.mark.parametrize("color", ["#ffffff", "#000000", "yellow", "rgb(120, 120, 120)"])
def test_the_merchant_s_colour_never_makes_the_name_unreadable(shop: Shop, color: str) -> None:
    shop.open(theme={"color": color})

    assert shop.window.axe_violations() == []
