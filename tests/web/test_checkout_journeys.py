"""Whole ways of a customer through the pages, with a browser that has no scripts: what it would do in
Checkout's window is done by hand. With scripts and the window: tests/browser."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from gateway.domain.context import utc_now
from gateway.domain.models import Payment
from tests.support.client import Person, Sandbox, open_order, stored
from tests.support.pages import Browser, Page
from tests.support.second_door import asked, cancel, create, process, processed, refund
from tests.support.steps import changes_to, has_status
from tests.support.waiting import wait_until

AMOUNT = "₹500.00"
PAY, PAY_AGAIN = f"Pay {AMOUNT}", "Try again"
CARD = {"method": "card", "number": "4100 2800 0000 1007"}
DOWNLOAD = "Download the receipt (PDF)"


def _reloaded_until(browser: Browser, state: str) -> Page:
    """Wait as the page does: by loading itself again."""
    return wait_until(
        lambda: browser.page if browser.reload().state == state else None, f"the page becoming {state}"
    )


def _the_receipt(browser: Browser) -> bytes:
    """Download the receipt once the page offers it."""
    page = wait_until(lambda: browser.page if DOWNLOAD in browser.reload().links else None, "the receipt")
    parts = urlsplit(page.url)
    answer = browser.http.get(f"{parts.scheme}://{parts.netloc}{page.links[DOWNLOAD]}", timeout=30)
    return answer.content


def _pay(browser: Browser, sandbox: Sandbox, how: dict[str, str]) -> Page:
    """Pay in Checkout, and come back from it."""
    return browser.come_back(sandbox.pay(browser.page.checkout["order_id"], how))


def test_a_customer_comes_back_with_what_checkout_was_given(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer, description="Term 1", paymentMethod="card")

    page = browser.open(result["nextAction"]["url"])
    back = _pay(browser, sandbox, CARD)

    assert (page.state, page.pay, page.rows["For"]) == ("ready", PAY, "Term 1")
    assert (back.state, back.rows["Paid by"], back.url) == ("paid", "Card", page.url)
    assert _the_receipt(browser).startswith(b"%PDF-")
    payment = has_status(result["paymentId"], "PAID")
    assert (payment.captured_minor, payment.attempts, changes_to(payment, "PAID")) == (50_000, 1, 1)
    steps = [(method, urlsplit(url).path) for method, url in browser.history[:3]]
    own = f"/pay/{payment.id}"
    assert steps == [("GET", own), ("POST", f"{own}/callback"), ("GET", own)]


def test_an_order_of_the_first_door_gets_a_page_when_it_is_processed(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    order_id, payment_id = open_order(customer)

    result = process(customer.api, payment_id).json()["result"]
    page = browser.open(result["nextAction"]["url"])
    back = _pay(browser, sandbox, CARD)

    assert (page.state, page.checkout["order_id"]) == ("ready", order_id)
    assert back.state == "paid"
    assert customer.api.status(order_id)["payment"]["status"] == "PAID"


def test_a_customer_opens_the_page_before_the_order_is_open(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "500", 2)
    answer = process(customer.api, create(customer)["paymentId"], headers={})

    page = browser.open(answer.json()["result"]["nextAction"]["url"])

    assert (page.state, page.forms, page.pay) == ("preparing", [], "")
    assert _reloaded_until(browser, "ready").pay == PAY


def test_a_customer_approves_in_the_app_while_the_page_waits(browser: Browser, customer: Person) -> None:
    result = asked(customer, "success@razorpay")

    browser.open(result["nextAction"]["url"])
    page = _reloaded_until(browser, "paid")

    assert page.rows["Paid by"] == "UPI"


def test_a_customer_declines_in_the_app_and_pays_by_card(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = asked(customer, "failure@razorpay")

    browser.open(result["nextAction"]["url"])
    page = _reloaded_until(browser, "failed")
    back = _pay(browser, sandbox, CARD)

    assert page.pay == PAY_AGAIN
    assert stored(result["paymentId"]).upi_collect.failure_reason in page.text
    assert back.state == "paid"


def test_a_customer_does_not_answer_the_app_and_pays_in_another_way(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = asked(customer, "pending@razorpay")

    page = browser.open(result["nextAction"]["url"])
    back = _pay(browser, sandbox, {"method": "wallet", "wallet": "freecharge"})

    assert (page.state, page.refresh_seconds, page.pay) == ("approve", 2, "Pay in another way")
    assert "p***@razorpay" in page.text
    assert (back.state, back.rows["Paid by"]) == ("paid", "Wallet")


def test_a_customer_looks_again_after_a_refund_and_another(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    browser.open(result["nextAction"]["url"])
    _pay(browser, sandbox, CARD)

    assert refund(customer.api, result["paymentId"], {"amount": 123.45}).status_code == 201
    part = browser.reload()
    assert refund(customer.api, result["paymentId"]).status_code == 201
    whole = browser.reload()

    assert (part.state, part.heading) == ("partly_refunded", "₹123.45 of ₹500.00 refunded")
    assert (whole.state, whole.heading) == ("refunded", "₹500.00 refunded")
    assert _the_receipt(browser).startswith(b"%PDF-")


def test_a_customer_presses_pay_on_a_page_that_was_cancelled_meanwhile(
    browser: Browser, customer: Person
) -> None:
    result = processed(customer)
    browser.open(result["nextAction"]["url"])

    assert cancel(customer.api, result["paymentId"]).status_code == 200
    page = browser.reload()

    assert (page.state, page.forms, page.pay) == ("cancelled", [], "")
    assert page.rows["Payment number"] == result["paymentId"]


def test_an_expired_link_is_no_next_action_and_works_again_once_it_is_asked_for(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    late = utc_now() - timedelta(days=31)
    Payment.objects(id=result["paymentId"]).update_one(set__page_wanted_at=late)

    expired = browser.open(result["nextAction"]["url"])
    told = customer.api.get(f"/api/payment/{result['paymentId']}").json()["result"]
    renewed = process(customer.api, result["paymentId"]).json()["result"]
    page = browser.open(renewed["nextAction"]["url"])

    assert (expired.state, told["nextAction"]) == ("expired", None)
    assert (renewed["nextAction"], page.state) == (result["nextAction"], "ready")
    assert _pay(browser, sandbox, CARD).state == "paid"


def test_money_that_comes_in_on_an_expired_page_counts(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    browser.open(result["nextAction"]["url"])
    late = utc_now() - timedelta(days=31)
    Payment.objects(id=result["paymentId"]).update_one(set__page_wanted_at=late)

    assert _pay(browser, sandbox, CARD).state == "paid"
    assert has_status(result["paymentId"], "PAID").captured_minor == 50_000


def test_a_payment_that_could_not_be_opened_is_opened_when_the_customer_tries_again(
    browser: Browser, keep: Callable[..., Payment], page_of: Callable[..., str], sandbox: Sandbox
) -> None:
    closed = {"status": "FAILED", "order_may_be_retried": True, "failure_reason": "502"}
    payment = keep(opened=False, order_requested_at=None, **closed)

    browser.open(page_of(payment))
    browser.press("Try again")
    browser.http.post(page_of(payment, "/open"), timeout=30)
    ready = _reloaded_until(browser, "ready")

    assert ready.pay == PAY
    assert len(sandbox.orders_with_receipt(payment.order_receipt)) == 1
