"""Checkout when something is wrong: with the options, the entries, the order, or the line."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.shopping import Shop


def test_a_missing_key_is_thrown_at_the_merchant_s_script(shop: Shop) -> None:
    shop.visit()

    said = shop.window.run("try { new Razorpay({amount: 100}); } catch (error) { return error.message; }")

    assert said == "No key passed"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"key": "rzp_test_other"}, "The api key provided is invalid"),
        ({"order_id": "order_AAAAAAAAAAAAAA"}, "The id provided does not exist"),
        ({"order_id": None}, "The order_id field is required."),
        ({"amount": 149_999}, "Your payment amount is different from your order amount."),
        ({"currency": "USD"}, "Your payment currency is different from your order currency."),
    ],
)
def test_options_that_make_no_sense_are_said_in_the_window(
    shop: Shop, options: dict[str, str | int | None], text: str
) -> None:
    shop.window.expect_in_console("/v1/checkout/public/order")
    shop.visit(**options)
    shop.window.press("Pay")
    shop.look_inside()

    shop.window.until_text(text)
    shop.window.press("Close")

    assert shop.told() == [["dismissed", None]]
    assert shop.payments() == []


def test_an_order_that_is_paid_says_so_when_checkout_is_opened_again(shop: Shop) -> None:
    shop.window.expect_in_console("/v1/checkout/public/order")
    shop.sandbox.pay(shop.order["id"])
    shop.visit()

    shop.window.press("Pay")

    shop.look_inside()
    shop.window.until_text("This payment is not possible")
    assert "the order is already paid" in shop.window.text()


def test_an_order_that_is_paid_meanwhile_takes_no_second_payment(shop: Shop) -> None:
    shop.window.expect_in_console("/v1/checkout/public/attempts")
    shop.open()
    shop.sandbox.pay(shop.order["id"])

    shop.pay_by_upi()

    shop.window.until_text("the order is already paid")
    assert len(shop.payments()) == 1


def test_an_entry_that_makes_no_sense_is_to_be_corrected_and_is_no_attempt(shop: Shop) -> None:
    shop.window.expect_in_console("/v1/checkout/public/attempts")
    shop.open()

    shop.pay_by_upi("nonsense")

    shop.window.until_text("Invalid VPA. Please enter a valid Virtual Payment Address")
    field = shop.window.focused()
    assert (field.get_attribute("id"), field.get_attribute("value")) == ("vpa", "nonsense")
    assert field.get_attribute("aria-invalid") == "true"
    assert shop.payments() == []
    shop.enter(vpa="success@razorpay")
    shop.window.keys(Keys.ENTER)
    assert [kind for kind, _ in shop.told()] == ["handler"]


def test_a_double_click_on_pay_makes_one_payment(shop: Shop) -> None:
    shop.open()
    shop.enter(vpa="success@razorpay")

    shop.window.run(
        "const button = document.querySelector('#method-upi .pay'); button.click(); button.click();"
    )

    assert [kind for kind, _ in shop.told()] == ["handler"]
    assert shop.statuses() == ["captured"]


def test_without_an_answer_the_customer_checks_again_and_the_attempt_is_the_same(shop: Shop) -> None:
    shop.window.expect_in_console("/attempts")
    shop.open()
    shop.window.block("*/v1/checkout/public/attempts*")
    shop.pay_by_upi()
    shop.window.until_text("check before you pay again")

    shop.window.press("Check again")
    shop.window.until_text("check before you pay again")
    shop.window.block()
    shop.window.press("Check again")

    assert [kind for kind, _ in shop.told()] == ["handler"]
    assert shop.statuses() == ["captured"]


def test_an_approval_while_the_browser_is_offline_is_seen_once_it_is_back(shop: Shop) -> None:
    shop.window.expect_in_console("/attempts")
    shop.sandbox.control("POST", "/clock", {"frozen": True})
    shop.open()
    shop.pay_by_upi()
    shop.window.until_text("Approve it in your UPI app")
    shop.window.block("*/v1/checkout/public/*")

    shop.sandbox.control("POST", "/clock", {"advance_seconds": 1})
    shop.window.until(lambda: shop.statuses() == ["captured"], "the payer's approval")
    assert shop.said_yet() == []
    shop.window.block()

    assert [kind for kind, _ in shop.told()] == ["handler"]


def test_a_upi_request_that_is_approved_after_all_counts_though_the_customer_looks_elsewhere(
    shop: Shop,
) -> None:
    shop.sandbox.control("POST", "/clock", {"frozen": True})
    shop.open()
    shop.pay_by_upi()

    shop.window.press("Pay in another way")
    shop.window.until_text("Pay with")
    shop.sandbox.control("POST", "/clock", {"advance_seconds": 1})

    assert [kind for kind, _ in shop.told()] == ["handler"]
    assert shop.statuses() == ["captured"]


def test_messages_that_are_not_the_window_s_own_change_nothing(shop: Shop) -> None:
    shop.open()

    shop.look_outside()
    shop.window.run(
        "const nonce = history.state.razorpay;"
        "for (const type of ['succeeded', 'failed', 'dismissed']) {"
        "  window.postMessage({type, nonce, result: {}, error: {}}, '*');"
        "}"
        "window.frames[0].postMessage({type: 'close', nonce: 'guessed'}, '*');"
    )
    shop.look_inside()
    shop.pay_by_upi()

    assert [kind for kind, _ in shop.told()] == ["handler"]


def test_what_the_merchant_says_is_text_and_never_markup(shop: Shop) -> None:
    evil = '"><img src=x onerror=alert(1)><b>x</b>'

    shop.open(
        name=evil, description=evil, image="javascript:alert(1)", notes={"a": evil},
        prefill={"email": evil, "contact": evil, "name": evil, "vpa": evil, "method": evil},
        theme={"color": "red;background:url(x)", "backdrop_color": "url(https://example.org/x)"},
    )  # fmt: skip

    assert shop.window.text("#merchant") == evil
    assert shop.window.text("#description") == evil
    assert shop.window.find_all("main b, main img[src]") == []
    assert shop.window.find("#head").get_attribute("style") == ""


def test_the_merchant_decides_which_contact_details_are_seen_and_changed(shop: Shop) -> None:
    shop.open(readonly={"email": True}, hidden={"contact": True})

    assert shop.window.find("#email").get_attribute("readonly") == "true"
    assert shop.window.find("#contact").is_displayed() is False
    shop.pay_by_upi()
    shop.told()
    assert shop.payments()[0]["contact"] == "+919812345678"
    assert shop.payments()[0]["email"] == "asha@example.com"


def test_an_order_in_another_currency_offers_cards_alone(shop: Shop) -> None:
    order = shop.sandbox.order(5_000, currency="USD")

    shop.open(order_id=order["id"], amount="5000", currency="USD")

    shown = [method.get_attribute("data-method") for method in shop.window.find_all("details.method")
             if method.is_displayed()]  # fmt: skip
    assert shown == ["card"]
    assert "Pay USD 50.00" in shop.window.text()
