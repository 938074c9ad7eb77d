"""How Checkout looks: nothing for axe to complain about, on a narrow phone too, in light and in dark."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.shopping import Shop


def assert_everybody_can_read(shop: Shop, words: str, name: str) -> None:
    """Wait for a view, scan it, measure it, and keep a picture of it with the page behind."""
    shop.window.until_text(words)
    assert (name, shop.window.axe_violations()) == (name, [])
    assert shop.window.run("return document.documentElement.scrollWidth <= window.innerWidth") is True
    with shop.outside():
        shop.window.screenshot(f"checkout-{name}")


def stay(shop: Shop) -> None:
    """Let the window not go away by itself after a success."""
    shop.window.run(
        "const set = window.setTimeout;"
        "window.setTimeout = (act, milliseconds) => milliseconds === 1000 ? 0 : set(act, milliseconds);"
    )


# A phone in dark and a desk in light see both widths and both colours.
@pytest.mark.parametrize(("look", "size"), [("light", (1200, 900)), ("dark", (360, 740))])
def test_every_view_can_be_read_by_everybody(shop: Shop, look: str, size: tuple[int, int]) -> None:
    shop.window.resize(*size, is_phone=look == "dark")
    shop.window.appear(dark=look == "dark", reduced_motion=True)
    shop.open(modal={"confirm_close": True}, theme={"color": "#0b7a5b"}, timeout=600)

    shop.window.find("#method-upi .tests > summary").click()
    assert_everybody_can_read(shop, "is never answered", f"instruments-{look}")
    shop.press_escape()
    assert_everybody_can_read(shop, "Leave this payment?", f"question-{look}")
    shop.window.press("No, go on")
    shop.pay_by_upi("pending@razorpay")
    assert_everybody_can_read(shop, "Approve it in your UPI app", f"app-{look}")
    shop.window.press("Pay in another way")
    shop.pay("netbanking")
    assert_everybody_can_read(shop, "Welcome to HDFC Bank", f"bank-{look}")
    shop.window.press("Failure")
    assert_everybody_can_read(shop, "Payment failed", f"failed-{look}")
    shop.window.press("Try again")
    shop.window.until_text("Pay with")
    shop.choose("card")
    assert_everybody_can_read(shop, "Expiry (MM/YY)", f"choose-{look}")
    shop.pay_by_card("4100 2800 0000 1007")
    assert_everybody_can_read(shop, "any 4 to 10 digits succeed", f"otp-{look}")
    stay(shop)
    shop.window.find("#otp").send_keys("1234", Keys.ENTER)
    assert_everybody_can_read(shop, "Payment successful", f"done-{look}")


def test_a_refusal_and_a_page_of_its_own_can_be_read_by_everybody(shop: Shop) -> None:
    shop.window.expect_in_console("/v1/checkout/public/order")
    shop.sandbox.pay(shop.order["id"])
    shop.visit(handler=None, callback_url=f"{shop.merchant.url}/paid", redirect=True)

    shop.window.press("Pay")

    shop.window.until_text("This payment is not possible")
    assert shop.window.axe_violations() == []
    shop.window.screenshot("checkout-refused-page")


def test_the_merchant_s_colour_never_makes_the_name_unreadable(shop: Shop) -> None:
    found = {}

    for color in ("#ffffff", "#000000", "yellow", "rgb(120, 120, 120)"):
        shop.open(theme={"color": color})
        found[color] = shop.window.axe_violations()

    assert list(found.values()) == [[]] * 4
