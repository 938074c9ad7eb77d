"""What happens around every request: its id, its log line, and headers that keep browsers careful."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")

View = TypeVar("View", bound=Callable[..., Any])

TAKES_EVENTS = "_takes_events"
HSTS = "max-age=31536000"

log = structlog.get_logger(__name__)


def register(app: Flask) -> None:
    """Give every request an id, which its log lines, history entries and answer carry."""
    app.before_request(_begin)
    app.after_request(_finish)


def takes_events(view: View) -> View:
    """Mark a view as taking the provider's events, which may be larger than a client's request."""
    setattr(view, TAKES_EVENTS, True)
    return view


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.match(given) else uuid.uuid4().hex
    g.started_at = time.time()
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if getattr(current_app.view_functions.get(request.endpoint or ""), TAKES_EVENTS, False):
        request.max_content_length = current_app.config["WEBHOOK_BODY_BYTES_MAX"]


def refuse_a_body_cut_off() -> None:
    """Answer 413 to a chunked body over the limit. Werkzeug would hand on its beginning as if it were all."""
    if "Transfer-Encoding" not in request.headers:
        return
    is_full = len(request.get_data()) == request.max_content_length
    if is_full and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    log.info(
        "request.done",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
    )
    return response
