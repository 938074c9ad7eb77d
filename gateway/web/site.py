"""What all pages have in common: how they are rendered, their headers, their files, and that an error under
their paths is a page too, not JSON."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import NotFound

from gateway.api.auth import public
from gateway.api.services import services
from gateway.web import policy, strings
from gateway.web.content import BAD, filled
from gateway.web.strings import Words

CHECKOUT_PATH, PASSWORD_PATH = "/pay", "/password"
PATHS = (CHECKOUT_PATH, PASSWORD_PATH)

ASSETS = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "static").iterdir())}
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
# In the files' addresses, so that browsers keep them for as long as they are the same, and no longer.
VERSION = hashlib.sha256(b"\0".join(ASSETS.values())).hexdigest()[:12]
ASSET_AGE_SECONDS_MAX = 365 * 24 * 3600

# What an answer has not set itself.
HEADERS = {
    "Content-Security-Policy": policy.of_page(),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}

assets = Blueprint("assets", __name__, template_folder="templates")


def register(app: Flask, *blueprints: Blueprint) -> None:
    """Add the pages of these blueprints to the app, and give every answer under their paths what it needs."""
    app.jinja_env.undefined = StrictUndefined
    for blueprint in (assets, *blueprints):
        app.register_blueprint(blueprint)
    app.after_request(_finish)


def is_page(path: str) -> bool:
    """Return whether people look at what is under this path, so that errors there are pages as well."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PATHS)


def show(template: str, status: int = 200, *, heading: str, **values: Any) -> Response:
    """Return a page. heading: also its title, unless `title` is given; `title_of` makes one."""
    settings = services().settings
    shared = {
        "strings": strings,
        "title": title_of(heading),
        "refresh_seconds": None,
        "merchant": settings.receipt_issuer_name,
        "merchant_email": settings.receipt_issuer_email,
        "merchant_phone": settings.receipt_issuer_phone,
        "asset": lambda name: url_for("assets.send_asset", version=VERSION, name=name),
    }
    page = render_template(template, **shared | {"heading": heading} | values)
    return Response(page, status, content_type="text/html; charset=utf-8")


def title_of(heading: str) -> str:
    """Return the title of a page with this heading."""
    return strings.TITLE.format(heading=heading, merchant=services().settings.receipt_issuer_name)


def say(words: Words, status: int = 200, *, tone: str, **values: Any) -> Response:
    """Return a page that only says something. back: an address to go back to."""
    heading, sentences = filled(words, merchant=services().settings.receipt_issuer_name)
    shown = {"heading": heading, "sentences": sentences, "tone": tone, "back": None, "receipt_url": None}
    return show("message.html", status, **shown | values)


@assets.get("/assets/<string:version>/<string:name>")
@public
def send_asset(version: str, name: str) -> Response:
    """Return a stylesheet or a script. While a release rolls out, a page of the other one gets what there is,
    and may not keep it."""
    if name not in ASSETS:
        raise NotFound
    is_this = version == VERSION
    kept = f"public, max-age={ASSET_AGE_SECONDS_MAX}, immutable" if is_this else "no-cache"
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
    return Response(ASSETS[name], content_type=KINDS[Path(name).suffix], headers=headers)


def _finish(response: Response) -> Response:
    if not is_page(request.path):
        return response
    if response.status_code >= 400 and response.is_json:
        # Whichever error handler answered, for a route or for none; its status and headers stay.
        response.set_data(_error_page(response.status_code))
        response.content_type = "text/html; charset=utf-8"
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _error_page(status: int) -> bytes:
    ours = status >= 500
    words = strings.ERRORS.get(status) or (strings.ERROR_OF_OURS if ours else strings.ERROR_OF_THE_CLIENT)
    return say(words, status, tone=BAD).get_data()
