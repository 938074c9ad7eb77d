"""Gunicorn's worker, answering what never becomes a request in the documented shape of an error, and letting
go of clients that do not read their answers."""

import json
import socket
import struct
from typing import Any

import structlog
from gunicorn import util
from gunicorn.http import errors as http_errors
from gunicorn.workers.gthread import ThreadWorker

from config.settings import Settings
from gateway.api.errors import CODE_OF_STATUS

UNPARSABLE = {
    http_errors.LimitRequestLine: (414, "URI Too Long", "The address is too long."),
    http_errors.LimitRequestHeaders: (
        431,
        "Request Header Fields Too Large",
        "The headers are too many or too long.",
    ),
}
BAD_REQUEST = (400, "Bad Request", "This is not a well-formed HTTP request.")

log = structlog.get_logger(__name__)


class DocumentedErrorsWorker(ThreadWorker):
    """A threaded worker whose own refusals look like every other error of the API."""

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, and let go of a client that leaves the answer unread: a thread that writes to it
        would wait for ever, and answer nobody else."""
        seconds = Settings.from_env().send_timeout_seconds
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", seconds, 0))
        try:
            return super().handle_request(req, conn)
        except BlockingIOError:
            log.warning("request.client_reads_nothing", seconds=seconds)
            return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that could not be parsed, and close. Other errors are gunicorn's to handle.
        Nothing of the request is echoed or logged, since it may hold a token."""
        if not isinstance(exc, http_errors.ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status, reason, sentence = UNPARSABLE.get(type(exc), BAD_REQUEST)
        log.warning("request.unparsable", status=status, error=type(exc).__name__)
        body = json.dumps(
            {"success": False, "error": sentence, "code": CODE_OF_STATUS[status], "details": {}}
        )
        head = (
            f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, (head + body).encode("latin-1"))
        except OSError:
            # The client has gone; there is nobody left to tell.
            log.info("request.client_gone", status=status)
