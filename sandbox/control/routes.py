"""Every control on one line: method, path, the function that answers, and what it is for."""

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, request

from sandbox import happenings
from sandbox.control import customers, endpoints, listing, refunds, snapshots, switches, webhooks
from sandbox.control import happenings as happenings_controls
from sandbox.control.request import Control, parse_body, shown_body
from sandbox.control_errors import ControlError
from sandbox.errors import ProviderError
from sandbox.panel import page
from sandbox.world import World

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    view: Callable[[Control], JsonObject | Response]
    purpose: str


ROUTES = (
    Route("GET", "/sandbox/orders", listing.orders,
          "orders, newest first; ?limit= &before= (next_before of the last page), or ?find= id or receipt"),
    Route("GET", "/sandbox/orders/<order_id>", listing.order,
          "an order, its payments, their refunds and disputes"),
    Route("POST", "/sandbox/orders/<order_id>/pay", customers.pay,
          "pay an order: method upi {vpa} | card {number, expiry, cvv, name} | netbanking {bank} | "
          "wallet {wallet}; optional email, contact, description, notes, amount (if the order takes parts), "
          "capture: false, outcome: failure, force: true for a second payment of a paid order"),
    Route("POST", "/sandbox/payments/<payment_id>/authorize-late", customers.authorize_late,
          "let a failed payment's money arrive; optional capture: false"),
    Route("POST", "/sandbox/payments/<payment_id>/dispute", customers.dispute,
          "let the payer dispute a payment: phase; open: false ends that: outcome won | lost | closed"),
    Route("POST", "/sandbox/refunds", switches.set_refunds,
          "mode of new refunds: processed | pending | insufficient_balance"),
    Route("GET", "/sandbox/refunds", switches.show_refunds, "mode of new refunds"),
    Route("POST", "/sandbox/refunds/<refund_id>/process", refunds.process, "let a pending refund succeed"),
    Route("POST", "/sandbox/refunds/<refund_id>/fail", refunds.fail, "let a pending refund fail"),
    Route("GET", "/sandbox/webhooks", webhooks.every,
          "deliveries, newest first; ?event= &order_id= &payment_id= &refund_id= &state= &limit="),
    Route("GET", "/sandbox/webhooks/<event_id>", webhooks.fetch, "one event: raw body, headers, deliveries"),
    Route("POST", "/sandbox/webhooks/<event_id>/redeliver", webhooks.redeliver, "send an event again"),
    Route("POST", "/sandbox/deliveries", webhooks.set_switches,
          "switches: paused, duplicate, shuffle, corrupt (true | false), delay_seconds"),
    Route("GET", "/sandbox/deliveries", webhooks.show_switches, "the switches of deliveries"),
    Route("POST", "/sandbox/endpoints", endpoints.add, "register a webhook endpoint: url, secret, events"),
    Route("GET", "/sandbox/endpoints", endpoints.every, "webhook endpoints"),
    Route("DELETE", "/sandbox/endpoints/<endpoint_id>", endpoints.remove, "remove a webhook endpoint"),
    Route("POST", "/sandbox/endpoints/<endpoint_id>/enable", endpoints.enable, "enable a disabled endpoint"),
    Route("POST", "/sandbox/endpoints/<endpoint_id>/secret", endpoints.change_secret,
          "sign with another secret; what waits keeps its signature"),
    Route("POST", "/sandbox/endpoints/<endpoint_id>/events", endpoints.change_events,
          "subscribe to other events: events"),
    Route("POST", "/sandbox/faults", switches.add_fault, "order a fault: endpoint, fault, count, seconds"),
    Route("GET", "/sandbox/faults", switches.show_faults, "faults still to come"),
    Route("DELETE", "/sandbox/faults", switches.clear_faults, "forget all faults"),
    Route("POST", "/sandbox/clock", switches.set_clock, "move time: frozen, advance_seconds"),
    Route("GET", "/sandbox/clock", switches.show_clock, "the sandbox's time"),
    Route("POST", "/sandbox/receipts", switches.set_receipts, "reused receipts: allow | reject | idempotent"),
    Route("GET", "/sandbox/receipts", switches.show_receipts, "what happens to reused receipts"),
    Route("POST", "/sandbox/upi-collect", switches.set_upi_collect,
          "server-to-server UPI collect: mode allowed | refused"),
    Route("GET", "/sandbox/upi-collect", switches.show_upi_collect, "whether UPI collect is allowed"),
    Route("POST", "/sandbox/lists", switches.set_lists,
          "let GET /v1/payments miss what is younger than lag_seconds"),
    Route("GET", "/sandbox/lists", switches.show_lists, "how far the list of payments lags behind"),
    Route("GET", "/sandbox/requests", switches.requests, "the last API calls; ?path= (part of it) &limit="),
    Route("GET", "/sandbox/happenings", happenings_controls.every,
          "everything that happened, newest first; ?after= (then oldest first) &limit="),
    Route("GET", "/sandbox/happenings/stream", happenings_controls.stream,
          "the same as server-sent events, from now on or ?after="),
    Route("POST", "/sandbox/snapshots", snapshots.save, "save the whole state: name; a used one is replaced"),
    Route("GET", "/sandbox/snapshots", snapshots.every, "saved states, newest first"),
    Route("POST", "/sandbox/snapshots/<name>/restore", snapshots.restore,
          "make everything what it was, the clock too"),
    Route("DELETE", "/sandbox/snapshots/<name>", snapshots.remove, "delete a saved state"),
    Route("POST", "/sandbox/reset", switches.reset, "empty everything but the endpoints"),
    Route("GET", "/sandbox/health", switches.health, "whether the sandbox is well"),
)  # fmt: skip


def add_routes(app: Flask, world: World) -> None:
    """Connect the table, and the index that shows it."""
    for number, route in enumerate(ROUTES):

        def view(_route: Route = route, **ids: str) -> tuple[Response, int]:
            return _serve(world, _route, ids)

        app.add_url_rule(route.path, endpoint=f"control-{number}", view_func=view, methods=[route.method])
    app.add_url_rule("/sandbox/", endpoint="control-index", view_func=_index, methods=["GET"])


def _serve(world: World, route: Route, ids: dict[str, str]) -> tuple[Response, int]:
    body: JsonObject = {}
    try:
        body = parse_body(request.get_data())
        answer = route.view(Control(world, body, request.args.to_dict(), ids))
        response, status = answer if isinstance(answer, Response) else jsonify(answer), 200
    except (ControlError, ProviderError) as error:
        response, status = jsonify(error=error.error), error.status
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        description = f"the sandbox itself failed: {type(error).__name__}: {error}"
        response, status = jsonify(error={"code": "SANDBOX_CONTROL_ERROR", "description": description}), 500
    if route.method != "GET":
        _tell(world, status, body)
    return response, status


def _tell(world: World, status: int, body: JsonObject) -> None:
    # Refused calls too: one that pays with a failing card is answered with an error, and changed something.
    world.happenings.add(
        happenings.CONTROL,
        f"{request.method} {request.path} → {status}",
        method=request.method,
        path=request.path,
        status=status,
        body=shown_body(body),
    )


def _index() -> Response:
    """Show the page to browsers, and the table to everybody else."""
    if page.is_wanted(request.accept_mimetypes):
        return page.show()
    controls = [{"method": route.method, "path": route.path, "purpose": route.purpose} for route in ROUTES]
    return jsonify(service="sandbox", api="/v1", controls=controls)
