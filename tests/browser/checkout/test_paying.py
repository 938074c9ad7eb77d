"""Checkout on a merchant's strict page: paying by every method, failing, trying again, and being told."""

import pytest
import razorpay
from selenium.webdriver.common.keys import Keys

from tests.browser.checkout.shopping import Shop
from tests.sandbox.conftest import KEY_ID, KEY_SECRET

TEMPORARY = (
    "Payment was unsuccessful due to a temporary issue. "
    "Any amount deducted will be refunded within 5-7 working days."
)


def assert_success_is_genuine(shop: Shop, result: dict[str, str]) -> None:
    """Check what a success hands over, as a merchant's server does."""
    assert set(result) == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    assert result["razorpay_order_id"] == shop.order["id"]
    assert result["razorpay_payment_id"] == shop.payments()[0]["id"]
    client = razorpay.Client(auth=(KEY_ID, KEY_SECRET))
    assert client.utility.verify_payment_signature(result) is True


def test_a_payment_by_upi_waits_for_the_app_and_tells_the_handler(shop: Shop) -> None:
    shop.sandbox.control("POST", "/clock", {"frozen": True})
    shop.open()

    shop.pay_by_upi()

    shop.window.until_text("Approve it in your UPI app")
    assert "went to success@razorpay" in shop.window.text()
    assert shop.statuses() == ["created"]
    shop.sandbox.control("POST", "/clock", {"advance_seconds": 1})
    shop.window.until_text("Payment successful")
    ((kind, result),) = shop.told()
    assert kind == "handler"
    assert_success_is_genuine(shop, result)
    (payment,) = shop.payments()
    assert (payment["status"], payment["vpa"], payment["notes"]) == (
        "captured", "success@razorpay", {"child": "Class 4"},
    )  # fmt: skip
    assert (payment["email"], payment["contact"]) == ("asha@example.com", "+919812345678")
    assert payment["description"] == "Term 1"
    assert shop.is_open() is False


def test_a_payment_by_card_succeeds_with_any_otp_of_four_digits(shop: Shop) -> None:
    shop.open()

    shop.pay_by_card("4100 2800 0000 1007")
    shop.window.keys("1234", Keys.ENTER)

    ((kind, result),) = shop.told()
    assert kind == "handler"
    assert_success_is_genuine(shop, result)
    assert (shop.payments()[0]["method"], shop.statuses()) == ("card", ["captured"])


@pytest.mark.parametrize(
    ("method", "field", "code"), [("netbanking", "bank", "SBIN"), ("wallet", "wallet", "payzapp")]
)
def test_a_payment_on_a_bank_s_page_succeeds_by_its_button(
    shop: Shop, method: str, field: str, code: str
) -> None:
    shop.open(prefill={"method": method})
    shop.window.find(f"#{field} option[value={code}]").click()

    shop.pay(method)
    shop.window.press("Success")

    ((kind, result),) = shop.told()
    assert kind == "handler"
    assert_success_is_genuine(shop, result)
    assert (shop.payments()[0][field], shop.statuses()) == (code, ["captured"])


def test_a_test_instrument_is_filled_in_by_one_click(shop: Shop) -> None:
    shop.open()
    shop.choose("card")
    shop.window.find("#method-card .tests > summary").click()

    shop.window.find("button[data-value='4100 2800 0008 0001']").click()

    values = {name: shop.window.find(f"#{name}").get_attribute("value") for name in ("number", "cvv", "name")}
    assert values == {"number": "4100 2800 0008 0001", "cvv": "123", "name": "Asha Rao"}
    shop.window.keys(Keys.ENTER)
    shop.window.until_text("Your bank asks for an OTP")


def test_a_failure_is_shown_and_told_and_the_same_order_is_paid_at_the_next_try(shop: Shop) -> None:
    shop.open()

    shop.pay_by_card("4100 2800 0008 0001")
    shop.window.keys("123456", Keys.ENTER)

    shop.window.until_text("Payment failed")
    assert "due to insufficient account balance" in shop.window.text()
    (failed,) = shop.payments()
    assert shop.said_yet() == [
        [
            "failed",
            {
                "code": "BAD_REQUEST_ERROR",
                "description": "Your payment could not be completed due to insufficient account balance. "
                "Try again with another card or payment method.",
                "source": "customer",
                "step": "payment_authorization",
                "reason": "insufficient_fund",
                "metadata": {"order_id": shop.order["id"], "payment_id": failed["id"]},
            },
        ]
    ]
    shop.window.press("Try again")
    shop.window.until_text("Pay with")
    shop.pay_by_upi()
    told = shop.told(2)
    assert [kind for kind, _ in told] == ["failed", "handler"]
    assert_success_is_genuine(shop, told[1][1])
    assert shop.statuses() == ["captured", "failed"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("failure", "payment_failed"), ("cancelled", "payment_cancelled"), ("123", "authentication_failed")],
)
def test_the_bank_s_page_fails_in_three_ways(shop: Shop, answer: str, reason: str) -> None:
    shop.open()
    shop.pay_by_card("5500 6700 0000 1002")

    if answer.isdigit():
        shop.window.keys(answer, Keys.ENTER)
    else:
        shop.window.find(f"#otp-form [data-answer={answer}]").click()

    shop.window.until_text(f"Reason: {reason}")
    assert [error["reason"] for _, error in shop.told()] == [reason]
    assert [payment["error_reason"] for payment in shop.payments()] == [reason]


def test_a_payer_who_declines_fails_the_payment(shop: Shop) -> None:
    shop.open()

    shop.pay_by_upi("failure@razorpay")

    shop.window.until_text("Payment failed")
    assert TEMPORARY in shop.window.text()
    ((kind, error),) = shop.told()
    assert (kind, error["reason"], error["step"]) == ("failed", "payment_failed", "payment_response")


def test_without_retry_a_failure_can_only_be_closed(shop: Shop) -> None:
    shop.open(retry={"enabled": False})
    shop.pay_by_upi("failure@razorpay")

    shop.window.press("Close")

    assert [kind for kind, _ in shop.told(2)] == ["failed", "dismissed"]
    assert shop.is_open() is False


def test_with_a_callback_url_the_result_is_posted_by_the_whole_page(shop: Shop) -> None:
    shop.open(handler=None, callback_url=f"{shop.merchant.url}/paid?cart=7&x=1")

    shop.pay_by_upi("failure@razorpay")
    shop.window.until_text("Payment failed")
    assert shop.merchant.posted == []
    shop.window.press("Try again")
    shop.window.until_text("Pay with")
    shop.pay_by_upi()

    shop.look_outside()
    shop.window.until_text("Thanks")
    ((path, fields),) = shop.merchant.posted
    assert path == "/paid?cart=7&x=1"
    assert_success_is_genuine(shop, fields)


def test_a_handler_wins_over_a_callback_url(shop: Shop) -> None:
    shop.open(callback_url=f"{shop.merchant.url}/paid", redirect=True)

    shop.pay_by_upi()

    assert [kind for kind, _ in shop.told()] == ["handler"]
    assert shop.merchant.posted == []


def test_with_redirect_the_window_is_a_page_and_posts_a_success(shop: Shop) -> None:
    shop.visit(handler=None, callback_url=f"{shop.merchant.url}/paid?cart=7", redirect=True)
    shop.window.press("Pay")
    shop.window.until_text("Pay with")
    assert shop.window.driver.current_url.startswith(f"{shop.sandbox.url}/v1/checkout/page#")
    assert shop.window.text("#merchant") == "Greenfield School"

    shop.pay_by_upi()

    shop.window.until_text("Thanks")
    ((path, fields),) = shop.merchant.posted
    assert path == "/paid?cart=7"
    assert_success_is_genuine(shop, fields)


def test_with_redirect_a_failure_is_posted_too(shop: Shop) -> None:
    shop.visit(handler=None, callback_url=f"{shop.merchant.url}/paid", redirect=True)
    shop.window.press("Pay")
    shop.window.until_text("Pay with")

    shop.pay_by_upi("failure@razorpay")
    shop.window.press("Continue")

    shop.window.until_text("Thanks")
    (payment,) = shop.payments()
    assert shop.merchant.posted == [
        (
            "/paid",
            {
                "error[code]": "BAD_REQUEST_ERROR",
                "error[description]": TEMPORARY,
                "error[source]": "gateway",
                "error[step]": "payment_response",
                "error[reason]": "payment_failed",
                "error[metadata]": f'{{"order_id":"{shop.order["id"]}","payment_id":"{payment["id"]}"}}',
            },
        )
    ]


def test_a_form_with_data_attributes_gets_a_button_and_is_sent_with_the_result(shop: Shop) -> None:
    shop.merchant.options = {
        "key": KEY_ID, "order_id": shop.order["id"], "amount": "150000", "buttontext": "Pay the fees",
        "name": "Greenfield School", "prefill.email": "asha@example.com", "notes.child": "Class 4",
    }  # fmt: skip
    shop.window.open(f"{shop.merchant.url}/form")

    shop.window.find("input[value='Pay the fees']").click()
    shop.look_inside()
    shop.window.until_text("Pay with")
    shop.pay_by_upi()

    shop.look_outside()
    shop.window.until_text("Thanks")
    ((path, fields),) = shop.merchant.posted
    assert (path, fields.pop("cart")) == ("/charge", "7")
    assert_success_is_genuine(shop, fields)
    assert shop.payments()[0]["notes"] == {"child": "Class 4"}
    assert shop.payments()[0]["email"] == "asha@example.com"
