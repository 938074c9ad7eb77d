"""What every page tells the browser, what an error looks like, and that no text in a page becomes HTML."""

import random
from collections.abc import Callable

import pytest
import requests

from dev import ports
from gateway.domain.models import Payment, UpiCollect
from tests.conftest import Stack
from tests.support.domain import NOW
from tests.support.kept_payments import STATES
from tests.support.pages import Browser, Page
from tests.support.waiting import wait_until

Keep, PageOf = Callable[..., Payment], Callable[..., str]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
SCRIPT = "<script>alert(1)</script>\"'><b>&{{7*7}}{amount}"
PAGES_LIMIT = 4
SECONDS_MAX = 6


def _check_headers(answer: requests.Response, policy: str = POLICY, referrer: str = "no-referrer") -> None:
    headers = answer.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"] == policy
    assert headers["Referrer-Policy"] == referrer
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-ID"]
    assert "Set-Cookie" not in headers


def _check_error(answer: requests.Response, status: int, heading: str) -> None:
    page = Page(answer)
    assert (page.status, page.heading, page.forms) == (status, heading, [])
    assert page.title.startswith(f"{heading} – ")


def test_a_page_may_load_the_providers_script_and_window_only_to_pay_with(
    stack: Stack, keep: Keep, page_of: PageOf
) -> None:
    payable = requests.get(page_of(keep()), timeout=30)
    others = [
        requests.get(page_of(keep(**STATES["paid"]())), timeout=30),
        requests.get(page_of(keep(**STATES["expired"]())), timeout=30),
        requests.get(page_of(keep(), "/card"), timeout=30),
        requests.get(f"{page_of(keep())}x", timeout=30),
        requests.get(f"{stack.api_url}/pay/1/2/3", timeout=30),
        requests.post(page_of(keep(), "/callback"), timeout=30),
        requests.put(page_of(keep()), timeout=30),
    ]

    policy = POLICY.replace("script-src 'self'", f"script-src 'self' {stack.sandbox_url}")
    policy = policy.replace("form-action 'self'", f"form-action 'self' {stack.api_url}")
    _check_headers(payable, f"{policy}; frame-src {stack.sandbox_url}", referrer="strict-origin")
    assert [answer.status_code for answer in others] == [200, 200, 200, 404, 404, 400, 405]
    for answer in others:
        _check_headers(answer)


def test_the_real_script_gets_what_it_needs_and_no_more(start_web: Callable[..., str], keep: Keep) -> None:
    address = "https://checkout.razorpay.com/v1/checkout.js"
    web = start_web(CHECKOUT_SCRIPT_URL=address, PUBLIC_URL="https://payments.example.com")
    payment = keep()

    page = Page(requests.get(f"{web}/pay/{payment.id}?token={payment.page_token}", timeout=30))

    assert page.script_url == address
    policy = page.answer.headers["Content-Security-Policy"]
    directives = dict(each.split(" ", 1) for each in policy.split("; "))
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self' https://checkout.razorpay.com https://cdn.razorpay.com",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: https://cdn.razorpay.com",
        "connect-src": "'self' https://api.razorpay.com https://checkout.razorpay.com"
        " https://lumberjack.razorpay.com https://lumberjack-cx.razorpay.com"
        " https://lumberjack-metrics.razorpay.com",
        "form-action": "'self' https://payments.example.com https://api.razorpay.com",
        "frame-src": "https://api.razorpay.com https://checkout.razorpay.com"
        " upi: intent: gpay: tez: phonepe: paytmmp: bhim: credpay:",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "object-src": "'none'",
    }


def test_the_password_page_may_only_post_here(stack: Stack) -> None:
    _check_headers(requests.get(f"{stack.api_url}/password/reset?token=x", timeout=30))
    _check_headers(requests.get(f"{stack.api_url}/password", timeout=30))


def test_a_redirect_says_the_same_and_holds_nothing_more(keep: Keep, page_of: PageOf) -> None:
    payment = keep()

    answer = requests.post(
        page_of(payment, "/callback"), data={"error[code]": "x"}, timeout=30, allow_redirects=False
    )

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/pay/{payment.id}?token={payment.page_token}&result=failed"
    _check_headers(answer)


def test_files_are_kept_for_as_long_as_their_address_is_the_same(
    browser: Browser, stack: Stack, keep: Keep, page_of: PageOf
) -> None:
    page = browser.open(page_of(keep()))
    paths = [*page.stylesheets, *page.scripts]
    assert [path.rsplit("/", 1)[1] for path in paths] == ["page.css", "pay.js"]

    for path in paths:
        name = path.rsplit("/", 1)[1]
        this, other = requests.get(stack.api_url + path), requests.get(f"{stack.api_url}/assets/other/{name}")

        assert this.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert other.headers["Cache-Control"] == "no-cache"
        assert this.headers["X-Content-Type-Options"] == "nosniff"
        assert this.text == other.text
        assert "http" not in this.text


def test_a_file_that_does_not_exist_is_not_found(stack: Stack) -> None:
    for name in ("other.js", "..%2Fsite.py", "site.py"):
        assert requests.get(f"{stack.api_url}/assets/other/{name}", timeout=30).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"description": SCRIPT},
        {"status": "FAILED", "failure_reason": SCRIPT},
        {"user_email": SCRIPT, "payer_phone": SCRIPT},
        {"captured_minor": 1, "status": "PAID", "paid_at": NOW, "payment_method": SCRIPT},
        {"upi_collect": UpiCollect(id="1", vpa=f"a@{SCRIPT}", requested_at=NOW, asked_at=NOW)},
    ],
)
def test_nothing_that_somebody_wrote_becomes_html(
    browser: Browser, keep: Keep, page_of: PageOf, fields: dict[str, object]
) -> None:
    page = browser.open(page_of(keep(**fields)))

    assert page.status == 200
    assert "b" not in page.tags
    assert page.answer.text.count("<script") == 1
    assert page.scripts[0].endswith("/pay.js")
    prefilled = page.checkout.get("prefill", {})
    written = [page.text, page.checkout.get("description", ""), *prefilled.values()]
    assert any(SCRIPT in text for text in written)


def test_errors_are_pages_too(stack: Stack, keep: Keep, page_of: PageOf) -> None:
    address = page_of(keep())
    broken = page_of(_broken(keep))

    _check_error(requests.get(f"{address}x", timeout=30), 404, "This page does not exist")
    _check_error(requests.get(f"{stack.api_url}/pay", timeout=30), 404, "This page does not exist")
    _check_error(requests.get(f"{stack.api_url}/password/x", timeout=30), 404, "This page does not exist")
    _check_error(requests.delete(address, timeout=30), 405, "This page cannot be opened like this")
    _check_error(requests.get(page_of(keep(), "/callback")), 405, "This page cannot be opened like this")
    _check_error(requests.get(broken, timeout=30), 500, "Something went wrong")


def _broken(keep: Keep) -> Payment:
    """Keep a payment that no page can show."""
    payment = keep()
    Payment._get_collection().update_one({"_id": payment.id}, {"$set": {"amount_minor": "not a number"}})
    return payment


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_the_limit_is_refused_as_a_page(keep: Keep, page_of: PageOf, is_chunked: bool) -> None:
    body = b"error[code]=" + b"x" * (64 * 1024)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = requests.post(
        page_of(keep(), "/callback"), data=iter([body]) if is_chunked else body, headers=kind, timeout=30
    )

    _check_error(answer, 413, "That was too much")


def test_a_page_that_is_asked_for_too_often_is_refused_as_a_page_and_counts_apart(
    start_web: Callable[..., str], keep: Keep
) -> None:
    limit = {"RATELIMIT_PAGES": f"{PAGES_LIMIT} per 15 minutes", "RATELIMIT_API": "3 per 15 minutes"}
    web = start_web(RATELIMIT_ENABLED="true", TRUSTED_PROXY_COUNT="1", **limit)
    payment = keep()
    session = requests.Session()
    session.headers["X-Forwarded-For"] = f"2001:db8::{random.randrange(16**4):x}:{random.randrange(16**4):x}"

    address = f"{web}/pay/{payment.id}"
    spent = [
        session.get(address, params={"token": payment.page_token}, timeout=30),
        session.get(address, params={"token": "wrong"}, timeout=30),
        session.post(f"{address}/callback", timeout=30),
        session.get(f"{web}/password/reset", timeout=30),
    ]
    refused = session.get(address, params={"token": payment.page_token}, timeout=30)
    stylesheet = session.get(web + Page(spent[0]).stylesheets[0], timeout=30)
    api = session.get(f"{web}/api/user/me", timeout=30)

    assert [answer.headers["RateLimit-Remaining"] for answer in spent] == ["3", "2", "1", "0"]
    _check_error(refused, 429, "Too many requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60 + 1
    assert stylesheet.status_code == 200
    assert "RateLimit-Limit" not in stylesheet.headers
    assert (api.status_code, api.headers["RateLimit-Remaining"]) == (401, "2")


def test_without_the_database_there_is_a_page_that_says_so(start_web: Callable[..., str]) -> None:
    away = f"mongodb://127.0.0.1:{ports.free_port()}/payments"
    web = start_web(MONGODB_URI=away, MONGODB_TIMEOUT_MS="500")

    answers = [
        requests.get(f"{web}/pay/1?token=x", timeout=30),
        requests.post(f"{web}/pay/1/callback?token=x", timeout=30),
        requests.get(f"{web}/password/reset?token=x", timeout=30),
    ]

    for answer in answers:
        _check_error(answer, 503, "Not available right now")
        assert answer.headers["Retry-After"] == "5"
        assert answer.elapsed.total_seconds() < SECONDS_MAX


def test_a_payments_token_is_in_no_log(stack: Stack, keep: Keep, page_of: PageOf) -> None:
    payment = _broken(keep)
    paths = ("", "/card", "/receipt", "/nothing")

    statuses = [requests.get(page_of(payment, path), timeout=30).status_code for path in paths]
    posted = requests.post(page_of(payment, "/callback"), data={"razorpay_signature": "x"}, timeout=30)
    mark = f"after-{payment.id}"
    requests.get(f"{stack.api_url}/healthz", headers={"X-Request-ID": mark}, timeout=30)

    logs = stack.directory / "logs"
    wait_until(lambda: mark in (logs / "web.log").read_text(errors="replace"), "the last line of the log")
    assert (statuses, posted.status_code) == ([500, 500, 404, 404], 400)
    assert [
        path.name for path in logs.iterdir() if payment.page_token in path.read_text(errors="replace")
    ] == []
