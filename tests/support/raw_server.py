"""A server for a test that decides over every byte: what it answers, how slowly, and how it breaks off."""

import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# Closing with it resets the connection.
LINGER_FOR_NOTHING = struct.pack("ii", 1, 0)


class Conversation:
    """One connection of a client, from the server's side."""

    def __init__(self, connection: socket.socket, ended: threading.Event, requests: list[bytes]) -> None:
        self.connection = connection
        self._ended = ended
        self._requests = requests

    def read_request(self) -> bytes | None:
        """Return the next request with its body; None when the client sends none any more."""
        received = b""
        while b"\r\n\r\n" not in received:
            more = self.connection.recv(65536)
            if not more:
                return None
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += self.connection.recv(65536)
        self._requests.append(head + b"\r\n\r\n" + body)
        return self._requests[-1]

    def send(self, data: bytes) -> None:
        """Send all of it at once."""
        self.connection.sendall(data)

    def drip(self, data: bytes, pause_seconds: float) -> None:
        """Send byte after byte, until the test is over or the client has gone."""
        for position in range(len(data)):
            if self._ended.wait(pause_seconds):
                return
            self.send(data[position : position + 1])

    def stall(self) -> None:
        """Do nothing until the test is over."""
        self._ended.wait(20)

    def reset(self) -> None:
        """Break the connection off, so that the client's next read fails."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_FOR_NOTHING)
        self.connection.close()


class RawServer:
    """A running server: its address, the requests it has read, and how many connections it has accepted."""

    def __init__(self, converse: Callable[[Conversation], None], tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._converse = converse
        self._tls = tls
        self._ended = threading.Event()
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._ended.is_set():
                connection.close()
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        # The client may go at any moment: that is what these tests are about.
        with connection, suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._held.append(connection)
                self._converse(Conversation(connection, self._ended, self.requests))

    def close(self) -> None:
        """Stop, and let go of the connections that are held."""
        self._ended.set()
        for connection in self._held:
            # One that is over already cannot be shut down.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()


@contextmanager
def conversing(
    converse: Callable[[Conversation], None], tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """Serve while the block runs; `converse` has each connection to itself, in a thread."""
    server = RawServer(converse, tls)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def never_accepting() -> Iterator[tuple[str, int]]:
    """Hold an address at which a connection is neither made nor refused."""
    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # A full queue of unaccepted connections makes the next one wait.
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


def head(status: int, length: int | None, *headers: str) -> bytes:
    """Return the head of a JSON answer that keeps the connection alive; length None for none at all."""
    lines = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def own_certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for 127.0.0.1, and the certificate that a client would have to trust."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
