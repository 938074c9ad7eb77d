"""Leaving Checkout: by every way out, what it does to a payment under way, and to the page behind."""

from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.shopping import FRAME, Shop

PAGE_AROUND = (
    "return [document.querySelector('main').inert, document.documentElement.style.overflow,"
    " document.activeElement.id || document.activeElement.className]"
)


def test_the_window_is_a_dialog_before_a_page_that_cannot_be_reached(shop: Shop) -> None:
    shop.open()

    with shop.outside():
        dialog = shop.window.find("[role=dialog]")
        assert dialog.get_attribute("aria-modal") == "true"
        assert dialog.get_attribute("aria-label") == "Payment to Greenfield School"
        assert shop.window.run(PAGE_AROUND) == [True, "hidden", "razorpay-checkout-frame"]
        assert shop.window.axe_violations() == []
    shop.window.find("#close").click()

    assert shop.told() == [["dismissed", None]]
    assert shop.window.run(PAGE_AROUND) == [False, "", "pay"]
    assert shop.payments() == []


def test_escape_closes_the_window_unless_the_merchant_forbids_it(shop: Shop) -> None:
    shop.open()
    shop.press_escape()
    assert shop.told() == [["dismissed", None]]

    shop.open(modal={"escape": False})
    shop.press_escape()
    shop.window.find("#close").click()

    assert shop.told() == [["dismissed", None]]


def test_a_window_that_does_not_show_up_can_be_closed_too(shop: Shop) -> None:
    shop.window.expect_in_console("/v1/checkout/public")
    shop.visit()
    shop.window.block("*/v1/checkout/public*")
    shop.window.press("Pay")
    assert shop.is_open() is True

    shop.press_escape()

    assert shop.told() == [["dismissed", None]]
    assert shop.is_open() is False


def test_a_click_beside_the_window_closes_it_only_if_the_merchant_allows_it(shop: Shop) -> None:
    shop.open()
    shop.click_beside()
    assert shop.said_yet() == []
    assert shop.is_open() is True

    shop.open(modal={"backdropclose": True})
    shop.click_beside()

    assert shop.told() == [["dismissed", None]]


def test_leaving_is_asked_about_if_the_merchant_wants_it(shop: Shop) -> None:
    shop.open(modal={"confirm_close": True})

    shop.window.find("#close").click()
    shop.window.press("No, go on")
    assert shop.said_yet() == []
    shop.press_escape()
    shop.window.press("Yes, leave")

    assert shop.told() == [["dismissed", None]]


def test_the_back_button_closes_the_window_and_stays_on_the_page(shop: Shop) -> None:
    shop.open()

    shop.window.driver.back()

    assert shop.told() == [["dismissed", None]]
    assert shop.window.driver.current_url == f"{shop.merchant.url}/"
    assert shop.is_open() is False


def test_the_merchant_s_own_script_can_close_the_window_and_open_it_again(shop: Shop) -> None:
    shop.open()
    shop.look_outside()

    shop.window.run("window.checkout.close()")

    assert shop.told() == [["dismissed", None]]
    shop.window.press("Pay")
    shop.look_inside()
    shop.window.until_text("Pay with")


def test_opening_twice_opens_one_window(shop: Shop) -> None:
    shop.open()

    shop.look_outside()
    shop.window.run("window.checkout.open(); new Razorpay(window.checkout.options).open()")

    assert len(shop.window.find_all(FRAME)) == 1


def test_time_that_is_over_closes_the_window_and_says_so(shop: Shop) -> None:
    shop.open(timeout=2)

    assert shop.told() == [["dismissed", "timeout"]]


def test_leaving_the_bank_s_page_cancels_the_payment_without_telling_of_a_failure(shop: Shop) -> None:
    shop.open()
    shop.pay_by_card("4100 2800 0000 1007")

    shop.window.find("#close").click()

    assert shop.told() == [["dismissed", None]]
    shop.window.until(lambda: shop.statuses() == ["failed"], "the end of the payment")
    assert shop.payments()[0]["error_reason"] == "payment_cancelled"


def test_a_upi_request_is_paid_after_its_customer_has_left(shop: Shop) -> None:
    shop.sandbox.control("POST", "/clock", {"frozen": True})
    shop.open()
    shop.pay_by_upi()
    shop.window.until_text("Approve it in your UPI app")

    shop.window.find("#close").click()

    assert shop.told() == [["dismissed", None]]
    assert shop.statuses() == ["created"]
    shop.sandbox.control("POST", "/clock", {"advance_seconds": 1})
    shop.window.until(lambda: shop.statuses() == ["captured"], "the payer's approval")
    assert shop.told() == [["dismissed", None]]


def test_a_success_is_handed_over_also_when_the_window_is_closed_at_once(shop: Shop) -> None:
    shop.open()
    shop.pay_by_upi()
    shop.window.until_text("Payment successful")

    shop.window.find("#close").click()

    assert [kind for kind, _ in shop.told()] == ["handler"]


def test_the_keyboard_alone_is_enough_and_never_leaves_the_window(shop: Shop) -> None:
    shop.visit()
    shop.window.find("#pay").send_keys(Keys.ENTER)
    shop.look_inside()
    shop.window.until_text("Pay with")

    seen = []
    for _ in range(12):
        shop.window.keys(Keys.TAB)
        seen.append(shop.window.focused().get_attribute("id") or shop.window.focused().text)
    assert {"close", "vpa"} <= set(seen)
    assert seen[seen.index("close") + 1 :][:3] == ["contact", "email", "UPI Any UPI app"]

    shop.window.find("#vpa").send_keys("success@razorpay", Keys.ENTER)
    assert [kind for kind, _ in shop.told()] == ["handler"]
