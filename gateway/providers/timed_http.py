"""Connections on which a call has a deadline as a whole, and that know whether anything of it was sent.

A socket's own timeout starts anew with every byte, so a server that sends one byte a second could hold a call
for ever. Here the socket waits, each time, no longer than what is left of the call. That takes no thread and
no timer, holds for TLS as well, and leaves a connection alone once it has gone back to the pool.
"""

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from gateway.providers.calls import CallLimits


@dataclass
class TimedCall:
    """One call under way. is_unsent: nothing of it can have reached the server yet; false until that is
    certain, and again from the first byte on."""

    limits: CallLimits
    is_unsent: bool = False
    ends_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.ends_at = time.monotonic() + self.limits.total_seconds

    def seconds(self, most: float) -> float:
        """Return how long to wait for the next thing: `most`, or what is left. Raises TimeoutError when
        nothing is left."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call has reached its deadline")
        return min(most, left)


# Of this thread: the connection is made, written and read by the thread that makes the call.
_current: ContextVar[TimedCall] = ContextVar("timed_call")


@contextmanager
def timed(limits: CallLimits) -> Iterator[TimedCall]:
    """Hold what this thread sends and reads in the block, through a `TimedAdapter`, to the limits."""
    call = TimedCall(limits)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


class _TimedReader(io.RawIOBase):
    """Reads a socket, each time for no longer than the call has left."""

    def __init__(self, sock: socket.socket, call: TimedCall) -> None:
        self._socket = sock
        self._call = call
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._call.seconds(self._call.limits.read_seconds))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer whose status line, headers and body are all read within the call's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, _current.get()))


class _TimedConnection(HTTPConnection):
    """A connection that serves one call at a time, each within its own limits."""

    response_class = _TimedResponse

    def request(self, *args: Any, **options: Any) -> None:
        _current.get().is_unsent = True
        super().request(*args, **options)

    def connect(self) -> None:
        _current.get().is_unsent = True
        super().connect()

    def send(self, data: Any) -> None:
        call = _current.get()
        if self.sock is None:
            self.connect()
        # The socket still has the timeout that the last call on it ended with.
        self.sock.settimeout(call.seconds(call.limits.read_seconds))
        call.is_unsent = False
        super().send(data)

    def _new_conn(self) -> socket.socket:
        """Connect to the first of the host's addresses that answers. Several that do not answer may take
        several connect timeouts, but not more than the call has."""
        call = _current.get()
        try:
            # Nothing can interrupt it; how long it waits is said in resolv.conf. It uses up the call's time.
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        problem = OSError("the host has no address")
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(call.seconds(call.limits.connect_seconds))
                sock.connect(address)
                # For the TLS handshake, if there is one.
                sock.settimeout(call.seconds(call.limits.connect_seconds))
            except OSError as error:
                sock.close()
                problem = error
            else:
                return sock
        raise NewConnectionError(self, f"no connection could be made: {problem}") from problem


class _TimedTlsConnection(_TimedConnection, HTTPSConnection):
    """The same with TLS."""


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTlsConnection


class TimedAdapter(HTTPAdapter):
    """Keeps connections alive for calls that are made inside `timed`.

    A connection that the server has closed meanwhile is replaced before anything is sent on it. Nothing is
    ever sent twice: when the server closes it at the very moment, the outcome is unknown. More threads than
    the pool keeps connections are not made to wait; what they open besides is closed after use.
    """

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of timed connections."""
        super().init_poolmanager(*args, **options)
        pools = {"http": _TimedPool, "https": _TimedTlsPool}
        self.poolmanager.pool_classes_by_scheme = pools
