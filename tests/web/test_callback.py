"""What the provider's page sends the customer back with: only what is signed is believed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from gateway.domain.models import Payment
from tests.support.client import Person, Sandbox, snapshot, stored
from tests.support.pages import Page
from tests.support.second_door import cancel, processed
from tests.support.steps import calls_to, changes_to, has_status

Opened = tuple[Payment, str]
PageOf = Callable[..., str]
FAILURE = {
    "error[code]": "BAD_REQUEST_ERROR",
    "error[description]": "<script>alert(1)</script> Call +1 555 0100 to pay.",
    "error[reason]": "payment_failed",
    "error[metadata]": '{"order_id":"order_x","payment_id":"pay_x"}',
}
OWN_SENTENCE = "The payment was not completed."


@pytest.fixture
def opened(customer: Person, sandbox: Sandbox) -> Payment:
    """A payment that is ready to be paid, of which no webhook tells."""
    sandbox.deliveries(paused=True)
    return stored(processed(customer)["paymentId"])


def _post(url: str, fields: Any) -> requests.Response:
    return requests.post(url, data=fields, timeout=30, allow_redirects=False)


def _led_to(answer: requests.Response, base_url: str) -> Page:
    """Follow the redirect as a browser does."""
    assert answer.status_code == 303, answer.text
    return Page(requests.get(base_url + answer.headers["Location"], timeout=30))


def test_a_signed_success_is_paid_and_twice_is_once(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    checkout = sandbox.pay(opened.provider_order_id)

    first = _post(page_of(opened, "/callback"), checkout)
    second = _post(page_of(opened, "/callback"), checkout)

    assert _led_to(first, customer.api.base_url).state == "paid"
    assert _led_to(second, customer.api.base_url).state == "paid"
    payment = has_status(opened.id, "PAID")
    assert (changes_to(payment, "PAID"), len(payment.receipts)) == (1, 1)
    assert {entry.by for entry in payment.history if entry.to_status == "PAID"} >= {"checkout page"}


def test_of_two_callbacks_at_once_one_pays(opened: Payment, page_of: PageOf, sandbox: Sandbox) -> None:
    checkout = sandbox.pay(opened.provider_order_id)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _post(page_of(opened, "/callback"), checkout), range(4)))

    assert [answer.status_code for answer in answers] == [303] * 4
    payment = has_status(opened.id, "PAID")
    assert (changes_to(payment, "PAID"), len(payment.receipts)) == (1, 1)


def test_a_payment_that_is_only_authorised_is_confirmed_and_then_paid(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("payments.capture", "500", 1)
    checkout = sandbox.pay(opened.provider_order_id, capture=False)

    page = _led_to(_post(page_of(opened, "/callback"), checkout), customer.api.base_url)

    assert (page.state, page.forms, page.pay) == ("confirming", [], "")
    assert page.refresh_seconds == 2
    assert has_status(opened.id, "PAID").captured_minor == 50_000


def test_a_signed_payment_that_cannot_be_read_yet_is_confirmed_later(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    checkout = sandbox.pay(opened.provider_order_id)
    sandbox.fault("payments.fetch", "500", 3)
    sandbox.fault("orders.payments", "500", 1)

    page = _led_to(_post(page_of(opened, "/callback"), checkout), customer.api.base_url)

    assert page.state == "confirming"
    assert has_status(opened.id, "PAID").captured_minor == 50_000


@pytest.mark.parametrize(
    "forged",
    [
        {"razorpay_signature": "0" * 64},
        {"razorpay_signature": "ÿ\x00"},
        {"razorpay_payment_id": "pay_another"},
    ],
)
def test_a_forged_success_changes_nothing_and_asks_nobody(
    opened: Payment, page_of: PageOf, sandbox: Sandbox, forged: dict[str, str]
) -> None:
    checkout = sandbox.pay(opened.provider_order_id)
    before = snapshot(opened.id)

    answer = _post(page_of(opened, "/callback"), checkout | forged)

    page = Page(answer)
    assert (page.status, page.heading) == (400, "This payment could not be confirmed")
    assert page.links["Back to the payment"] == f"/pay/{opened.id}?token={opened.page_token}"
    assert snapshot(opened.id) == before
    assert calls_to(sandbox, "GET", f"/payments/{checkout['razorpay_payment_id']}") == []


def test_the_signature_is_checked_with_the_order_that_is_stored_here(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    """Another payment's result is rightly signed, but for the other order."""
    other = stored(processed(customer, amount=1)["paymentId"])
    checkout = sandbox.pay(other.provider_order_id)
    before = [snapshot(opened.id), snapshot(other.id)]

    answers = [
        _post(page_of(opened, "/callback"), checkout),
        _post(page_of(opened, "/callback"), checkout | {"razorpay_order_id": opened.provider_order_id}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [snapshot(opened.id), snapshot(other.id)] == before


def test_a_signed_payment_that_the_provider_does_not_know_is_not_confirmed(
    opened: Payment, page_of: PageOf, sandbox: Sandbox
) -> None:
    signature = sandbox.sign_checkout(opened.provider_order_id, "pay_unknown")
    before = snapshot(opened.id)

    answer = _post(
        page_of(opened, "/callback"),
        {"razorpay_payment_id": "pay_unknown", "razorpay_signature": signature},
    )

    assert Page(answer).heading == "This payment could not be confirmed"
    assert answer.status_code == 400
    assert snapshot(opened.id) == before


def test_a_signed_payment_of_another_order_is_not_confirmed(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    other = sandbox.pay(processed(customer)["razorpayOrderId"])
    payment_id = other["razorpay_payment_id"]
    signature = sandbox.sign_checkout(opened.provider_order_id, payment_id)

    answer = _post(
        page_of(opened, "/callback"), {"razorpay_payment_id": payment_id, "razorpay_signature": signature}
    )

    assert Page(answer).heading == "This payment could not be confirmed"
    assert answer.status_code == 400
    payment = stored(opened.id)
    assert (payment.status, payment.captured_minor, payment.needs_review) == ("CREATED", 0, True)


def test_a_reported_failure_is_shown_in_our_words_and_stores_nothing(
    opened: Payment, page_of: PageOf, customer: Person
) -> None:
    before = snapshot(opened.id)

    page = _led_to(_post(page_of(opened, "/callback"), FAILURE), customer.api.base_url)

    assert (page.state, page.heading) == ("failed", "The payment did not go through")
    assert OWN_SENTENCE in page.text
    assert [word for word in ("+1 555", "alert(1)", "BAD_REQUEST") if word in page.answer.text] == []
    assert page.pay == "Try again"
    assert snapshot(opened.id) == before


def test_a_failure_that_the_provider_has_told_of_is_shown_in_its_words(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.deliveries(paused=False)
    error = sandbox.fail(opened.provider_order_id)
    has_status(opened.id, "FAILED")

    page = _led_to(_post(page_of(opened, "/callback"), FAILURE), customer.api.base_url)

    assert error["description"] in page.text
    assert OWN_SENTENCE not in page.text


def test_a_reported_failure_does_not_unmake_a_payment(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox
) -> None:
    _post(page_of(opened, "/callback"), sandbox.pay(opened.provider_order_id))
    has_status(opened.id, "PAID")
    before = snapshot(opened.id)

    page = _led_to(_post(page_of(opened, "/callback"), FAILURE), customer.api.base_url)

    assert page.state == "paid"
    assert snapshot(opened.id) == before


@pytest.mark.parametrize("fields", [{}, {"razorpay_payment_id": "pay_1"}, {"error": "1"}])
def test_a_callback_without_a_result_changes_nothing(
    opened: Payment, page_of: PageOf, fields: dict[str, str]
) -> None:
    before = snapshot(opened.id)

    answer = _post(page_of(opened, "/callback"), fields)

    assert (answer.status_code, Page(answer).heading) == (400, "This payment could not be confirmed")
    assert snapshot(opened.id) == before


def test_a_json_body_is_no_result(opened: Payment, page_of: PageOf, sandbox: Sandbox) -> None:
    checkout = sandbox.pay(opened.provider_order_id)
    before = snapshot(opened.id)

    answer = requests.post(page_of(opened, "/callback"), json=checkout, timeout=30)

    assert answer.status_code == 400
    assert snapshot(opened.id) == before


@pytest.mark.parametrize(("capture", "state"), [(True, "paid"), (False, "cancelled")])
def test_cancelled_meanwhile_money_that_was_taken_is_shown_and_other_money_goes_back(
    opened: Payment, page_of: PageOf, customer: Person, sandbox: Sandbox, capture: bool, state: str
) -> None:
    assert cancel(customer.api, opened.id).status_code == 200
    checkout = sandbox.pay(opened.provider_order_id, **({} if capture else {"capture": False}))

    page = _led_to(_post(page_of(opened, "/callback"), checkout), customer.api.base_url)

    assert page.state == state
    assert stored(opened.id).needs_review is True


def test_an_order_that_is_not_open_yet_has_nothing_to_call_back_about(
    keep: Callable[..., Payment], page_of: PageOf, sandbox: Sandbox
) -> None:
    payment = keep(opened=False)
    before = snapshot(payment.id)
    signature = sandbox.sign_checkout("None", "pay_1")

    answer = _post(
        page_of(payment, "/callback"), {"razorpay_payment_id": "pay_1", "razorpay_signature": signature}
    )

    assert answer.status_code == 400
    assert snapshot(payment.id) == before


@pytest.mark.parametrize(
    "fields",
    [{}, {"opened": False}, {"status": "CANCELLED"}, {"status": "PAID", "captured_minor": 50_000}],
)
def test_asking_again_for_an_order_that_is_not_missing_changes_nothing(
    keep: Callable[..., Payment], page_of: PageOf, fields: dict[str, Any]
) -> None:
    payment = keep(**fields)
    before = snapshot(payment.id)

    answer = _post(page_of(payment, "/open"), {})

    assert answer.headers["Location"] == f"/pay/{payment.id}?token={payment.page_token}"
    assert answer.status_code == 303
    assert snapshot(payment.id) == before
