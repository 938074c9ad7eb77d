"""What all pages have in common: how they are rendered, their headers, their stylesheet, and that an error
under their paths is a page too, not JSON."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, url_for
from jinja2 import StrictUndefined

from gateway.api.auth import public
from gateway.api.services import services
from gateway.web import checkout, strings
from gateway.web.content import BAD, filled
from gateway.web.strings import Words

CHECKOUT_PATH, PASSWORD_PATH = "/pay", "/password"
PATHS = (CHECKOUT_PATH, PASSWORD_PATH)

STYLESHEET = (Path(__file__).parent / "static" / "page.css").read_bytes()
# In the stylesheet's address, so that browsers keep it for as long as it is the same, and no longer.
VERSION = hashlib.sha256(STYLESHEET).hexdigest()[:12]
ASSET_AGE_SECONDS_MAX = 365 * 24 * 3600

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {forms};"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
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
    """Return a page. heading: also its title, together with the merchant's name, unless `title` is given."""
    settings = services().settings
    shared = {
        "strings": strings,
        "title": heading,
        "refresh_seconds": None,
        "merchant": settings.receipt_issuer_name,
        "merchant_email": settings.receipt_issuer_email,
        "merchant_phone": settings.receipt_issuer_phone,
        "stylesheet": url_for("assets.stylesheet", version=VERSION),
    }
    page = render_template(template, **shared | {"heading": heading} | values)
    return Response(page, status, content_type="text/html; charset=utf-8")


def say(words: Words, status: int = 200, *, tone: str, **values: Any) -> Response:
    """Return a page that only says something. back: an address to go back to."""
    heading, sentences = filled(words, merchant=services().settings.receipt_issuer_name)
    shown = {"heading": heading, "sentences": sentences, "tone": tone, "back": None, "receipt_url": None}
    return show("message.html", status, **shown | values)


@assets.get("/assets/<string:version>/page.css")
@public
def stylesheet(version: str) -> Response:
    """Return the stylesheet. While a release rolls out, a page of the other one gets what there is, and may
    not keep it."""
    is_this = version == VERSION
    kept = f"public, max-age={ASSET_AGE_SECONDS_MAX}, immutable" if is_this else "no-cache"
    return Response(STYLESHEET, content_type="text/css; charset=utf-8", headers={"Cache-Control": kept})


def _finish(response: Response) -> Response:
    if not is_page(request.path):
        return response
    if response.status_code >= 400 and response.is_json:
        # Whichever error handler answered, for a route or for none; its status and headers stay.
        response.set_data(_error_page(response.status_code))
        response.content_type = "text/html; charset=utf-8"
    forms = "'self'"
    if request.path.startswith(f"{CHECKOUT_PATH}/"):
        forms += f" {checkout.origin_of(services().settings)}"
    response.headers.update(HEADERS | {"Content-Security-Policy": POLICY.format(forms=forms)})
    return response


def _error_page(status: int) -> bytes:
    ours = status >= 500
    words = strings.ERRORS.get(status) or (strings.ERROR_OF_OURS if ours else strings.ERROR_OF_THE_CLIENT)
    return say(words, status, tone=BAD).get_data()
