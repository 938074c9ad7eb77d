"""The pages of the hosted checkout and their headers. It decides nothing: it shows what it is given.

The way back to the merchant is a page with one form, because the result must arrive there as a POST. A
redirect cannot make one: 303 turns into a GET, and 307 repeats the body that was posted here, which is the
card number, and not the result. A script of one line submits that form at once; without it there is a button.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Response, render_template

from sandbox import instruments, money
from sandbox.hosted.opening import Opening, is_web_address, origin

JsonObject = dict[str, Any]
STYLESHEET = (Path(__file__).parent / "static" / "page.css").read_text()
SCRIPT = (Path(__file__).parent / "static" / "return.js").read_text()
SUCCESS_CARD = "4100 2800 0000 1007"
CARD_VALID_YEARS = 3


@dataclass(frozen=True)
class Complaint:
    """An instrument that cannot be one: which field, why, and everything that was entered with it."""

    field: str | None
    text: str
    entered: JsonObject


def choose(
    opening: Opening, now: float, *, failed: JsonObject | None = None, complaint: Complaint | None = None
) -> Response:
    """Show the methods of payment. failed: the payment that was just tried. complaint: what to correct."""
    entered = complaint.entered if complaint is not None else {}
    page = render_template(
        "hosted/choose.html",
        opening=opening,
        amount=money.for_people(opening.amount, opening.currency),
        image=opening.image if is_web_address(opening.image) else None,
        banks=instruments.BANKS,
        wallets=instruments.WALLETS,
        values={**_examples(opening, now), **entered},
        open_method=entered.get("method", failed["method"] if failed is not None else "upi"),
        failed=failed,
        complaint=complaint,
    )
    return _answer(page, form_action="'self'", image=origin(opening.image))


def leave(opening: Opening, heading: str, result: dict[str, str]) -> Response:
    """Send the browser back to the merchant with a result."""
    page = render_template("hosted/leave.html", opening=opening, heading=heading, result=result)
    # Browsers hold a form to this rule through every redirect that follows. Where the merchant's callback
    # leads is the merchant's business, so its origin alone would break shops whose next page is elsewhere.
    return _answer(page, form_action="http: https:", script="'self'")


def refuse(text: str, status: int, back_url: str | None) -> Response:
    """Say why there is no checkout."""
    back = back_url if back_url and is_web_address(back_url) else None
    return _answer(render_template("hosted/refuse.html", text=text, back_url=back), status=status)


def success_fields(receipt: JsonObject) -> dict[str, str]:
    """Give the fields of a success as the form posts them."""
    return {name: str(value) for name, value in receipt.items()}


def error_fields(error: JsonObject) -> dict[str, str]:
    """Give the fields of a failure as the form posts them: metadata is JSON in a text."""
    names = ("code", "description", "source", "step", "reason")
    return {
        **{f"error[{name}]": str(error[name]) for name in names},
        "error[metadata]": json.dumps(error["metadata"], separators=(",", ":")),
    }


def _examples(opening: Opening, now: float) -> JsonObject:
    year = datetime.fromtimestamp(now, UTC).year + CARD_VALID_YEARS
    return {
        "vpa": "success@razorpay",
        "number": SUCCESS_CARD,
        "expiry": f"12/{year % 100:02}",
        "cvv": "123",
        "name": opening.prefill["name"],
        "bank": next(iter(instruments.BANKS)),
        "wallet": next(iter(instruments.WALLETS)),
    }


def _answer(
    page: str,
    status: int = 200,
    *,
    form_action: str = "'none'",
    script: str = "'none'",
    image: str | None = None,
) -> Response:
    images = f"data: {image}" if image is not None else "data:"
    policy = (
        f"default-src 'none'; style-src 'self'; script-src {script}; img-src {images}; "
        f"form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
    return Response(
        page,
        status,
        {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            # With no referrer at all the browser would post "Origin: null" to the merchant.
            "Referrer-Policy": "origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
        content_type="text/html; charset=utf-8",
    )
