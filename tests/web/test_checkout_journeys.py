"""Whole ways of a customer through the pages and the provider's, with a browser that has no scripts."""

from collections.abc import Callable
from urllib.parse import urlsplit

from gateway.domain.models import Payment
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, stored
from tests.support.pages import Browser, Page
from tests.support.second_door import asked, cancel, create, process, processed, refund
from tests.support.steps import changes_to, has_status
from tests.support.waiting import wait_until

AMOUNT = "₹500.00"
PAY, PAY_AGAIN, CONTINUE = f"Pay {AMOUNT}", "Try again", "Continue"
NO_FUNDS = {"pay[number]": "4100 2800 0008 0001"}
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


def test_a_customer_pays_by_card(browser: Browser, customer: Person, stack: Stack) -> None:
    result = processed(customer, description="Term 1", paymentMethod="card")

    page = browser.open(result["nextAction"]["url"])
    provider = browser.press(PAY)
    left = browser.press(PAY, **{"pay[method]": "card"})
    back = browser.press(CONTINUE)

    assert (page.state, page.rows["For"]) == ("ready", "Term 1")
    assert provider.url == f"{stack.sandbox_url}/v1/checkout/embedded"
    for shown in (page.rows["To"], AMOUNT, "Term 1", customer.email, "+919000000001"):
        assert shown in provider.text
    assert provider.inputs["pay[name]"]["value"] == "Asha Rao"
    assert left.heading == "Payment successful"
    assert (back.state, back.rows["Paid by"], back.url) == ("paid", "Card", page.url)
    assert _the_receipt(browser).startswith(b"%PDF-")
    payment = has_status(result["paymentId"], "PAID")
    assert (payment.captured_minor, payment.attempts, changes_to(payment, "PAID")) == (50_000, 1, 1)
    steps = [(method, urlsplit(url).path) for method, url in browser.history[:5]]
    own = f"/pay/{payment.id}"
    assert steps == [
        ("GET", own),
        ("POST", "/v1/checkout/embedded"),
        ("POST", "/v1/checkout/embedded/pay"),
        ("POST", f"{own}/callback"),
        ("GET", own),
    ]


def test_a_customer_fails_at_the_provider_and_pays_at_the_second_try(
    browser: Browser, customer: Person
) -> None:
    result = processed(customer)

    browser.open(result["nextAction"]["url"])
    browser.press(PAY)
    failed = browser.press(PAY, NO_FUNDS, **{"pay[method]": "card"})
    browser.press(PAY, **{"pay[method]": "upi"})
    back = browser.press(CONTINUE)

    assert "Payment failed" in failed.text
    assert (back.state, back.rows["Paid by"]) == ("paid", "UPI")
    payment = has_status(result["paymentId"], "PAID")
    assert (payment.captured_minor, payment.attempts, len(payment.receipts)) == (50_000, 2, 1)


def test_a_customer_gives_up_reads_why_and_pays_after_all(browser: Browser, customer: Person) -> None:
    result = processed(customer)

    browser.open(result["nextAction"]["url"])
    browser.press(PAY)
    browser.press(PAY, NO_FUNDS, **{"pay[method]": "card"})
    browser.press("Give up")
    told = browser.press(CONTINUE)
    has_status(result["paymentId"], "FAILED")
    known = browser.reload()
    browser.press(PAY_AGAIN)
    browser.press("Success", **{"pay[method]": "netbanking"})
    back = browser.press(CONTINUE)

    assert (told.status, told.state) == (200, "failed")
    assert known.state == "failed"
    assert "insufficient account balance" in known.text
    assert (back.state, back.rows["Paid by"]) == ("paid", "Netbanking")


def test_a_customer_comes_back_without_having_tried(browser: Browser, customer: Person) -> None:
    page = browser.open(processed(customer)["nextAction"]["url"])

    browser.press(PAY)
    back = browser.follow("Cancel")

    assert (back.state, back.url) == ("ready", page.url)


def test_a_customer_opens_the_page_before_the_order_is_open(
    browser: Browser, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "500", 2)
    answer = process(customer.api, create(customer)["paymentId"], headers={})

    page = browser.open(answer.json()["result"]["nextAction"]["url"])

    assert (page.state, page.forms) == ("preparing", [])
    assert list(_reloaded_until(browser, "ready").forms[0].buttons) == [PAY]


def test_a_customer_approves_in_the_app_while_the_page_waits(browser: Browser, customer: Person) -> None:
    result = asked(customer, "success@razorpay")

    browser.open(result["nextAction"]["url"])
    page = _reloaded_until(browser, "paid")

    assert page.rows["Paid by"] == "UPI"


def test_a_customer_declines_in_the_app_and_pays_by_card(browser: Browser, customer: Person) -> None:
    result = asked(customer, "failure@razorpay")

    browser.open(result["nextAction"]["url"])
    page = _reloaded_until(browser, "failed")
    browser.press(PAY_AGAIN)
    browser.press(PAY, **{"pay[method]": "card"})
    back = browser.press(CONTINUE)

    assert stored(result["paymentId"]).upi_collect.failure_reason in page.text
    assert back.state == "paid"


def test_a_customer_does_not_answer_the_app_and_pays_in_another_way(
    browser: Browser, customer: Person
) -> None:
    result = asked(customer, "pending@razorpay")

    page = browser.open(result["nextAction"]["url"])
    browser.press("Pay in another way")
    browser.press("Success", **{"pay[method]": "wallet"})
    back = browser.press(CONTINUE)

    assert (page.state, page.refresh_seconds) == ("approve", 2)
    assert "p***@razorpay" in page.text
    assert (back.state, back.rows["Paid by"]) == ("paid", "Wallet")


def test_a_customer_looks_again_after_a_refund_and_another(browser: Browser, customer: Person) -> None:
    result = processed(customer)
    browser.open(result["nextAction"]["url"])
    browser.press(PAY)
    browser.press(PAY, **{"pay[method]": "card"})
    browser.press(CONTINUE)

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

    assert (page.state, page.forms) == ("cancelled", [])
    assert page.rows["Payment number"] == result["paymentId"]


def test_a_payment_that_could_not_be_opened_is_opened_when_the_customer_tries_again(
    browser: Browser, keep: Callable[..., Payment], page_of: Callable[..., str], sandbox: Sandbox
) -> None:
    closed = {"status": "FAILED", "order_may_be_retried": True, "failure_reason": "502"}
    payment = keep(opened=False, order_requested_at=None, **closed)

    browser.open(page_of(payment))
    browser.press("Try again")
    browser.http.post(page_of(payment, "/open"), timeout=30)
    ready = _reloaded_until(browser, "ready")

    assert list(ready.forms[0].buttons) == [PAY]
    assert len(sandbox.orders_with_receipt(payment.order_receipt)) == 1
