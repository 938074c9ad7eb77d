"""The receipt: when the payment's page offers it, and what comes while it is being made."""

from collections.abc import Callable

from gateway.domain import receipts
from gateway.domain.context import utc_now
from gateway.domain.models import Payment, Receipt, ReceiptRef
from tests.conftest import Stack
from tests.support.client import Person, Sandbox, snapshot, stored
from tests.support.pages import Browser
from tests.support.second_door import paid
from tests.support.steps import pdf_lines
from tests.support.waiting import wait_until

Keep, PageOf = Callable[..., Payment], Callable[..., str]
DOWNLOAD, CHECK = "Download the receipt (PDF)", "Check now"
BEING_MADE = "The receipt is being made. It can be downloaded here in a moment."


def _paid_a_moment_ago(keep: Keep, *, stored: bool) -> tuple[Payment, ReceiptRef]:
    """Keep a payment whose receipt is owed, and that no worker will make."""
    ref = ReceiptRef(
        id=f"receipt-{stored}-{utc_now().timestamp()}",
        number=f"RCP_{utc_now().timestamp()}",
        kind="PAYMENT_RECEIPT",
        issued_at=utc_now(),
        stored=stored,
    )
    payment = keep(status="PAID", captured_minor=50_000, paid_at=utc_now(), receipts=[ref])
    return payment, ref


def test_a_receipt_is_offered_once_it_is_there(
    browser: Browser, customer: Person, sandbox: Sandbox, stack: Stack, page_of: PageOf
) -> None:
    payment = stored(paid(customer, sandbox))
    (ref,) = payment.receipts
    wait_until(lambda: receipts.rendered(ref.id), "the receipt's PDF")

    page = browser.open(page_of(payment))

    assert (page.state, page.refresh_seconds, CHECK in page.links) == ("paid", None, False)
    answer = browser.http.get(stack.api_url + page.links[DOWNLOAD], timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{ref.number}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert ref.number in " ".join(pdf_lines(answer.content))


def test_while_it_is_being_made_both_pages_say_so_and_look_again(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    payment, ref = _paid_a_moment_ago(keep, stored=True)

    page = browser.open(page_of(payment))
    early = browser.open(page_of(payment, "/receipt"))
    Receipt(
        id=ref.id,
        payment_id=payment.id,
        kind=ref.kind,
        number=ref.number,
        contents="{}",
        pdf=b"%PDF-1",
        rendered_at=utc_now(),
    ).save(force_insert=True)
    again = browser.http.get(page_of(payment, "/receipt"), timeout=30)

    assert (page.state, page.refresh_seconds) == ("paid", 2)
    assert BEING_MADE in page.text
    assert DOWNLOAD not in page.links
    assert page.rows["Receipt"] == ref.number
    assert (early.status, early.heading, early.refresh_seconds) == (202, "Your receipt is being made", 2)
    assert early.links[CHECK] == f"/pay/{payment.id}/receipt?token={payment.page_token}"
    assert early.links["Back to the payment"] == f"/pay/{payment.id}?token={payment.page_token}"
    assert (again.status_code, again.content) == (200, b"%PDF-1")
    assert DOWNLOAD in browser.open(page_of(payment)).links


def test_a_receipt_that_is_only_owed_is_being_made_too(browser: Browser, keep: Keep, page_of: PageOf) -> None:
    payment, _ = _paid_a_moment_ago(keep, stored=False)

    assert browser.open(page_of(payment)).refresh_seconds == 2
    assert browser.open(page_of(payment, "/receipt")).status == 202


def test_there_is_none_before_it_is_paid(browser: Browser, keep: Keep, page_of: PageOf) -> None:
    payment = keep()
    before = snapshot(payment.id)

    page = browser.open(page_of(payment, "/receipt"))

    assert (page.status, page.heading) == (404, "This page does not exist")
    assert snapshot(payment.id) == before


def test_the_receipt_of_a_cancellation_is_not_the_payments(
    browser: Browser, keep: Keep, page_of: PageOf
) -> None:
    ref = ReceiptRef(id="c1", number="CAN_1", kind="CANCELLATION_RECEIPT", issued_at=utc_now(), stored=True)
    payment = keep(status="CANCELLED", receipts=[ref])

    assert browser.open(page_of(payment, "/receipt")).status == 404
    assert "Receipt" not in browser.open(page_of(payment)).rows
