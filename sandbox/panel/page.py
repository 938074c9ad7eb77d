"""The page and its files. It knows nothing of what happened: its scripts ask the controls, as any program."""

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template
from werkzeug.datastructures import MIMEAccept

from sandbox import cards, events, faults, instruments
from sandbox.api import routes as api_routes
from sandbox.control.switches import REFUND_MODES
from sandbox.settings import RECEIPT_MODES, UPI_COLLECT_MODES

STATIC = Path(__file__).parent / "static"
PATH = "/sandbox/panel"
KINDS = {".js": "text/javascript", ".css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def add_files(app: Flask) -> None:
    """Connect the page's scripts and its stylesheet."""
    blueprint = Blueprint("panel", __name__, template_folder="templates")
    for path in sorted(STATIC.iterdir()):
        blueprint.add_url_rule(f"{PATH}/{path.name}", path.name.replace(".", "-"), _file(path))
    app.register_blueprint(blueprint)


def is_wanted(accepted: MIMEAccept) -> bool:
    """Tell whether a request comes from a browser's address bar: programs take anything, or ask for JSON."""
    return accepted.best_match(["application/json", "text/html"], "application/json") == "text/html"


def show() -> Response:
    """Give the page. It is the same for everybody; only what can be chosen is filled in here."""
    page = render_template(
        "panel/panel.html",
        instruments=_instruments(),
        event_names=events.NAMES,
        fault_endpoints=(faults.ANY_ENDPOINT, *api_routes.NAMES),
        fault_names=faults.NAMES,
        receipt_modes=RECEIPT_MODES,
        upi_collect_modes=UPI_COLLECT_MODES,
        refund_modes=REFUND_MODES,
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page, 200, headers, content_type="text/html; charset=utf-8")


def _instruments() -> list[tuple[str, list[tuple[str, str]]]]:
    """List what a customer can pay with, by method: the value of the choice, and its words."""
    vpas = [
        ("success@razorpay", "succeeds"), (instruments.FAILING_VPA, "fails"),
        (instruments.UNANSWERED_VPA, "is never answered"),
    ]  # fmt: skip
    good = [(number, f"{cards.network(number)}, succeeds") for number in cards.SHOWN_SUCCESS_CARDS]
    bad = [
        (number, reason.replace("_", " ")) for reason, number in cards.first_error_card_by_reason().items()
    ]
    return [
        ("UPI", [(f"upi:vpa:{vpa}", f"{vpa} – {what}") for vpa, what in vpas]),
        (
            "Card",
            [(f"card:number:{number}", f"{cards.grouped(number)} – {what}") for number, what in good + bad],
        ),
        ("Netbanking", [(f"netbanking:bank:{code}", name) for code, name in instruments.BANKS.items()]),
        ("Wallet", [(f"wallet:wallet:{code}", name) for code, name in instruments.WALLETS.items()]),
    ]


def _file(path: Path) -> Callable[[], Response]:
    content, kind = path.read_bytes(), KINDS[path.suffix]
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return lambda: Response(content, 200, headers, content_type=f"{kind}; charset=utf-8")
