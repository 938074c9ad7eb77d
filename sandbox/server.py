"""The HTTP server: a thread for each connection, keep-alive, one write per answer, and a way to hang up.

The standard library's server is used because a fault must be able to drop its connection without an answer,
or to hold it for long, and no other connection may notice.
"""

import io
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

BODY_BYTES_MAX = 1_000_000
IDLE_SECONDS_MAX = 300
# A view sets this in the WSGI environment to have the connection closed without an answer.
HANG_UP = "sandbox.hang_up"
# A view sets this to have its answer written piece by piece, for as long as there is more.
STREAM = "sandbox.stream"
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Server(ThreadingHTTPServer):
    """Listens as soon as it is made. Raises OSError when the port is taken."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.app: WsgiApp | None = None
        self._busy = 0
        self._idle = threading.Condition()

    def server_bind(self) -> None:
        """Bind without the base class's reverse DNS look-up, which can take seconds without a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; report everything else as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def answering(self, change: int) -> None:
        """Count calls that are being answered."""
        with self._idle:
            self._busy += change
            self._idle.notify_all()

    def wait_until_answered(self, seconds: float) -> None:
        """Wait for the calls under way, but not longer than so many seconds."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, seconds)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without this a small answer can wait 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS_MAX
    server: Server

    def serve(self) -> None:
        """Read one request, let the app answer it, and write the answer at once."""
        body = self._read_body()
        if body is None:
            return
        self.server.answering(+1)
        try:
            self._answer(self._environ(body))
        finally:
            self.server.answering(-1)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing for each request: GET /sandbox/requests tells it better."""

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        if not length.isascii() or not length.isdigit():
            self._refuse(HTTPStatus.BAD_REQUEST)
            return None
        if int(length) > BODY_BYTES_MAX:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus) -> None:
        # The unread body would be taken for the next request, so the connection ends here.
        self.close_connection = True
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.wfile.write(head.encode())

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _answer(self, environ: dict[str, Any]) -> None:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started[:] = [status, headers]

        assert self.server.app is not None
        pieces = self.server.app(environ, start_response)
        try:
            self._write(environ, pieces, *started)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _write(
        self, environ: dict[str, Any], pieces: Iterable[bytes], status: str, headers: list[tuple[str, str]]
    ) -> None:
        is_stream = bool(environ.get(STREAM))
        body = b"" if is_stream else b"".join(pieces)
        if environ.get(HANG_UP):
            self.close_connection = True
            return
        # A stream has no length, so its end is the end of the connection.
        self.close_connection = self.close_connection or is_stream
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)
        if is_stream and self.command != "HEAD":
            for piece in pieces:
                self.wfile.write(piece)
