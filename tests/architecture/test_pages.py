"""The pages' files: nothing inline, which their policy would refuse, and no text that becomes markup."""

import re
from pathlib import Path

import pytest

from gateway.web import strings
from tests.architecture.imports import ROOT

WEB = ROOT / "gateway" / "web"
TEMPLATES, FILES = sorted((WEB / "templates").iterdir()), sorted((WEB / "static").iterdir())
LINES_MAX = 300
INLINE = r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|\|\s*safe\b|javascript:"
MARKUP_FROM_TEXT = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"


def _found(pattern: str, path: Path) -> list[str]:
    return re.findall(pattern, path.read_text(), re.IGNORECASE)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_script_or_style_and_escapes_everything(path: Path) -> None:
    assert _found(INLINE, path) == []


@pytest.mark.parametrize("path", [each for each in FILES if each.suffix == ".js"], ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_of_text(path: Path) -> None:
    assert _found(MARKUP_FROM_TEXT, path) == []


@pytest.mark.parametrize("path", [*TEMPLATES, *FILES], ids=lambda path: path.name)
def test_a_file_is_short_and_names_no_other_server(path: Path) -> None:
    assert len(path.read_text().splitlines()) < LINES_MAX
    assert _found(r"https?://", path) == []


def test_the_script_says_every_word_that_is_there_for_it_and_no_other() -> None:
    used = set(_found(r"\bwords\.([a-z]+)", WEB / "static" / "pay.js"))

    assert used == set(strings.SAID_BY_SCRIPT)
