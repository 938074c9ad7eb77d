"""Draws a receipt as a PDF: an A4 page with the same bytes for the same contents, in any process and on
any day. Decides only how a receipt looks; what it says was fixed when it was issued.

The only module that imports fpdf2. Every text is printed as it stands: no HTML, no Markdown, no links,
and nothing is ever fetched.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import uharfbuzz as hb
from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import HarfBuzzFont, TTFFont
from fpdf.line_break import Fragment

from gateway.domain import money
from gateway.domain.receipt_contents import Issuer, ReceiptContents
from worker import receipt_fonts, receipt_wording
from worker.receipt_fonts import ELLIPSIS

# Millimetres, on A4.
MARGIN = 22.0
WIDTH = 210.0 - 2 * MARGIN
PARTY_WIDTH = WIDTH / 2 - 6
VALUE_X = MARGIN + 52.0
VALUE_WIDTH = MARGIN + WIDTH - VALUE_X
ROW_PADDING = 1.6
FOOTER_TOP = 297.0 - 25.0

INK = (26, 31, 54)
GREY = (105, 115, 134)
RULE = (218, 223, 230)

LINES_MAX = 3


class Style(NamedTuple):
    """How a text is set. size is in points, height is that of a line in millimetres."""

    size: float = 9.5
    weight: str = ""
    color: tuple[int, int, int] = INK
    height: float = 5.0


BODY = Style()
STRONG = Style(weight="B")
LABEL = Style(color=GREY)
SMALL = Style(size=8.5, color=GREY)
TITLE = Style(size=20, weight="B", height=10)
AMOUNT = Style(size=28, weight="B", height=14)

WEIGHTS = {"": 400, "B": 700}
FAMILY = receipt_fonts.TYPEFACES[0].family

# What our own words and the amounts are made of.
OWN_CHARACTERS = {chr(code) for code in range(0x20, 0x7F)} | {*money.SYMBOLS.values(), ELLIPSIS, "·"}

# The tables by which a font is shaped, and the classes of characters that run from right to left.
LAYOUT_TABLES = {"GSUB", "GPOS", "GDEF"}
RIGHT_TO_LEFT = {"R", "AL", "AN"}

Record = TypeVar("Record", ReceiptContents, Issuer)


def render(contents: ReceiptContents) -> bytes:
    """Return the receipt as a PDF. Writes nothing; safe to repeat, with the same bytes every time."""
    contents = replace(_cleaned(contents), issuer=_cleaned(contents.issuer))
    title = receipt_wording.TITLES[contents.kind]
    sheet = _Sheet(_characters(contents), f"Receipt {contents.number} · {contents.issuer.name}")
    sheet.set_title(f"{title} {contents.number}")
    sheet.set_author(contents.issuer.name)
    sheet.set_lang("en")
    sheet.set_creation_date(contents.issued_at.astimezone(UTC))

    sheet.add_page()
    sheet.put(title, TITLE)
    sheet.ln(3)
    sheet.pair("Receipt number", contents.number)
    sheet.pair("Date of issue", receipt_wording.date(contents.issued_at))
    sheet.ln(8)
    _draw_parties(sheet, contents)
    _draw_amount(sheet, contents)
    for label, value in receipt_wording.rows(contents):
        if value:
            sheet.ruled_pair(
                label, value, STRONG if label == receipt_wording.AMOUNT_LABELS[contents.kind] else BODY
            )
    return bytes(sheet.output())


def warm_up() -> None:
    """Load the fonts, so that the first receipt is as fast as the others. For the worker's start."""
    receipt_fonts.warm_up()


def _draw_parties(sheet: "_Sheet", contents: ReceiptContents) -> None:
    issuer = contents.issuer
    top = sheet.get_y()
    sheet.party("From", issuer.name, [issuer.address, issuer.email, issuer.phone], x=MARGIN)
    bottom = sheet.get_y()
    sheet.set_y(top)
    if contents.payer_name:
        sheet.party("To", contents.payer_name, [contents.payer_email], x=MARGIN + WIDTH / 2)
    sheet.set_y(max(bottom, sheet.get_y()) + 10)


def _draw_amount(sheet: "_Sheet", contents: ReceiptContents) -> None:
    sheet.put(receipt_wording.AMOUNT_LABELS[contents.kind], LABEL)
    sheet.put(receipt_wording.amount(contents), AMOUNT)
    if contents.kind in receipt_wording.NOTES:
        sheet.ln(1)
        sheet.put(receipt_wording.NOTES[contents.kind])
    sheet.ln(7)


def _cleaned(record: Record) -> Record:
    """Return the record with every text made printable, so that nothing after this has to care."""
    texts: dict[str, Any] = {name: receipt_fonts.printable(text) for name, text in _texts(record)}
    return replace(record, **texts)


def _characters(contents: ReceiptContents) -> set[str]:
    """Return every character the receipt may print: those of its texts, and those of our own words."""
    texts = [text for record in (contents, contents.issuer) for _, text in _texts(record)]
    return set("".join(texts)) | OWN_CHARACTERS


def _texts(record: ReceiptContents | Issuer) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in vars(record).items() if isinstance(value, str))


class _Glyph(NamedTuple):
    """What fpdf2 reads of a shaped glyph: its number in the font and the text index it stands for."""

    codepoint: int
    cluster: int


class _Font(TTFFont):
    """A font made in memory; fpdf2 by itself only reads fonts from files."""

    def __init__(self, sheet: FPDF, family: str, style: str, data: bytes) -> None:
        # Anything that opens like a file will do, though fpdf2 declares a path.
        super().__init__(sheet, cast(Path, BytesIO(data)), family.lower() + style, style)
        # HarfBuzz has left the bounding boxes right; working them out again is slow.
        self.ttfont.recalcBBoxes = False
        # HarfBuzz reads its own copy, and in the PDF nobody shapes any more.
        for layout in LAYOUT_TABLES.intersection(self.ttfont.keys()):
            del self.ttfont[layout]
        self._hbfont = HarfBuzzFont(hb.Face(hb.Blob(data)))
        # Each text is shaped to measure it, to place it and to print it.
        self._shaped: dict[tuple[str, float, TextDirection | None], tuple[Any, Any]] = {}
        self.name = f"{family}-Bold" if style else family

    def perform_harfbuzz_shaping(
        self, text: str, font_size_pt: float, text_shaping_params: dict[str, Any] | None
    ) -> tuple[Any, Any]:
        """Shape the text in a way that lets it be searched and copied."""
        key = text, font_size_pt, (text_shaping_params or {}).get("fragment_direction")
        if key not in self._shaped:
            glyphs, positions = super().perform_harfbuzz_shaping(text, font_size_pt, text_shaping_params)
            starts = receipt_fonts.shared_out([glyph.cluster for glyph in glyphs], len(text))
            self._shaped[key] = list(map(_Glyph, (glyph.codepoint for glyph in glyphs), starts)), positions
        return self._shaped[key]


class _Sheet(FPDF):
    """A page, and the few things a receipt is made of; each is drawn at the current height."""

    def __init__(self, characters: set[str], footer_text: str) -> None:
        super().__init__(unit="mm", format="A4")
        self.footer_text = footer_text
        self.set_margin(MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(False)
        self.set_text_shaping(True)
        # Otherwise fpdf2 would look for {nb}, its sign for the number of pages, in every text.
        self.alias_nb_pages("")
        for typeface in receipt_fonts.typefaces_for(characters):
            for style, weight in WEIGHTS.items():
                data = receipt_fonts.subset(typeface, characters, weight)
                font = _Font(self, typeface.family, style, data)
                self.fonts[font.fontkey] = font

    def put(
        self, text: str, style: Style = BODY, x: float = MARGIN, width: float = WIDTH, lines_max: int = 1
    ) -> None:
        """Print the text, wrapped, and clipped with an ellipsis after lines_max lines."""
        for line in self._lines(text, style, width, lines_max):
            self.set_x(x)
            self.cell(width, style.height, line, align="L", new_x="LMARGIN", new_y="NEXT")

    def pair(self, label: str, value: str, style: Style = BODY) -> None:
        """Print a label with its value beside it."""
        top = self.get_y()
        self.put(label, LABEL)
        self.set_y(top)
        self.put(value, style, VALUE_X, VALUE_WIDTH, LINES_MAX)

    def ruled_pair(self, label: str, value: str, style: Style = BODY) -> None:
        """Print a label and its value under a thin rule, on the next page if this one is full."""
        room = FOOTER_TOP - self.get_y() - 2 * ROW_PADDING
        lines = self._lines(value, style, VALUE_WIDTH, LINES_MAX)
        if room < LINES_MAX * style.height and room < len(list(lines)) * style.height:
            self.add_page()
        self._rule()
        self.ln(ROW_PADDING)
        self.pair(label, value, style)
        self.ln(ROW_PADDING)

    def party(self, heading: str, name: str, details: list[str], x: float) -> None:
        """Print who gives or gets the receipt, in half the page's width. Empty details are left out."""
        self.put(heading, LABEL, x)
        self.put(name, STRONG, x, PARTY_WIDTH, lines_max=2)
        for detail in details:
            self.put(detail, BODY, x, PARTY_WIDTH, LINES_MAX)

    def footer(self) -> None:
        """Print the foot of the page. Called by fpdf2 as it ends each page."""
        self.set_y(FOOTER_TOP)
        self._rule()
        self.ln(3)
        self.put(receipt_wording.FOOTER, SMALL)
        self.put(self.footer_text, SMALL)

    def _rule(self) -> None:
        self.set_draw_color(RULE)
        self.set_line_width(0.2)
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())

    def _lines(self, text: str, style: Style, width: float, lines_max: int) -> Iterator[str]:
        self.set_font(FAMILY, style.weight, style.size)
        self.set_text_color(style.color)
        return receipt_fonts.lines(text, lambda line: self._width_of(line) <= width, lines_max)

    def _width_of(self, text: str) -> float:
        """Measure the text as it will be shaped; unlike fpdf2's own, without working out its direction."""
        return sum(fragment.get_width() for fragment in self._parse_chars(text, False))

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        """Split the text by direction; one that only runs from left to right is a single part, which
        fpdf2 would find out slowly."""
        if not self.text_shaping or not RIGHT_TO_LEFT.isdisjoint(map(unicodedata.bidirectional, text)):
            return super()._preload_bidirectional_text(text, markdown)
        self.text_shaping |= dict.fromkeys(("paragraph_direction", "fragment_direction"), TextDirection.LTR)
        return self._preload_font_styles(text, markdown)

    def _parse_chars(self, text: str, markdown: bool, **_: Any) -> Iterator[Fragment]:
        """Split the text by font. fpdf2's own way also splits at every accent and joiner and shapes the
        parts apart: Arabic vowel signs would break a word into single letters."""
        for run, typeface in receipt_fonts.runs(text):
            state = self._get_current_graphics_state()
            state.font_family = typeface.family.lower()
            state.current_font = self.fonts[state.font_family + state.font_style]
            yield Fragment(run, state, self.k)
