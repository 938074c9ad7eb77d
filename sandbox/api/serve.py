"""From an HTTP request to a view and back: authentication, faults, idempotency, error envelope, log."""

import json
import sys
import time
import traceback
from contextlib import nullcontext
from typing import Any

from flask import Flask, Request, Response, request

from sandbox import errors, faults, happenings, idempotency
from sandbox.api import auth
from sandbox.api.call import Call, parse_body, parse_query
from sandbox.api.routes import ROUTES, Route
from sandbox.faults import Fault
from sandbox.request_log import LoggedCall
from sandbox.server import HANG_UP
from sandbox.world import World

JsonObject = dict[str, Any]


def add_routes(app: Flask, world: World) -> None:
    """Connect the table of routes, and answer every other URL under /v1 as Razorpay does."""
    for number, route in enumerate(ROUTES):

        def view(_route: Route = route, **ids: str) -> Response:
            return _serve(world, _route, ids)

        app.add_url_rule(
            route.path,
            endpoint=f"v1-{number}",
            view_func=view,
            methods=[route.method],
            provide_automatic_options=False,
        )


def answer_unknown_url(world: World) -> Response:
    """Answer a URL or method below /v1 that no route has."""
    return _serve(world, None, {})


def _serve(world: World, route: Route | None, ids: dict[str, str]) -> Response:
    started = time.monotonic()
    logged = LoggedCall(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        at=world.clock.now(),
        idempotency_key=request.headers.get(idempotency.HEADER),
    )
    world.requests.add(logged)
    try:
        auth.check(world.settings, request.headers.get("Authorization", ""))
        if route is None:
            raise errors.url_not_found()
        response = _answer(world, route, ids, logged)
    except errors.ProviderError as error:
        response = _json(error.body(), error.status, error.headers)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        failure = errors.server_error()
        response = _json(failure.body(), failure.status)
    logged.duration_ms = round((time.monotonic() - started) * 1000, 1)
    if not request.environ.get(HANG_UP):
        logged.status = response.status_code
    _tell(world, logged)
    return response


def _tell(world: World, call: LoggedCall) -> None:
    outcome = "no answer" if call.status is None else str(call.status)
    fault = f" (fault {call.fault})" if call.fault else ""
    world.happenings.add(
        happenings.API_CALL,
        f"{call.method} {call.path} → {outcome}{fault}",
        method=call.method,
        path=call.path,
        query=call.query,
        status=call.status,
        duration_ms=call.duration_ms,
        fault=call.fault,
    )


def _answer(world: World, route: Route, ids: dict[str, str], logged: LoggedCall) -> Response:
    fault = faults.take(world, route.name)
    if fault is None:
        return _json(_call(world, route, ids))
    logged.fault = fault.fault
    return _answer_with_fault(world, route, ids, fault)


def _answer_with_fault(world: World, route: Route, ids: dict[str, str], fault: Fault) -> Response:
    """Go wrong as ordered. Only slow and timeout_after have their effect; the others never reach the view."""
    hang_seconds = world.settings.hang_seconds if fault.seconds is None else fault.seconds
    match fault.fault:
        case "500":
            raise errors.server_error()
        case "html_502":
            return Response(faults.HTML_502, 502, content_type="text/html")
        case "429":
            raise errors.too_many_requests(None)
        case "429_retry_after":
            seconds = faults.RETRY_AFTER_SECONDS_DEFAULT if fault.seconds is None else fault.seconds
            raise errors.too_many_requests(int(seconds))
        case "operation_in_progress":
            raise errors.ProviderError("Request failed because another payment operation is in progress.")
        case "drop":
            return _hang_up(world, 0)
        case "slow":
            seconds = faults.SLOW_SECONDS_DEFAULT if fault.seconds is None else fault.seconds
            return _json(_call(world, route, ids, delay_seconds=seconds))
        case "timeout_before":
            return _hang_up(world, hang_seconds)
        case "timeout_after":
            _call(world, route, ids)
            return _hang_up(world, hang_seconds)
    raise AssertionError(f"unknown fault: {fault.fault}")


def _call(world: World, route: Route, ids: dict[str, str], delay_seconds: float = 0) -> JsonObject:
    """Run the view. A slow call holds its idempotency key while it dawdles, as a slow Razorpay would."""
    key = request.headers.get(idempotency.HEADER) if route.is_refund_request else None
    if key is not None:
        idempotency.check(key)
    call = Call(
        world=world,
        body=_body(request) if route.method in ("POST", "PATCH") else {},
        query=parse_query(request.query_string.decode("latin-1")),
        idempotency_key=key,
        ids=ids,
    )
    with idempotency.running(key) if key is not None else nullcontext():
        world.stopping.wait(delay_seconds)
        return route.view(call)


def _body(incoming: Request) -> JsonObject:
    return parse_body(incoming.get_data(), incoming.headers.get("Content-Type", ""))


def _hang_up(world: World, seconds: float) -> Response:
    # Holding is waiting for the end of the process, so that a stop need not wait for the hold.
    world.stopping.wait(seconds)
    request.environ[HANG_UP] = True
    return Response()


def _json(body: JsonObject, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json")
