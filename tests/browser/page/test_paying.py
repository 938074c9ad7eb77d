"""A customer pays on a payment's page, in the provider's window, from the link to the receipt."""

from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.support.checkout_page import (
    DOWNLOAD,
    choose,
    facts,
    fill_in,
    in_provider,
    state_of,
    until_closed,
    until_state,
)
from tests.support.chromium import PHONE, Browser, Window
from tests.support.client import Person, Sandbox, stored
from tests.support.second_door import processed
from tests.support.steps import changes_to, has_status

AMOUNT = "₹500.00"
PAY, TRY_AGAIN = f"Pay {AMOUNT}", "Try again"
GOOD_CARD = {"number": "4100280000001007", "expiry": "12/39", "cvv": "123", "name": "Asha Rao"}
# So many presses lead from the window's first element to the UPI field, at most.
TABS_MAX = 10
FINGER_PIXELS = 44
NO_FUNDS = GOOD_CARD | {"number": "4100280000080001"}


def _url(result: dict[str, object]) -> str:
    return str(result["nextAction"]["url"])  # type: ignore[index]


def _downloaded(window: Window, chromium: Browser) -> Path:
    """Download the receipt as soon as the page offers it, and return the file."""
    window.press(DOWNLOAD)

    def whole() -> Path | None:
        return next((each for each in chromium.downloads.iterdir() if each.suffix == ".pdf"), None)

    found = window.until(whole, "the download")
    assert found is not None
    return found


def test_a_customer_pays_by_upi_and_downloads_the_receipt(
    window: Window, chromium: Browser, customer: Person
) -> None:
    result = processed(customer, description="Term 1")
    window.open(_url(result))

    window.press(PAY)
    with in_provider(window):
        window.screenshot("page-window-in-page")
        assert window.text("#merchant") == "Example School Payments Pvt. Ltd."
        assert window.text("#total") == AMOUNT
        assert window.find("#contact").get_attribute("value") == "+919000000001"
        choose(window, "upi", vpa="success@razorpay")
    until_state(window, "paid")

    assert facts(window)["Paid by"] == "UPI"
    assert window.driver.current_url == _url(result)
    window.button(DOWNLOAD)
    window.screenshot("page-paid-with-receipt")
    assert window.axe_violations() == []
    receipt = _downloaded(window, chromium)
    payment = has_status(result["paymentId"], "PAID")
    assert receipt.name == f"{payment.receipts[0].number}.pdf"
    assert receipt.read_bytes().startswith(b"%PDF-")
    assert (payment.captured_minor, payment.attempts, changes_to(payment, "PAID")) == (50_000, 1, 1)


def test_a_customer_pays_by_card(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open(_url(result))

    window.press(PAY)
    with in_provider(window):
        choose(window, "card", **GOOD_CARD)
        fill_in(window, "otp", "1234")
        window.press("Submit")
    until_state(window, "paid")

    assert facts(window)["Paid by"] == "Card"
    assert window.text("h1") == f"{AMOUNT} paid"
    assert has_status(result["paymentId"], "PAID").attempts == 1


def fail(window: Window) -> None:
    """Fail in the provider's window, for want of funds."""
    choose(window, "card", **NO_FUNDS)
    window.press("Failure")
    window.until_text("Payment failed")


def test_a_customer_fails_tries_again_in_the_window_and_succeeds(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open(_url(result))

    window.press(PAY)
    with in_provider(window):
        fail(window)
        window.driver.switch_to.default_content()
        window.until_text("The payment did not go through:", "#status")
        window.driver.switch_to.frame(window.find("iframe"))
        window.press(TRY_AGAIN)
        choose(window, "upi", vpa="success@razorpay")
    until_state(window, "paid")

    payment = has_status(result["paymentId"], "PAID")
    assert (payment.captured_minor, payment.attempts, len(payment.receipts)) == (50_000, 2, 1)


def test_a_customer_fails_leaves_and_succeeds_on_the_page(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open(_url(result))

    window.press(PAY)
    with in_provider(window):
        fail(window)
        window.find("#close").click()
    until_closed(window)
    until_state(window, "failed")
    window.screenshot("page-failed-after-window")

    assert "insufficient account balance" in window.text("#said")
    window.press(TRY_AGAIN)
    with in_provider(window):
        choose(window, "netbanking")
        window.press("Success")
    until_state(window, "paid")
    assert facts(window)["Paid by"] == "Netbanking"


def test_a_customer_closes_the_window_and_may_pay_later(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open(_url(result))

    window.press(PAY)
    with in_provider(window):
        window.find("#close").click()
    until_closed(window)

    window.until_text("The window was closed. If you have not paid yet,", "#status")
    assert window.button(PAY).is_enabled()
    assert window.focused() == window.button(PAY)
    assert (state_of(window), stored(result["paymentId"]).attempts) == ("ready", 0)
    window.screenshot("page-window-closed")
    assert window.axe_violations() == []
    window.press(PAY)
    with in_provider(window):
        choose(window, "wallet")
        window.press("Success")
    until_state(window, "paid")


def test_a_double_click_opens_one_window_and_makes_one_payment(
    window: Window, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    window.open(_url(result))

    button = window.button(PAY)
    window.run("arguments[0].click(); arguments[0].click(); arguments[0].click()", button)
    window.find("iframe")
    assert not button.is_enabled()
    with in_provider(window):
        assert len(window.driver.window_handles) == 1
        choose(window, "upi", vpa="success@razorpay")
    until_state(window, "paid")

    payment = has_status(result["paymentId"], "PAID")
    order = sandbox.api("GET", f"/orders/{payment.provider_order_id}/payments").json()
    assert (order["count"], order["items"][0]["status"]) == (1, "captured")
    assert len(sandbox.orders_with_receipt(payment.order_receipt)) == 1


def test_the_back_button_after_success_shows_success(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open("about:blank")
    window.open(_url(result))
    window.press(PAY)
    with in_provider(window):
        choose(window, "upi", vpa="success@razorpay")
    until_state(window, "paid")

    window.driver.back()

    assert window.driver.current_url == _url(result)
    until_state(window, "paid")
    assert window.find_all("#pay, iframe") == []
    window.driver.forward()
    until_state(window, "paid")


def test_a_customer_pays_on_a_narrow_phone(window: Window, customer: Person) -> None:
    window.resize(*PHONE, is_phone=True)
    window.open(_url(processed(customer, description="Admission, first term, and the school's bus")))

    place = window.button(PAY).rect
    window.press(PAY)
    with in_provider(window):
        choose(window, "wallet")
        window.button("Success")
        assert int(window.run("return document.documentElement.scrollWidth")) == PHONE[0]
        window.screenshot("page-window-on-phone")
        window.press("Success")
    until_state(window, "paid")

    assert place["height"] >= FINGER_PIXELS
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= PHONE[0]
    assert window.overflow_pixels() == 0
    assert facts(window)["Paid by"] == "Wallet"


def test_a_customer_pays_with_the_keyboard_alone(window: Window, customer: Person) -> None:
    result = processed(customer)
    window.open(_url(result))
    window.button(PAY)

    window.keys(Keys.TAB)
    assert window.focused().text == PAY
    window.screenshot("page-keyboard-focus")
    window.keys(Keys.ENTER)
    with in_provider(window):
        window.until(lambda: window.focused().tag_name != "body", "the focus being in the window")
        for _ in range(TABS_MAX):
            if window.focused().get_attribute("id") == "vpa":
                break
            window.keys(Keys.TAB)
        window.keys("success@razorpay", Keys.ENTER)
    until_state(window, "paid")
