"""Row 25: the renderer of receipts raises; names and notes hold markup, addresses of files
and of inner networks, other scripts, pictures, or ten thousand letters; a receipt is downloaded before it
is ready, or its PDF is lost. Others are rendered meanwhile, nothing is fetched or read, the download says
when to come again, and a receipt that is rendered again has the same bytes.

What the renderer itself makes of every text is in tests/worker/test_receipt_pdf.py. Being killed, as a
process without memory is, at any point of rendering, is in row 22.
"""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.models import Receipt, Work
from gateway.domain.work import RENDER_RECEIPT
from tests.conftest import Stack
from tests.support.client import PASSWORD, Api, PaidOrder, Person, Sandbox, log_in, paid_order
from tests.support.http_answers import answering, http
from tests.support.queue import LONG_AGO, make_due
from tests.support.shapes import refused
from tests.support.steps import pdf_lines
from tests.support.waiting import wait_until

FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


def forget_pdf(receipt_id: str, *, due_at: datetime) -> None:
    """Lose a receipt's PDF, so that it is rendered anew at this time."""
    # A worker that is about to write it would write it afterwards.
    wait_until(lambda: Receipt.objects.get(id=receipt_id).rendered_at, "the PDF")
    Receipt.objects(id=receipt_id).update_one(
        inc__version=1,
        unset__pdf=True,
        unset__pdf_sha256=True,
        unset__rendered_at=True,
        set__work=Work(kind=RENDER_RECEIPT, due_at=due_at),
    )


def test_rendering_again_gives_the_same_bytes_and_hash(customer: Person, paid: PaidOrder) -> None:
    before = customer.api.download(paid.receipt).content
    digest = Receipt.objects.get(id=paid.receipt["id"]).pdf_sha256
    forget_pdf(paid.receipt["id"], due_at=LONG_AGO)

    after = customer.api.download(paid.receipt)

    assert after.status_code == 200
    assert after.content == before
    assert Receipt.objects.get(id=paid.receipt["id"]).pdf_sha256 == digest
    assert digest == hashlib.sha256(before).hexdigest()


def test_a_receipt_that_is_not_rendered_yet_is_a_202_with_its_number(hasty: Api, paid: PaidOrder) -> None:
    forget_pdf(paid.receipt["id"], due_at=FAR_AWAY)

    answer = hasty.get(paid.receipt["downloadUrl"])

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "1"
    assert answer.json() == {
        "success": True,
        "data": {"receipt": paid.receipt},
        "message": "The receipt is being rendered",
    }
    make_due(Receipt.objects.get(id=paid.receipt["id"]))
    wait_until(lambda: hasty.get(paid.receipt["downloadUrl"]).status_code == 200, "the PDF")


def test_every_process_has_every_receipt(customer: Person, hasty: Api, paid: PaidOrder) -> None:
    here = customer.api.download(paid.receipt)

    there = hasty.get(paid.receipt["downloadUrl"])

    assert (there.status_code, there.content) == (200, here.content)


def test_a_receipt_that_cannot_be_rendered_holds_no_other_up_and_is_rendered_once_it_can_be(
    customer: Person, hasty: Api, sandbox: Sandbox, paid: PaidOrder
) -> None:
    before = customer.api.download(paid.receipt).content
    receipt_id = paid.receipt["id"]
    contents = Receipt.objects.get(id=receipt_id).contents
    # No code of ours writes such contents; a mistake by hand in the database does.
    Receipt.objects(id=receipt_id).update_one(set__contents='{"issuer": {}}')
    forget_pdf(receipt_id, due_at=LONG_AGO)
    failed = wait_until(
        lambda: Receipt.objects(id=receipt_id, work__last_error__exists=True).first(), "a try that fails"
    )

    other = paid_order(customer, sandbox)
    meanwhile = customer.api.download(other.receipt).status_code
    waiting = hasty.get(paid.receipt["downloadUrl"])
    Receipt.objects(id=receipt_id).update_one(set__contents=contents)
    make_due(Receipt.objects.get(id=receipt_id))

    assert (failed.work.last_error, failed.rendered_at) == ("TypeError", None)
    assert (meanwhile, waiting.status_code, waiting.headers["Retry-After"]) == (200, 202, "1")
    assert customer.api.download(paid.receipt).content == before


def somebody_called(stack: Stack, name: str) -> Person:
    """Return a fresh customer of this name."""
    email = f"{uuid.uuid4().hex}@example.com"
    account = {"name": name, "email": email, "password": PASSWORD, "phoneNumber": "+919000000001"}
    assert Api(stack.api_url).post("/api/user/register", account).status_code == 201
    return log_in(stack.api_url, email, PASSWORD)


def printed(person: Person, sandbox: Sandbox, purpose: str) -> str:
    """Pay for something and return the text on the receipt, without the breaks between lines."""
    order = person.api.create_order(person.school_id, 250, notes={"purpose": purpose}).json()["data"]["order"]
    verified = person.api.verify(sandbox.pay(order["id"])).json()["data"]
    lines = pdf_lines(person.api.download(verified["receipt"]).content)
    assert "₹250.00" in lines
    return "".join("".join(lines).split())


@pytest.mark.parametrize(
    "text",
    ['<img src="{url}/x.png">', "![x]({url}/y.png)", "file:///etc/passwd"],
    ids=["markup", "Markdown", "a file"],
)
def test_markup_and_addresses_are_printed_and_nothing_is_fetched(
    stack: Stack, sandbox: Sandbox, text: str
) -> None:
    with answering(lambda request: http(200, "{}")) as listener:
        harmful = text.format(url=listener.base_url)

        page = printed(somebody_called(stack, harmful), sandbox, harmful)

        assert page.count("".join(harmful.split())) == 2
        assert listener.requests == []
    assert "root:" not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/"),
        ("مدرسة الأمل", ""),
        ("Asha \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe", "Ashagnp.exe"),
        ("Fee \N{MONEY WITH WINGS}\N{SCHOOL}", "Fee\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ("ನಮಸ್ಕಾರ", "\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["metadata", "Arabic", "turned round", "pictures", "a script without a font"],
)
def test_any_text_leaves_the_receipt_a_page_that_says_what_was_paid(
    customer: Person, sandbox: Sandbox, text: str, shown: str
) -> None:
    assert shown in printed(customer, sandbox, text)


def test_ten_thousand_letters_are_refused_where_they_come_in(customer: Person, anonymous: Api) -> None:
    account: dict[str, Any] = {
        "email": "long@example.com",
        "password": PASSWORD,
        "phoneNumber": "+919000000001",
    }

    order = customer.api.create_order(customer.school_id, notes={"purpose": "x" * 10_000})
    name = anonymous.post("/api/user/register", account | {"name": "x" * 10_000})

    assert set(refused(order, 400, "VALIDATION_ERROR")) == {"notes.purpose"}
    assert set(refused(name, 400, "VALIDATION_ERROR")) == {"name"}
