"""A TCP proxy between our processes and a server, which breaks the connections that go through it: the server
itself stays well, so that a test can look at it meanwhile.

`Proxy.mode` may be changed at any moment, and holds for open connections as well as for new ones.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

from tests.support.mongodb_errors import refusal, write_in
from tests.support.proxy_modes import (
    CloseAfter,
    Delay,
    Drip,
    HalfClose,
    Mode,
    Pass,
    Refuse,
    RefuseWrites,
    Reset,
    Stall,
)

CHUNK_BYTES = 64 * 1024
JOIN_SECONDS_MAX = 10.0
LINGER_OFF = struct.pack("ii", 1, 0)


class Proxy:
    """A listening proxy. target: the server's host and port."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.connections = 0
        self._mode: Mode = Pass()
        self._changed = threading.Condition()
        self._links: set[_Link] = set()
        self._closed = False
        self._listener = _listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = self._start_accepting()

    @property
    def mode(self) -> Mode:
        """Return what happens to connections now."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        was_refusing = isinstance(self._mode, Refuse)
        with self._changed:
            self._mode = mode
            self._changed.notify_all()
        if isinstance(mode, Refuse) and not was_refusing:
            self._stop_accepting()
            self.cut()
        elif was_refusing and not isinstance(mode, Refuse):
            self._listener = _listen(self.port)
            self._acceptor = self._start_accepting()

    @property
    def ports_at_the_server(self) -> set[int]:
        """Return the ports from which the open connections reach the server."""
        return {port for link in tuple(self._links) if (port := link.port_at_the_server)}

    @contextlib.contextmanager
    def broken(self, mode: Mode) -> Iterator[None]:
        """Break connections in this way while the block runs."""
        self.mode = mode
        try:
            yield
        finally:
            self.mode = Pass()

    def cut(self) -> None:
        """Reset every connection that is open now."""
        for link in tuple(self._links):
            link.reset()

    def close(self) -> None:
        """Stop, and end all connections."""
        self._closed = True
        if not isinstance(self._mode, Refuse):
            self._stop_accepting()
        self.mode = Pass()
        for link in tuple(self._links):
            link.reset()
            link.join()

    def wait_while_stalled(self) -> None:
        """Return once bytes may move."""
        with self._changed:
            self._changed.wait_for(lambda: not isinstance(self._mode, Stall) or self._closed)

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until the mode changes."""
        mode = self._mode
        with self._changed:
            self._changed.wait_for(lambda: self._mode != mode, timeout=seconds)

    def forget(self, link: "_Link") -> None:
        """Take note that a connection is over."""
        self._links.discard(link)

    def _start_accepting(self) -> threading.Thread:
        thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        thread.start()
        return thread

    def _stop_accepting(self) -> None:
        # Closing a listener does not wake the thread that waits on it; shutting it down does.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(JOIN_SECONDS_MAX)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            link = _Link(self, client)
            self._links.add(link)
            link.start()


class _Link:
    """One connection through the proxy: a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server: socket.socket | None = None
        self._answer_bytes = 0
        self._is_reset = False
        self._replacement: bytes | None = None
        self._threads = [threading.Thread(target=self._run, daemon=True)]

    @property
    def port_at_the_server(self) -> int | None:
        """Return the port from which the server sees the connection, or None when it does not."""
        try:
            return int(self._server.getsockname()[1]) if self._server else None
        except OSError:
            return None

    def start(self) -> None:
        """Connect to the server, and begin to pass bytes."""
        self._threads[0].start()

    def join(self) -> None:
        """Wait for the end of the threads."""
        for thread in self._threads:
            thread.join(JOIN_SECONDS_MAX)

    def reset(self) -> None:
        """Break the connection off on both sides."""
        self._is_reset = True
        for end in (self._client, self._server):
            if end is not None:
                _reset(end)

    def _run(self) -> None:
        try:
            self._proxy.wait_while_stalled()
            self._server = socket.create_connection(self._proxy.target)
            answers = threading.Thread(target=self._pass_answers, args=(self._server,), daemon=True)
            self._threads.append(answers)
            answers.start()
            self._pass_requests(self._server)
            answers.join()
        except OSError:
            _reset(self._client)
        finally:
            for end in (self._client, self._server):
                if end is not None:
                    end.close()
            self._proxy.forget(self)

    def _pass_requests(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(CHUNK_BYTES):
                self._proxy.wait_while_stalled()
                if not self._refuse_write(data):
                    server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _refuse_write(self, data: bytes) -> bool:
        """Answer a write with an error, if the mode has it so. Returns whether the server is not to hear of
        it; otherwise its answer is the one that is replaced."""
        mode = self._proxy.mode
        request_id = write_in(data) if isinstance(mode, RefuseWrites) else None
        if not isinstance(mode, RefuseWrites) or request_id is None:
            return False
        answer = refusal(request_id, mode.error)
        if mode.has_effect:
            self._replacement = answer
            return False
        self._client.sendall(answer)
        return True

    def _pass_answers(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(CHUNK_BYTES):
                self._proxy.wait_while_stalled()
                if not self._answer(data):
                    return
            if not self._is_reset:
                # An orderly end, told to a client whose connection is being broken, would be heard first.
                self._client.shutdown(socket.SHUT_WR)

    def _answer(self, data: bytes) -> bool:
        """Pass a piece of an answer on as the mode has it. Returns False when that was the last."""
        mode = self._proxy.mode
        if self._replacement is not None:
            data, self._replacement = self._replacement, None
        if isinstance(mode, Reset | Refuse):
            self.reset()
            return False
        if isinstance(mode, HalfClose):
            self._client.shutdown(socket.SHUT_WR)
            return False
        if isinstance(mode, CloseAfter):
            left = max(0, mode.answer_bytes - self._answer_bytes)
            self._client.sendall(data[:left])
            self._answer_bytes += min(left, len(data))
            if left <= len(data):
                self._client.shutdown(socket.SHUT_RDWR)
                return False
            return True
        if isinstance(mode, Delay):
            self._proxy.pause(mode.seconds)
        if isinstance(mode, Drip):
            return self._drip(data, mode)
        self._client.sendall(data)
        return True

    def _drip(self, data: bytes, mode: Drip) -> bool:
        for position in range(len(data)):
            if self._proxy.mode != mode:
                self._client.sendall(data[position:])
                return True
            self._client.sendall(data[position : position + 1])
            self._proxy.pause(mode.pause_seconds)
        return True


def _listen(port: int) -> socket.socket:
    """Listen on the loopback address. The port of a proxy that refused for a while may be slow to be free."""
    deadline = time.monotonic() + JOIN_SECONDS_MAX
    while True:
        try:
            return socket.create_server(("127.0.0.1", port), backlog=256)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _reset(end: socket.socket) -> None:
    """End a connection at once, with a reset. A thread that reads from it is woken first, by an end that the
    other side is not told of, because a socket lives for as long as anybody waits on it."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
        end.shutdown(socket.SHUT_RD)
    end.close()
