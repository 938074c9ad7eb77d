"""Controls that tell what happened: as a list, and as a stream of server-sent events.

The stream is for an ordinary EventSource: `id` is the number, `data` the happening as JSON. A browser that
lost its connection sends the last number back and gets what it missed, as far as that is still kept.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from flask import Response, request

from sandbox.control.request import Control, collection, limit
from sandbox.control_errors import ControlError
from sandbox.happenings import KEPT_HAPPENINGS, LISTENERS_MAX, Happenings, TooManyListeners
from sandbox.server import STREAM

JsonObject = dict[str, Any]
LIMIT_DEFAULT = 100
# Comments that keep the connection alive, and show the sandbox a listener that has gone.
HEARTBEAT_SECONDS = 10.0
RECONNECT_MILLISECONDS = 1000
BATCH_MAX = 200


def every(control: Control) -> JsonObject:
    """Answer GET /sandbox/happenings: newest first, or, after a number, oldest first."""
    wanted = limit(control, LIMIT_DEFAULT, KEPT_HAPPENINGS)
    after = _number(control.query.get("after"))
    happenings = control.world.happenings
    return collection(happenings.newest_first(wanted) if after is None else happenings.after(after, wanted))


def stream(control: Control) -> Response:
    """Answer GET /sandbox/happenings/stream: what comes after a number, or from now on, without an end."""
    happenings = control.world.happenings
    # A browser that connects again repeats the address it began with, so its own number counts more.
    after = _number(request.headers.get("Last-Event-ID") or control.query.get("after"))
    place = ExitStack()
    try:
        place.enter_context(happenings.listening())
    except TooManyListeners:
        raise ControlError(f"{LISTENERS_MAX} listeners follow the stream already", status=503) from None
    lines = server_sent_events(happenings, happenings.newest_seq() if after is None else after)
    response = Response(lines, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(place.close)
    request.environ[STREAM] = True
    return response


def server_sent_events(
    happenings: Happenings, after: int, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> Iterator[bytes]:
    """Write happenings as they come, until the sandbox stops. Each piece is a whole number of events."""
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
    while not happenings.is_closed:
        found = happenings.wait_after(after, BATCH_MAX, heartbeat_seconds)
        if found:
            after = found[-1]["seq"]
            yield "".join(f"id: {one['seq']}\ndata: {json.dumps(one)}\n\n" for one in found).encode()
        else:
            yield b": still here\n\n"


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ControlError(f"after must be the number of a happening: {text!r}", "after")
    return int(text)
