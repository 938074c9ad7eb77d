"""A browser without scripts and cookies, as far as pages need one: it reads forms, posts them, and follows
links, redirects and reloads. It also reads what a page hands to its script."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

TIMEOUT_SECONDS = 30
WITHOUT_END = frozenset({"meta", "link", "input"})


@dataclass
class Form:
    """One form: where it goes, what its fields hold, and the texts of its buttons with what each sends."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


class Page(HTMLParser):
    """One answer, taken apart. rows: the facts of a list of names and values. pay: what the button says that
    opens Checkout, checkout: what it is opened with, script_url: the provider's script; empty without one."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.answer, self.status, self.url = answer, answer.status_code, answer.url
        self.language: str | None = None
        self.state: str | None = None
        self.refresh_seconds: int | None = None
        self.title = self.heading = ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.stylesheets: list[str] = []
        self.scripts: list[str] = []
        self.pay = self.script_url = ""
        self.checkout: dict[str, Any] = {}
        self.script_words: dict[str, str] = {}
        self.card_url = self.card_version = ""
        self.tags: set[str] = set()
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.rows: dict[str, str] = {}
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self._name = ""
        self.feed(answer.text)
        self.text = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what a browser would send, follow or load."""
        given = dict(attrs)
        self.tags.add(tag)
        if tag not in WITHOUT_END:
            self._open.append((tag, given))
        if tag == "html":
            self.language = given.get("lang")
        elif tag == "section":
            self.state = given.get("data-state")
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh_seconds = int(given["content"] or "")
        elif tag == "link" and given["rel"] == "stylesheet":
            self.stylesheets.append(given["href"] or "")
        elif tag == "script":
            self.scripts.append(given["src"] or "")
        elif tag == "main" and "data-words" in given:
            self.script_words = json.loads(given["data-words"] or "")
            self.card_url, self.card_version = given["data-card-url"] or "", given["data-card-version"] or ""
        elif tag == "button" and given.get("id") == "pay":
            self.script_url = given["data-script-url"] or ""
            self.checkout = json.loads(given["data-options"] or "")
        elif tag == "form":
            self.forms.append(Form(given["action"] or "", given["method"] or ""))
        elif tag == "input":
            self.inputs[given["name"] or ""] = given
            self.forms[-1].fields[given["name"] or ""] = given.get("value") or ""
        elif tag == "option" and "selected" in given:
            self.forms[-1].fields[self._select] = given["value"] or ""
        elif tag == "select":
            self._select = given["name"] or ""

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Take note of the text, by what it is in."""
        text = " ".join(data.split())
        if not text or not self._open:
            return
        tag, given = self._open[-1]
        if tag == "title":
            self.title = text
            return
        self._words.append(text)
        if tag == "h1":
            self.heading = text
        elif tag == "a":
            self.links[text] = given["href"] or ""
        elif tag == "label":
            self.labels[given["for"] or ""] = text
        elif tag == "button" and given.get("id") == "pay":
            self.pay = text
        elif tag == "button" and self.forms:
            sent = {given["name"] or "": given.get("value") or ""} if "name" in given else {}
            self.forms[-1].buttons[text] = sent
        elif tag == "dt":
            self._name = text
        elif tag == "dd":
            self.rows[self._name] = text

    def form(self, button: str, **having: str) -> Form:
        """Return the form with this button and these values in its fields."""
        (found,) = [
            form
            for form in self.forms
            if button in form.buttons and having.items() <= {k: form.fields.get(k) for k in having}.items()
        ]
        return found


class Browser:
    """What a customer does. `page` is what they look at, `history` every address that was asked for."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.history: list[tuple[str, str]] = []

    def open(self, url: str) -> Page:
        """Type an address, or follow a link."""
        return self._ask("GET", url)

    def reload(self) -> Page:
        """Load the page again, as it does by itself."""
        return self._ask("GET", self.page.url)

    def follow(self, text: str) -> Page:
        """Follow the link with this text."""
        return self._ask("GET", urljoin(self.page.url, self.page.links[text]))

    def press(self, button: str, fill: dict[str, str] | None = None, **having: str) -> Page:
        """Fill in fields of the form that has the button, and press it."""
        form = self.page.form(button, **having)
        data = form.fields | (fill or {}) | form.buttons[button]
        assert form.method == "post"
        return self._ask("POST", urljoin(self.page.url, form.action), data=data)

    def come_back(self, result: dict[str, str]) -> Page:
        """Post what Checkout was given, as Checkout does."""
        return self._ask("POST", self.page.checkout["callback_url"], data=result)

    def _ask(self, method: str, url: str, **options: Any) -> Page:
        answer = self.http.request(method, url, timeout=TIMEOUT_SECONDS, **options)
        self.history += [(each.request.method or "", each.url) for each in (*answer.history, answer)]
        assert not self.http.cookies
        self.page = Page(answer)
        return self.page
