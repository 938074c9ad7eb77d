"""The steps of the hosted checkout: open it, try to pay, give up. They need no keys: browsers take them."""

import sys
import traceback
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, request

from sandbox import checkout, errors, failures, instruments, records
from sandbox.api.call import parse_body
from sandbox.checkout import Attempt
from sandbox.control_errors import ControlError
from sandbox.hosted import opening, pages
from sandbox.world import World

JsonObject = dict[str, Any]
View = Callable[[World, JsonObject], Response]
PATH = "/v1/checkout/embedded"
FORM = "application/x-www-form-urlencoded"
ASSETS = {
    "/sandbox/checkout/page.css": (pages.STYLESHEET, "text/css"),
    "/sandbox/checkout/return.js": (pages.SCRIPT, "text/javascript"),
}


def add_routes(app: Flask, world: World) -> None:
    """Connect the steps, and the stylesheet and the script of their pages."""
    blueprint = Blueprint("hosted", __name__, template_folder="templates")
    steps: dict[str, View] = {PATH: _open, f"{PATH}/pay": _pay, f"{PATH}/give-up": _give_up}
    for path, step in steps.items():

        def view(_step: View = step) -> Response:
            return _serve(world, _step)

        blueprint.add_url_rule(path, endpoint=step.__name__, view_func=view, methods=["GET", "POST"])
    for path, (content, kind) in ASSETS.items():

        def asset(_content: str = content, _kind: str = kind) -> Response:
            return Response(
                _content, 200, {"X-Content-Type-Options": "nosniff"}, content_type=f"{_kind}; charset=utf-8"
            )

        blueprint.add_url_rule(path, endpoint=path.rpartition("/")[2].replace(".", "-"), view_func=asset)
    app.register_blueprint(blueprint)


def _serve(world: World, step: View) -> Response:
    body: JsonObject = {}
    try:
        if request.method != "POST":
            raise errors.ProviderError("This page is opened by a form that is posted to it.", status=405)
        if request.mimetype != FORM:
            raise errors.ProviderError(f"This page is opened by a form of the type {FORM}.", status=415)
        body = parse_body(request.get_data(), FORM)
        return step(world, body)
    except errors.ProviderError as error:
        cancel_url = body.get("cancel_url")
        back_url = cancel_url if isinstance(cancel_url, str) else None
        return pages.refuse(error.error["description"], error.status, back_url)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return pages.refuse(f"The sandbox itself failed: {type(error).__name__}: {error}", 500, None)


def _open(world: World, body: JsonObject) -> Response:
    """Show the checkout."""
    asked = opening.read(body, world.settings.key_id)
    with world.reading() as tx:
        opening.payable_order(tx, asked)
    return pages.choose(asked, world.clock.now())


def _pay(world: World, body: JsonObject) -> Response:
    """Make one attempt. After a failure the customer chooses again, on the same order."""
    asked = opening.read(body, world.settings.key_id)
    entered = _entered(body)
    now = world.clock.now()
    try:
        instrument = instruments.parse(entered, now)
    except ControlError as error:
        complaint = pages.Complaint(error.error.get("field"), error.error["description"], entered)
        return pages.choose(asked, now, complaint=complaint)
    attempt = Attempt(instrument, asked.payer, should_fail=entered.get("outcome") == "failure")
    with world.transaction() as tx:
        opening.payable_order(tx, asked)
        payment, failure = checkout.pay(tx, asked.order_id, attempt)
    if failure is not None:
        return pages.choose(asked, now, failed=payment)
    receipt = checkout.receipt_for_browser(world.settings.key_secret, payment)
    return pages.leave(asked, "Payment successful", pages.success_fields(receipt))


def _give_up(world: World, body: JsonObject) -> Response:
    """Tell the merchant of the last failure. What is told comes from the payment, not from the browser."""
    asked = opening.read(body, world.settings.key_id)
    payment_id = body.get("payment_id")
    with world.reading() as tx:
        opening.payable_order(tx, asked)
        payment = records.get(tx, "payments", payment_id if isinstance(payment_id, str) else "")
    if payment["order_id"] != asked.order_id or payment["status"] != "failed":
        raise errors.invalid("This payment is no failed payment of this order.", "payment_id")
    error = checkout.error_for_browser(payment, failures.of_payment(payment)).error
    return pages.leave(asked, "Payment not completed", pages.error_fields(error))


def _entered(body: JsonObject) -> JsonObject:
    # Empty inputs are those that the customer left alone, so they are none.
    entered = body.get("pay")
    if not isinstance(entered, dict):
        raise errors.required("pay[method]")
    return {name: value for name, value in entered.items() if value != ""}
