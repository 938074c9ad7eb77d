"""A tiny HTTP server for a test, which answers as a provider's sandbox never would."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[bytes], bytes | None]


def http(status: int, body: str, content_type: str = "application/json") -> bytes:
    """Return a whole HTTP answer."""
    raw = body.encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def body_of(request: bytes) -> bytes:
    """Return a raw request's body."""
    return request.partition(b"\r\n\r\n")[2]


class Answers:
    """A running server: its address, and the raw requests that it has got."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads = [threading.Thread(target=self._accept)]
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._ended.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request = _read(connection)
            self.requests.append(request)
            answer = self._answer(request)
            if answer is None:
                self._ended.wait(20)
            else:
                connection.sendall(answer)

    def close(self) -> None:
        """Stop, and let go of the connections that are held."""
        self._ended.set()
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()


def _read(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def answering(answer: Answer) -> Iterator[Answers]:
    """Serve while the block runs. answer: gets the raw request and returns the raw answer, or None to hold
    the connection open without one."""
    server = Answers(answer)
    try:
        yield server
    finally:
        server.close()
