"""What a customer sees when something goes wrong around a payment: nothing is lost, and there is a way on."""

from collections.abc import Callable
from datetime import timedelta

from gateway.domain.context import utc_now
from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.checkout_page import FRAME, choose, in_provider, state_of, until_closed, until_state
from tests.support.chromium import Window
from tests.support.client import Person, Sandbox
from tests.support.kept_payments import LINK_HOURS
from tests.support.second_door import asked, cancel, processed
from tests.support.steps import has_status

PAY, TRY_AGAIN = "Pay ₹500.00", "Try again"
Keep, PageOf = Callable[..., Payment], Callable[..., str]
# What the browser itself writes about a request that did not get through.
BLOCKED = "net::ERR_BLOCKED_BY_CLIENT"


def test_a_payment_whose_callback_never_arrives_is_completed_by_the_webhook(
    window: Window, customer: Person, sandbox: Sandbox
) -> None:
    """The money is taken, and the provider's window hangs instead of handing over."""
    result = processed(customer)
    window.open(result["nextAction"]["url"])
    window.press(PAY)
    with in_provider(window):
        window.screenshot("page-window-in-page")

    sandbox.pay(result["razorpayOrderId"])
    until_state(window, "paid")

    until_closed(window)
    assert window.text("h1") == "₹500.00 paid"
    assert window.focused().get_attribute("id") == "heading"
    assert has_status(result["paymentId"], "PAID").captured_minor == 50_000


def test_a_callback_that_is_lost_on_its_way_is_made_good_when_the_page_is_opened_again(
    window: Window, customer: Person
) -> None:
    result = processed(customer)
    window.open(result["nextAction"]["url"])
    window.expect_in_console(BLOCKED)
    window.press(PAY)
    with in_provider(window):
        window.block("*/callback?*")
        choose(window, "upi", vpa="success@razorpay")
    has_status(result["paymentId"], "PAID")

    window.block()
    window.open(result["nextAction"]["url"])

    assert state_of(window) == "paid"


def test_a_payment_that_is_being_confirmed_is_shown_as_paid_without_a_touch(
    window: Window, customer: Person, sandbox: Sandbox
) -> None:
    """The browser has brought back that it is authorised; that it is captured comes by webhook."""
    sandbox.fault("payments.capture", "500", 1000)
    result = processed(customer)
    checkout = sandbox.pay(result["razorpayOrderId"], capture=False)
    assert customer.api.verify(checkout).status_code in (200, 202)
    window.open(result["nextAction"]["url"])
    assert state_of(window) == "confirming"

    sandbox.clear_faults()
    capture = {"amount": 50_000, "currency": "INR"}
    sandbox.api("POST", f"/payments/{checkout['razorpay_payment_id']}/capture", capture)
    until_state(window, "paid")

    assert window.text("#announcement") == "₹500.00 paid"
    assert window.driver.title.startswith("₹500.00 paid – ")
    window.button("Download the receipt (PDF)")


def test_an_expired_link_offers_nothing_to_pay_with(window: Window, keep: Keep, page_of: PageOf) -> None:
    late = utc_now() - timedelta(hours=LINK_HOURS)
    window.open(page_of(keep(page_wanted_at=late)))

    assert (state_of(window), window.text("h1")) == ("expired", "This payment link has expired")
    assert window.find_all("#pay, button, form") == []
    assert window.run("return typeof window.Razorpay") == "undefined"


def test_a_script_that_is_blocked_is_told_of_and_asked_for_again(window: Window, customer: Person) -> None:
    window.expect_in_console(BLOCKED)
    window.block("*/v1/checkout.js")
    window.open(processed(customer)["nextAction"]["url"])
    window.until_text("Razorpay, through which you pay, could not be loaded.", "#status")
    window.screenshot("page-script-blocked")

    window.press(TRY_AGAIN)
    window.until(lambda: window.button(TRY_AGAIN).is_enabled(), "the button coming back")
    assert window.focused() == window.button(TRY_AGAIN)
    assert window.axe_violations() == []
    window.block()
    window.press(TRY_AGAIN)

    with in_provider(window):
        choose(window, "upi", vpa="success@razorpay")
    until_state(window, "paid")


def test_a_page_whose_own_script_does_not_come_says_so(window: Window, keep: Keep, page_of: PageOf) -> None:
    window.expect_in_console(BLOCKED)
    window.block("*/pay.js")

    window.open(page_of(keep()))

    window.until_text("a part of this page did not arrive")
    assert [each for each in window.find_all("button") if each.is_displayed()] == []


def test_without_javascript_the_page_says_what_it_is_and_what_to_do(
    window: Window, keep: Keep, page_of: PageOf
) -> None:
    window.without_scripts()

    window.open(page_of(keep()))

    assert window.text("h1").startswith("Pay ₹500.00 to ")
    assert "Paying here needs JavaScript" in window.text("#actions")
    assert "did not arrive" not in window.text()
    assert [each for each in window.find_all("button") if each.is_displayed()] == []
    window.screenshot("page-without-javascript")


def test_without_javascript_a_page_that_waits_reloads_itself(window: Window, customer: Person) -> None:
    window.without_scripts()
    result = asked(customer, "success@razorpay")

    window.open(result["nextAction"]["url"])

    until_state(window, "paid")


def test_paid_in_one_tab_the_other_one_notices_when_it_is_looked_at(
    window: Window, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    window.open(result["nextAction"]["url"])
    first = window.driver.current_window_handle
    window.driver.switch_to.new_window("tab")
    window.open(result["nextAction"]["url"])
    sandbox.pay(result["razorpayOrderId"])
    has_status(result["paymentId"], "PAID")

    window.driver.switch_to.window(first)
    window.cdp("Page.bringToFront")

    until_state(window, "paid")


def test_a_customer_who_presses_pay_on_a_page_that_is_out_of_date_is_told(
    window: Window, customer: Person
) -> None:
    result = processed(customer)
    window.open(result["nextAction"]["url"])
    assert cancel(customer.api, result["paymentId"]).status_code == 200

    window.press(PAY)

    until_state(window, "cancelled")
    assert window.find_all(FRAME) == []


def test_a_page_that_loses_its_connection_says_so_and_goes_on(
    window: Window, keep: Keep, page_of: PageOf, stack: Stack
) -> None:
    payment = keep(opened=False, order_wanted_since=utc_now())
    window.open(page_of(payment))
    window.expect_in_console(BLOCKED)
    window.block("*/card?*")
    window.until_text("This page cannot be updated right now.", "#status")

    window.block()
    Payment.objects(id=payment.id).update_one(
        set__status="PAID", set__captured_minor=50_000, set__paid_at=utc_now()
    )

    until_state(window, "paid")
    assert window.text("#status") == ""
