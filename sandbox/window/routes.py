"""The script, the window's two pages (in a frame, or on its own), their files, and the window's calls.

The calls need the public key alone, as at Razorpay. They carry no CORS headers: the window comes from the
same origin, and no other page may make them.
"""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, render_template, request

from sandbox import cards, instruments
from sandbox.control.request import parse_body
from sandbox.control_errors import ControlError
from sandbox.errors import ProviderError, server_error
from sandbox.window import calls
from sandbox.world import World

JsonObject = dict[str, Any]
View = Callable[[World, JsonObject, str], JsonObject]
STATIC = Path(__file__).parent / "static"
SCRIPT_PATH = "/v1/checkout.js"
# What a frame shows, and what a whole page shows when the merchant asks for redirect: true.
FRAME_PATH, PAGE_PATH = "/v1/checkout/public", "/v1/checkout/page"
KINDS = {".js": "text/javascript", ".css": "text/css"}
CALLS: tuple[tuple[str, str, View], ...] = (
    ("POST", f"{FRAME_PATH}/order", calls.show_order),
    ("POST", f"{FRAME_PATH}/attempts", calls.begin),
    ("GET", f"{FRAME_PATH}/attempts/<attempt_id>", calls.show_attempt),
    ("POST", f"{FRAME_PATH}/attempts/<attempt_id>/answer", calls.answer),
)


def add_routes(app: Flask, world: World) -> None:
    """Connect them all."""
    blueprint = Blueprint("window", __name__, template_folder="templates")
    blueprint.add_url_rule(SCRIPT_PATH, "script", _script)
    blueprint.add_url_rule(FRAME_PATH, "frame", lambda: _page("frame"))
    blueprint.add_url_rule(PAGE_PATH, "page", lambda: _page("page"))
    for path in sorted(STATIC.iterdir()):
        if path.name != "checkout.js":
            blueprint.add_url_rule(f"{FRAME_PATH}/{path.name}", path.name.replace(".", "-"), _file(path))
    for method, path_of_call, view in CALLS:

        def call(attempt_id: str = "", _view: View = view) -> tuple[Response, int]:
            return _serve(world, _view, attempt_id)

        blueprint.add_url_rule(path_of_call, view.__name__, call, methods=[method])
    app.register_blueprint(blueprint)


def _script() -> Response:
    """Give the script to every page that asks, also to those that ask with crossorigin."""
    response = _file(STATIC / "checkout.js")()
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _file(path: Path) -> Callable[[], Response]:
    content, kind = path.read_bytes(), KINDS[path.suffix]
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return lambda: Response(content, 200, headers, content_type=f"{kind}; charset=utf-8")


def _page(place: str) -> Response:
    """Show the window. In a frame any page may hold it, which is its purpose; on its own none may."""
    page = render_template(
        "window/window.html",
        place=place,
        banks=instruments.BANKS,
        wallets=instruments.WALLETS,
        success_cards=[
            (cards.network(number), cards.grouped(number)) for number in cards.SHOWN_SUCCESS_CARDS
        ],
        error_cards=[
            (reason, cards.grouped(number)) for reason, number in cards.first_error_card_by_reason().items()
        ],
        unanswered_vpa=instruments.UNANSWERED_VPA,
    )
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data: http: https:; base-uri 'none'; "
    )
    # Where the merchant's callback leads is the merchant's business, so its page's form may go anywhere.
    policy += "form-action 'none'" if place == "frame" else "form-action http: https:; frame-ancestors 'none'"
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page, 200, headers, content_type="text/html; charset=utf-8")


def _serve(world: World, view: View, attempt_id: str) -> tuple[Response, int]:
    try:
        answer, status = jsonify(view(world, parse_body(request.get_data()), attempt_id)), 200
    except (ProviderError, ControlError) as error:
        answer, status = jsonify(error=error.error), error.status
    except Exception:
        traceback.print_exc(file=sys.stderr)
        answer, status = jsonify(server_error().body()), 500
    answer.headers["Cache-Control"] = "no-store"
    return answer, status
