"""What can be read on a receipt, and that no text on it can do anything but be printed."""

import hashlib
import os
import pickle
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from gateway.domain.receipt_contents import Issuer, ReceiptContents
from worker import receipt_fonts, receipt_pdf, receipt_wording

ROOT = Path(__file__).resolve().parents[2]

ISSUER = Issuer(
    name="Northwind Schools Ltd",
    address="12 Residency Road, Bengaluru",
    email="accounts@northwind.example",
    phone="+91 80 4000 1234",
)
PAYMENT = ReceiptContents(
    kind="PAYMENT_RECEIPT",
    number="RCP-2026-000123",
    issued_at=datetime(2026, 10, 5, 14, 3, 9, tzinfo=UTC),
    payment_id="pi_01JABCDEF0123456789",
    school_id="SCH-0042",
    order_id="order_NXhj67fGH2jk9m",
    provider_payment_id="pay_NXhkPq12AbCd34",
    payment_method="upi",
    status="PAID",
    purpose="School registration",
    currency="INR",
    amount_minor=25000,
    payment_amount_minor=25000,
    payer_name="Asha Kulkarni",
    payer_email="asha@example.com",
    issuer=ISSUER,
    created_at=datetime(2026, 10, 5, 13, 58, tzinfo=UTC),
    paid_at=datetime(2026, 10, 5, 14, 2, tzinfo=UTC),
)
REFUND = replace(
    PAYMENT,
    kind="REFUND_RECEIPT",
    number="RFD-2026-000007",
    issued_at=datetime(2026, 10, 7, 9, 31, tzinfo=UTC),
    payment_method="netbanking",
    status="PARTIAL_REFUND",
    amount_minor=10000,
    refund_id="rf_01JABCDEF",
    refund_status="PROCESSED",
    refund_reason="Seat not available",
    refunded_at=datetime(2026, 10, 7, 9, 30, tzinfo=UTC),
)
CANCELLATION = replace(
    PAYMENT,
    kind="CANCELLATION_RECEIPT",
    number="CAN-2026-000003",
    issued_at=datetime(2026, 10, 6, 8, 1, tzinfo=UTC),
    provider_payment_id=None,
    payment_method=None,
    status="CANCELLED",
    paid_at=None,
    cancelled_at=datetime(2026, 10, 6, 8, 0, tzinfo=UTC),
)
EVERY_KIND = pytest.mark.parametrize("contents", [PAYMENT, REFUND, CANCELLATION], ids=lambda c: c.kind)

HOSTILE_TEXTS = {
    "html": "<script>alert(1)</script><img src=x>",
    "markdown": "**bold** __under__ [link](http://a.example)",
    "web address": "http://169.254.169.254/latest/meta-data/",
    "file address": "file:///etc/passwd",
    "PDF syntax": ") Tj ET /URI (x) << >> \\",
    "page count": "Mr {nb} Pages",
    "accented Latin": "Ærøskøbing Łódź Ünïcödé",
    "Greek": "Ελλάδα",
    "Cyrillic": "Москва",
    "Devanagari": "क्षत्रिय श्रीमती शर्मा",
    "Tamil": "தமிழ்ச்செல்வி",
    "Telugu": "రామకృష్ణ",
    "Devanagari with a joiner": "ज्\u200dयोति",
    "Devanagari after Latin": "Shri शिक्षा मंडल",
}

ADDRESSES = [text for text in HOSTILE_TEXTS.values() if "/" in text]


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def text_of(contents: ReceiptContents) -> str:
    return "\n".join(pages(receipt_pdf.render(contents)))


def with_text(text: str) -> ReceiptContents:
    """A refund receipt, the longest kind, with the text in every place that people can write in."""
    return replace(
        REFUND,
        payer_name=text,
        payer_email=text,
        purpose=text,
        school_id=text,
        refund_reason=text,
        issuer=replace(ISSUER, name=text, address=text),
    )


def test_a_payment_receipt_says_what_was_paid_to_whom_and_how() -> None:
    text = text_of(PAYMENT)

    assert text.splitlines() == [
        "Payment receipt",
        "Receipt number RCP-2026-000123",
        "Date of issue 5 October 2026",
        "From",
        "Northwind Schools Ltd",
        "12 Residency Road, Bengaluru",
        "accounts@northwind.example",
        "+91 80 4000 1234",
        "To",
        "Asha Kulkarni",
        "asha@example.com",
        "Amount paid",
        "₹250.00",
        "Purpose School registration",
        "Payment date 5 October 2026, 14:02 UTC",
        "Payment method UPI",
        "Status PAID",
        "School ID SCH-0042",
        "Payment ID pi_01JABCDEF0123456789",
        "Order ID order_NXhj67fGH2jk9m",
        "Provider payment ID pay_NXhkPq12AbCd34",
        "Currency INR",
        "Amount paid ₹250.00",
        "This is a computer-generated receipt and needs no signature.",
        "Receipt RCP-2026-000123 · Northwind Schools Ltd",
    ]


def test_a_refund_receipt_shows_the_refund_beside_the_original_payment() -> None:
    lines = text_of(REFUND).splitlines()

    assert lines[0] == "Refund receipt"
    assert lines[11:-2] == [
        "Refund amount",
        "₹100.00",
        "The refund is credited to the original payment method within 5-7 working days.",
        "Purpose School registration",
        "Refund ID rf_01JABCDEF",
        "Refund status Processed",
        "Refund reason Seat not available",
        "Refund date 7 October 2026, 09:30 UTC",
        "Payment date 5 October 2026, 14:02 UTC",
        "Payment method Net banking",
        "Payment status PARTIAL_REFUND",
        "School ID SCH-0042",
        "Original payment ID pi_01JABCDEF0123456789",
        "Original order ID order_NXhj67fGH2jk9m",
        "Provider payment ID pay_NXhkPq12AbCd34",
        "Currency INR",
        "Original amount ₹250.00",
        "Refund amount ₹100.00",
    ]


def test_a_cancellation_receipt_says_that_no_money_was_taken() -> None:
    lines = text_of(CANCELLATION).splitlines()

    assert lines[0] == "Cancellation receipt"
    assert lines[11:-2] == [
        "Amount cancelled",
        "₹250.00",
        "This payment was cancelled before it was completed. No money was taken.",
        "Purpose School registration",
        "Payment requested 5 October 2026, 13:58 UTC",
        "Cancellation date 6 October 2026, 08:00 UTC",
        "Status CANCELLED",
        "School ID SCH-0042",
        "Payment ID pi_01JABCDEF0123456789",
        "Order ID order_NXhj67fGH2jk9m",
        "Currency INR",
        "Amount cancelled ₹250.00",
    ]


def test_what_is_not_known_is_left_out_with_its_label() -> None:
    sparse = replace(
        PAYMENT,
        school_id=None,
        order_id=None,
        provider_payment_id=None,
        payment_method=None,
        paid_at=None,
        payer_email="",
        issuer=Issuer(name="Northwind", address="", email="", phone=""),
    )

    text = text_of(sparse)

    assert text.splitlines() == [
        "Payment receipt",
        "Receipt number RCP-2026-000123",
        "Date of issue 5 October 2026",
        "From",
        "Northwind",
        "To",
        "Asha Kulkarni",
        "Amount paid",
        "₹250.00",
        "Purpose School registration",
        "Status PAID",
        "Payment ID pi_01JABCDEF0123456789",
        "Currency INR",
        "Amount paid ₹250.00",
        "This is a computer-generated receipt and needs no signature.",
        "Receipt RCP-2026-000123 · Northwind",
    ]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("upi", "UPI"),
        ("netbanking", "Net banking"),
        ("card", "Card"),
        ("wallet", "Wallet"),
        ("emi", "EMI"),
        ("cardless_emi", "Cardless EMI"),
        ("paylater", "Pay later"),
        ("bank_transfer", "Bank transfer"),
    ],
)
def test_the_payment_method_is_printed_in_readable_words(method: str, words: str) -> None:
    lines = text_of(replace(PAYMENT, payment_method=method)).splitlines()

    assert f"Payment method {words}" in lines


@pytest.mark.parametrize(
    ("amount_minor", "currency", "printed"),
    [
        (12345678900, "INR", "₹123,456,789.00"),
        (1050, "USD", "$10.50"),
        (1050, "EUR", "€10.50"),
        (1050, "GBP", "£10.50"),
        (500, "JPY", "¥500"),
        (12340, "KWD", "12.340 KWD"),
    ],
)
def test_amounts_are_printed_with_the_symbol_and_the_decimals_of_the_currency(
    amount_minor: int, currency: str, printed: str
) -> None:
    lines = text_of(replace(PAYMENT, amount_minor=amount_minor, currency=currency)).splitlines()

    assert lines.count(printed) == 1
    assert f"Amount paid {printed}" in lines
    assert f"Currency {currency}" in lines


def test_times_of_another_zone_are_printed_in_utc() -> None:
    after_midnight_in_india = datetime(2026, 10, 5, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    lines = text_of(
        replace(PAYMENT, issued_at=after_midnight_in_india, paid_at=after_midnight_in_india)
    ).splitlines()

    assert "Date of issue 4 October 2026" in lines
    assert "Payment date 4 October 2026, 19:00 UTC" in lines


@EVERY_KIND
def test_every_kind_is_one_small_a4_page(contents: ReceiptContents) -> None:
    pdf = receipt_pdf.render(contents)

    reader = PdfReader(BytesIO(pdf))
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    assert len(pdf) < 60_000


@EVERY_KIND
def test_the_document_names_its_title_author_language_and_date(contents: ReceiptContents) -> None:
    reader = PdfReader(BytesIO(receipt_pdf.render(contents)))

    assert reader.metadata is not None
    assert reader.metadata.title == f"{receipt_wording.TITLES[contents.kind]} {contents.number}"
    assert reader.metadata.author == "Northwind Schools Ltd"
    assert reader.metadata.creation_date == contents.issued_at
    assert reader.root_object["/Lang"] == "en"


@EVERY_KIND
def test_rendering_again_gives_the_same_bytes_whatever_was_rendered_in_between(
    contents: ReceiptContents,
) -> None:
    first = receipt_pdf.render(contents)
    receipt_pdf.render(with_text("राधा مدرسة"))

    assert receipt_pdf.render(contents) == first


def test_another_process_on_another_day_in_another_country_gives_the_same_bytes() -> None:
    receipts = [PAYMENT, REFUND, CANCELLATION, with_text("राधा مدرسة")]
    here = hashlib.sha256(b"".join(map(receipt_pdf.render, receipts))).hexdigest()

    elsewhere = [
        digest_in_fresh_process(receipts, {"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata"}),
        digest_in_fresh_process(receipts, {"PYTHONHASHSEED": "2", "TZ": "America/Lima", "LC_ALL": "C"}),
    ]

    assert elsewhere == [here, here]


def digest_in_fresh_process(receipts: list[ReceiptContents], environment: dict[str, str]) -> str:
    program = (
        "import hashlib, pickle, sys, time\n"
        "now = time.time\n"
        "time.time = lambda: now() + 400 * 86400\n"
        "from worker import receipt_pdf\n"
        "pdfs = map(receipt_pdf.render, pickle.load(sys.stdin.buffer))\n"
        "sys.stdout.write(hashlib.sha256(b''.join(pdfs)).hexdigest())\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(receipts),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
        check=True,
    )
    return finished.stdout.decode()


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
def test_any_text_is_printed_as_it_stands(text: str, caplog: pytest.LogCaptureFixture) -> None:
    printed = text_of(with_text(text))

    # Long texts are printed on two lines in the narrow columns; these are the wide ones.
    assert f"Purpose {text}" in printed
    assert f"Refund reason {text}" in printed
    assert f"School ID {text}" in printed
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("two\r\nlines\tand\u2028more", "two lines and more"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        ("pay\u202egnp.exe", "paygnp.exe"),
        ("half \ud83d pair", "half � pair"),
        ("Kannada ಕನ್ನಡ", "Kannada �����"),
        ("emoji 👨\u200d👩\u200d👧 ❤️", "emoji ��� �"),
        ("Chinese 学校", "Chinese ��"),
        ("private \ue123\U000f0000", "private �"),
    ],
)
def test_what_cannot_be_printed_is_cleaned_or_replaced(
    text: str, printed: str, caplog: pytest.LogCaptureFixture
) -> None:
    cleaned = receipt_fonts.printable(text)
    text_on_page = text_of(replace(PAYMENT, purpose=text))

    assert cleaned == printed
    assert f"Purpose {printed}" in text_on_page
    assert caplog.records == []


def test_no_more_than_four_accents_are_stacked_on_a_letter() -> None:
    assert receipt_fonts.printable("a" + "\u0330" * 300 + "b") == "a" + "\u0330" * 4 + "b"


@pytest.mark.parametrize(
    "text",
    ["x" * 10_000, "long words " * 1000, "नमस्ते" * 2000, "مدرسة " * 2000, "\u0301" * 10_000, "<" * 10_000],
    ids=["Latin", "words", "Devanagari", "Arabic", "accents", "brackets"],
)
def test_a_text_of_ten_thousand_letters_is_clipped(text: str) -> None:
    printed = pages(receipt_pdf.render(with_text(text)))

    assert len(printed) <= 2
    assert len("".join(printed)) < 5_000
    assert "Refund amount ₹100.00" in printed[-1]


def test_a_clipped_text_ends_after_three_lines_with_an_ellipsis() -> None:
    lines = text_of(replace(PAYMENT, purpose="long words " * 1000)).splitlines()

    start = lines.index("₹250.00") + 1
    assert lines[start].startswith("Purpose long words long words")
    assert lines[start + 2].endswith("words…")
    assert lines[start + 3] == "Payment date 5 October 2026, 14:02 UTC"


def test_an_arabic_name_is_shaped_with_its_vowel_signs_in_one_piece() -> None:
    pieces = list(receipt_fonts.runs("مُحَمَّد"))

    assert [text for text, _ in pieces] == ["مُحَمَّد"]
    assert pieces[0][1].family == "NotoSansArabic"


def test_scripts_are_shaped_apart_even_in_one_font() -> None:
    pieces = receipt_fonts.runs("Shri शिक्षा (12) Москва")

    assert [text for text, _ in pieces] == ["Shri ", "शिक्षा (12) ", "Москва"]


def test_an_arabic_name_is_printed_with_joined_letters() -> None:
    alone = receipt_pdf.render(replace(PAYMENT, payer_name="م ح م د"))
    joined = receipt_pdf.render(replace(PAYMENT, payer_name="محمد"))

    # The letter has one form by itself, and two in the name: one that begins it, one inside it.
    assert forms_of("م", alone, "NotoSansArabic-Bold") == 1
    assert forms_of("م", joined, "NotoSansArabic-Bold") == 2


def forms_of(letter: str, pdf: bytes, font_name: str) -> int:
    """How many glyphs of the embedded font stand for the letter."""
    fonts: Any = PdfReader(BytesIO(pdf)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    font = next(font for font in map(fonts.get, fonts) if font["/BaseFont"].endswith(font_name))
    return font["/ToUnicode"].get_data().count(b"<%04X>\n" % ord(letter))


@pytest.mark.parametrize("text", ADDRESSES)
def test_nothing_on_a_receipt_can_be_clicked_run_or_opened(text: str) -> None:
    pdf = receipt_pdf.render(with_text(text))

    reader = PdfReader(BytesIO(pdf))
    assert [page.get("/Annots") for page in reader.pages] == [None] * len(reader.pages)
    assert reader.attachments == {}
    assert reader.root_object.keys() <= {"/Type", "/Pages", "/Lang", "/OpenAction", "/PageLayout"}
    assert reader.root_object["/OpenAction"][1] == "/FitH"  # type: ignore[index]


def test_nothing_is_fetched_or_read_for_an_address_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt_pdf.warm_up()
    receipt_pdf.render(PAYMENT)
    touched: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *args, **_: touched.append(args))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: touched.append(args))
    monkeypatch.setattr("builtins.open", lambda *args, **_: touched.append(args))

    receipt_pdf.render(with_text("http://169.254.169.254/ file:///etc/passwd <img src=/etc/passwd>"))

    assert touched == []
