"""The hosted checkout when something is wrong, and what its pages let a browser do."""

import pytest
import requests

from tests.sandbox.browser import CANCEL_URL, PATH, TIMEOUT, Page, attempt, opening, payments_of, post


@pytest.mark.parametrize(
    ("method", "entered", "text"),
    [
        ("upi", {"vpa": "nonsense"}, "Invalid VPA. Please enter a valid Virtual Payment Address"),
        ("card", {"number": "4111 1111 1111 1112"}, "its check digit is wrong"),
        ("card", {"expiry": "01/20"}, "expiry is in the past"),
    ],
)
def test_an_instrument_that_makes_no_sense_is_to_be_corrected_and_is_no_attempt(
    sandbox_server, method, entered, text
):
    order = sandbox_server.order()

    page = attempt(sandbox_server, post(sandbox_server, opening(order)), method, **entered)

    assert page.status == 200
    assert text in page.text
    assert {name: page.method(method)[f"pay[{name}]"] for name in entered} == entered
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key_id": "rzp_test_other"}, "The api key provided is invalid"),
        ({"key_id": None}, "The key_id field is required."),
        ({"amount": "149999"}, "Your payment amount is different from your order amount."),
        ({"amount": "1500.00"}, "The amount must be an integer."),
        ({"amount": None}, "The amount field is required."),
        ({"currency": "USD"}, "Your payment currency is different from your order currency."),
        ({"order_id": "order_AAAAAAAAAAAAAA"}, "The id provided does not exist"),
        ({"name": None}, "The name field is required."),
        ({"callback_url": None}, "The callback_url field is required."),
        ({"callback_url": "javascript:alert(1)"}, "The callback_url must be an http or https address."),
        ({"callback_url": "https://a.example;x"}, "The callback_url must be an http or https address."),
        ({"cancel_url": "data:text/html,x"}, "The cancel_url must be an http or https address."),
        ({"prefill": "Asha"}, "The prefill must be an object."),
        ({"notes[a]": "x" * 257}, "Notes validation failed."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [PATH, f"{PATH}/pay"])
def test_an_opening_that_makes_no_sense_is_a_page_that_says_why(sandbox_server, path, changes, text):
    order = sandbox_server.order()
    chosen = {"pay[method]": "upi", "pay[vpa]": "success@razorpay"}

    page = post(sandbox_server, {**chosen, **opening(order, **changes)}, path)

    assert (page.status, page.forms) == (400, [])
    assert text in page.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert sandbox_server.call("GET", f"/v1/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    ("capture", "text"),
    [(True, "the order is already paid"), (False, "Payment already done for this order.")],
)
def test_an_order_that_has_its_money_is_a_page_that_leads_back(sandbox_server, capture, text):
    order = sandbox_server.order()
    page = post(sandbox_server, opening(order))
    sandbox_server.pay(order["id"], capture=capture)

    again = [post(sandbox_server, opening(order)), attempt(sandbox_server, page, "upi")]

    assert [(one.status, one.forms, one.links) for one in again] == [(400, [], [CANCEL_URL])] * 2
    assert [text in one.text for one in again] == [True, True]
    assert len(payments_of(sandbox_server, order)) == 1


def test_only_a_failed_payment_of_the_order_can_be_given_up(sandbox_server):
    order, other = sandbox_server.order(), sandbox_server.order()
    error = sandbox_server.try_pay(other["id"], method="upi", vpa="failure@razorpay").json()["error"]
    foreign = error["metadata"]["payment_id"]

    pages = [
        post(sandbox_server, {**opening(order), **more}, f"{PATH}/give-up")
        for more in ({"payment_id": foreign}, {"payment_id": "pay_AAAAAAAAAAAAAA"}, {})
    ]

    assert [(page.status, page.forms) for page in pages] == [(400, [])] * 3


def test_what_the_merchant_says_is_text_and_never_markup(sandbox_server):
    order = sandbox_server.order()
    evil = '"><script>alert(1)</script>'

    opened = requests.post(
        sandbox_server.url + PATH,
        data=opening(
            order, name=evil, description=evil, **{"notes[child]": evil, "prefill[name]": evil, "image": evil}
        ),
        timeout=TIMEOUT,
    )

    assert "<script" not in opened.text
    assert Page(opened).method("upi")["name"] == evil
    paid = attempt(sandbox_server, Page(opened), "upi")
    assert paid.scripts == ["/sandbox/checkout/return.js"]
    assert payments_of(sandbox_server, order)[0]["notes"] == {"child": evil}


def test_the_pages_load_nothing_foreign_send_nothing_elsewhere_and_are_not_kept(sandbox_server):
    order = sandbox_server.order()

    chosen = post(sandbox_server, opening(order))
    left = attempt(sandbox_server, chosen, "upi")
    refused = post(sandbox_server, opening(order))

    policies = [page.headers["Content-Security-Policy"].split("; ") for page in (chosen, left, refused)]
    assert policies == [
        [
            "default-src 'none'", "style-src 'self'", f"script-src {script}", f"img-src {images}",
            f"form-action {action}", "base-uri 'none'", "frame-ancestors 'none'",
        ]
        for script, images, action in [
            ("'none'", "data: https://cdn.example", "'self'"),
            ("'self'", "data:", "http: https:"),
            ("'none'", "data:", "'none'"),
        ]
    ]  # fmt: skip
    for page in (chosen, left, refused):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "origin"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"


def test_the_stylesheet_and_the_script_are_served(sandbox_server):
    answers = [
        requests.get(f"{sandbox_server.url}/sandbox/checkout/{name}", timeout=TIMEOUT)
        for name in ("page.css", "return.js")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["Content-Type"] for answer in answers] == [
        "text/css; charset=utf-8", "text/javascript; charset=utf-8",
    ]  # fmt: skip
    assert "prefers-color-scheme: dark" in answers[0].text
    assert "document.forms[0].submit();" in answers[1].text


def test_only_a_posted_form_opens_the_checkout(sandbox_server):
    order = sandbox_server.order()

    got = requests.get(sandbox_server.url + PATH, params=opening(order), timeout=TIMEOUT)
    sent = requests.post(sandbox_server.url + PATH, json=opening(order), timeout=TIMEOUT)

    assert [answer.status_code for answer in (got, sent)] == [405, 415]
    assert [Page(answer).forms for answer in (got, sent)] == [[], []]


def test_the_checkout_is_no_call_of_the_api_and_meets_no_fault(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.control("POST", "/faults", {"endpoint": "*", "fault": "500"})

    page = post(sandbox_server, opening(order))

    assert page.status == 200
    assert [one["path"] for one in sandbox_server.control("GET", "/requests")["items"]] == ["/v1/orders"]
    assert sandbox_server.control("GET", "/faults")["count"] == 1
