"""Which font prints which character of a receipt, what becomes of characters that no font has, and where
a text breaks into lines. Knows nothing about PDF.

The fonts are variable ones from PyPI packages. HarfBuzz cuts out the few characters a receipt uses and
fixes the weight in the same step, in about 2 ms; doing that with the whole font takes seconds.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import uharfbuzz as hb

SUBSTITUTE = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"

# Longer than anything a receipt has room for, and short enough to clean and measure quickly.
TEXT_LENGTH_MAX = 800

# More than fit on a line in any legible letters.
LINE_LENGTH_MAX = 250

# A syllable of any script needs fewer; without a limit, stacked accents would cover the page.
MARKS_IN_A_ROW_MAX = 4

# They choose between joined and separate letter forms, so a Hindi or Persian name needs them.
JOIN_CONTROLS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


@dataclass(frozen=True)
class Typeface:
    """One variable font file of an installed package; family is what the PDF calls it."""

    family: str
    package: str
    file: str


# The first one that has a character prints it. Noto Sans has Latin, Greek, Cyrillic and Devanagari.
TYPEFACES = (
    Typeface("NotoSans", "fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    Typeface("NotoSansTamil", "fontpkg_noto_sans_tamil", "NotoSansTamil[wdth,wght].ttf"),
    Typeface("NotoSansTelugu", "fontpkg_noto_sans_telugu", "NotoSansTelugu[wdth,wght].ttf"),
    Typeface("NotoSansArabic", "fontpkg_noto_sans_arabic", "NotoSansArabic[wdth,wght].ttf"),
)


def printable(text: str) -> str:
    """Return the text on one line, without control characters, and with only characters that some
    font has; each of the others becomes SUBSTITUTE."""
    text = unicodedata.normalize("NFC", text[:TEXT_LENGTH_MAX])
    kept: list[str] = []
    marks = 0
    for character in " ".join(text.split()):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        joins = character in JOIN_CONTROLS and bool(kept) and kept[-1] != SUBSTITUTE
        if joins or not (_is_invisible(character, category) or marks > MARKS_IN_A_ROW_MAX):
            kept.append(character if _typeface_of(character) else SUBSTITUTE)
    return "".join(kept).strip()


def runs(text: str) -> Iterator[tuple[str, Typeface]]:
    """Split printable text into the stretches that are shaped together: one font, one script. Spaces,
    digits, punctuation and accents stay with the letters before them where their font has them."""
    run, shaping = "", (TYPEFACES[0], "")
    for character in text:
        needed = shaping
        if character.isalpha():
            needed = _typeface_of(character) or TYPEFACES[0], _script(character)
        elif ord(character) not in _coverage(shaping[0]):
            needed = _typeface_of(character) or TYPEFACES[0], ""
        if needed != shaping and run:
            yield run, shaping[0]
            run = ""
        run, shaping = run + character, needed
    if run:
        yield run, shaping[0]


def lines(text: str, fits: Callable[[str], bool], lines_max: int) -> Iterator[str]:
    """Split the text into lines that fit, and clip it with an ellipsis after lines_max of them."""
    for number in range(1, lines_max + 1):
        end = _line_end(text, fits)
        if number == lines_max and end < len(text):
            end = _line_end(text, lambda start: fits(start + ELLIPSIS))
            yield text[:end].rstrip() + ELLIPSIS
        elif text:
            yield text[:end].rstrip()
        text = text[end:].lstrip()


def shared_out(clusters: list[int], length: int) -> list[int]:
    """Give each glyph of a syllable its own part of the text, where HarfBuzz names the whole syllable for
    all of them. Without a part of its own, a glyph would be copied from the PDF as something random.

    clusters: for each glyph, the index in the text where its syllable starts; length: of the text.
    """
    starts = [*sorted(set(clusters)), length]
    shared: list[int] = []
    for number, cluster in enumerate(clusters):
        is_same_syllable = number > 0 and clusters[number - 1] == cluster
        end = starts[bisect_right(starts, cluster)]
        shared.append(min(shared[-1] + 1, end - 1) if is_same_syllable else cluster)
    return shared


def typefaces_for(characters: Iterable[str]) -> list[Typeface]:
    """Return the fonts needed to print all of the characters; the first typeface is always among them."""
    needed = {_typeface_of(character) for character in characters} | {TYPEFACES[0]}
    return [typeface for typeface in TYPEFACES if typeface in needed]


def subset(typeface: Typeface, characters: Iterable[str], weight: int) -> bytes:
    """Return a static TrueType font of that weight (400 regular, 700 bold) with those characters."""
    face = _face(typeface)
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
    wanted.unicode_set.update(ord(character) for character in characters)
    wanted.pin_all_axes_to_default(face)
    wanted.pin_axis_location(face, "wght", weight)
    return wanted.subset(face).blob.data


def warm_up() -> None:
    """Read every font file, so that no receipt has to wait for it. About 10 ms and 4 MB."""
    for typeface in TYPEFACES:
        _coverage(typeface)


def _line_end(text: str, fits: Callable[[str], bool]) -> int:
    """Return how many of the characters fit on a line: whole words if possible, else whole syllables."""
    if len(text) <= LINE_LENGTH_MAX and fits(text):
        return len(text)
    lengths = range(1, min(len(text), LINE_LENGTH_MAX + 1))
    end = bisect_right(lengths, False, key=lambda length: not fits(text[:length]))
    words_end = text.rfind(" ", 1, end + 1)
    if words_end > 0:
        return words_end
    # The text may not be cut where it would take an accent off its letter.
    while end > 1 and (text[end] in JOIN_CONTROLS or unicodedata.category(text[end])[0] == "M"):
        end -= 1
    return max(end, 1)


def _is_invisible(character: str, category: str) -> bool:
    """Tell whether the character prints nothing by itself: controls, text direction overrides,
    variation selectors. Lone halves of a surrogate pair (Cs) are not among them: something was there."""
    return category in ("Cc", "Cf") or "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0000"


def _script(letter: str) -> str:
    """Return DEVANAGARI for DEVANAGARI LETTER KA: the names begin with the script."""
    return unicodedata.name(letter, "").partition(" ")[0]


@cache
def _face(typeface: Typeface) -> hb.Face:
    file = resources.files(typeface.package).joinpath("files", typeface.file)
    return hb.Face(hb.Blob(file.read_bytes()))


@cache
def _coverage(typeface: Typeface) -> frozenset[int]:
    return frozenset(_face(typeface).unicodes)


@lru_cache(maxsize=4096)
def _typeface_of(character: str) -> Typeface | None:
    return next((typeface for typeface in TYPEFACES if ord(character) in _coverage(typeface)), None)
