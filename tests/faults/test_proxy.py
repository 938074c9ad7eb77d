"""The proxy that breaks connections for the other tests of this suite breaks them as it says."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.support.proxy import Proxy
from tests.support.proxy_modes import CloseAfter, Delay, Drip, HalfClose, Mode, Refuse, Reset, Stall
from tests.support.waiting import wait_until

ANSWER = b"0123456789"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before a server that answers each message with ten bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            while connection.recv(1024):
                connection.sendall(ANSWER)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    proxy = Proxy(listener.getsockname())
    yield proxy
    proxy.close()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(10)


def connected(proxy: Proxy) -> socket.socket:
    """Return a connection through the proxy over which one answer has come."""
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    client.sendall(b"?")
    assert received(client) == ANSWER
    return client


def received(client: socket.socket) -> bytes:
    """Return what comes until there are ten bytes, or until the end."""
    data = b""
    while len(data) < len(ANSWER) and (more := client.recv(1024)):
        data += more
    return data


def test_it_refuses_new_connections_resets_open_ones_and_listens_again(proxy: Proxy) -> None:
    with connected(proxy) as client, proxy.broken(Refuse()):
        with pytest.raises(ConnectionError):
            client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    connected(proxy).close()


def test_it_stalls_and_then_delivers_what_was_sent_meanwhile(proxy: Proxy) -> None:
    with connected(proxy) as client:
        with proxy.broken(Stall()):
            client.sendall(b"?")
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
        client.settimeout(5)
        assert received(client) == ANSWER


@pytest.mark.parametrize(("mode", "bytes_of_answer"), [(HalfClose(), b""), (CloseAfter(4), ANSWER[:4])])
def test_it_ends_an_answer_early(proxy: Proxy, mode: Mode, bytes_of_answer: bytes) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client, proxy.broken(mode):
        client.sendall(b"?")

        assert received(client) == bytes_of_answer


def test_it_resets_where_the_answer_should_come(proxy: Proxy) -> None:
    with connected(proxy) as client, proxy.broken(Reset()):
        client.sendall(b"?")

        with pytest.raises(ConnectionResetError):
            client.recv(1)


@pytest.mark.parametrize(("mode", "seconds"), [(Drip(0.03), 0.25), (Delay(0.3), 0.3)])
def test_it_slows_answers_down(proxy: Proxy, mode: Mode, seconds: float) -> None:
    with connected(proxy) as client, proxy.broken(mode):
        began = monotonic()
        client.sendall(b"?")

        assert received(client) == ANSWER
        assert monotonic() - began >= seconds


def test_it_forgets_connections_that_are_over(proxy: Proxy) -> None:
    for _ in range(3):
        connected(proxy).close()

    wait_until(lambda: not proxy._links, "the end of the connections")
    assert proxy.connections == 3
