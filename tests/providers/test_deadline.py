"""A call ends at its deadline, whatever the server does with its bytes; and an answer has a longest size."""

import itertools
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderUnavailable
from gateway.providers.razorpay import RazorpayProvider
from gateway.providers.razorpay_http import ANSWER_BYTES_MAX
from tests.support.provider_calls import EVERY_CALL, create_order, impatient_provider
from tests.support.raw_server import Conversation, conversing, head, never_accepting, own_certificate
from tests.support.waiting import wait_until

DEADLINE_SECONDS = 0.6
# A machine that is busy; without a deadline these calls would take minutes.
SECONDS_MAX = 5
PAUSE_SECONDS = 0.05
ORDER = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
BODY = json.dumps(ORDER).encode()
LONG = b" " * 10_000


def provider_with_deadline(base_url: str) -> RazorpayProvider:
    """Return an adapter that waits long for each byte, but not for all of them."""
    return impatient_provider(
        base_url, connect_timeout_seconds=5, read_timeout_seconds=5, deadline_seconds=DEADLINE_SECONDS
    )


def _drip_status(talk: Conversation) -> None:
    talk.read_request()
    talk.drip(b"HTTP/1.1 200 " + b"O" * 10_000, PAUSE_SECONDS)


def _drip_headers(talk: Conversation) -> None:
    talk.read_request()
    talk.send(b"HTTP/1.1 200 OK\r\n")
    talk.drip(b"X-Header: x\r\n" * 1000, PAUSE_SECONDS)


def _drip_body(talk: Conversation) -> None:
    talk.read_request()
    talk.send(head(200, len(LONG)))
    talk.drip(LONG, PAUSE_SECONDS)


def _drip_chunks(talk: Conversation) -> None:
    talk.read_request()
    talk.send(head(200, None, "Transfer-Encoding: chunked"))
    talk.drip(b"1\r\n \r\n" * 10_000, PAUSE_SECONDS)


def _continue_for_ever(talk: Conversation) -> None:
    talk.read_request()
    talk.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, PAUSE_SECONDS / 10)


def _stall_in_the_body(talk: Conversation) -> None:
    talk.read_request()
    talk.send(head(200, len(BODY)) + BODY[:20])
    talk.stall()


SLOW = [
    _drip_status,
    _drip_headers,
    _drip_body,
    _drip_chunks,
    _continue_for_ever,
    _stall_in_the_body,
]
EVERY_SLOWNESS = pytest.mark.parametrize("converse", SLOW, ids=lambda each: each.__name__.strip("_"))


def _seconds_until_unknown(call: Callable[[RazorpayProvider], Any], provider: RazorpayProvider) -> float:
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as raised:
        call(provider)
    assert raised.value.description == "the provider did not answer in time"
    assert raised.value.answered is False
    return time.monotonic() - started


@EVERY_SLOWNESS
def test_a_server_that_answers_slowly_holds_no_call_beyond_its_deadline(
    converse: Callable[[Conversation], None],
) -> None:
    threads = threading.active_count()
    with conversing(converse) as server:
        seconds = _seconds_until_unknown(create_order, provider_with_deadline(server.base_url))

    assert DEADLINE_SECONDS <= seconds < SECONDS_MAX
    assert len(server.requests) == 1
    assert threading.active_count() == threads


@EVERY_CALL
def test_every_call_has_the_deadline(call: Callable[[RazorpayProvider], Any]) -> None:
    with conversing(_drip_body) as server:
        seconds = _seconds_until_unknown(call, provider_with_deadline(server.base_url))

    assert DEADLINE_SECONDS <= seconds < SECONDS_MAX


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The context of a server whose certificate the adapter trusts."""
    context, trusted = own_certificate(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(trusted))
    return context


@EVERY_SLOWNESS
def test_the_deadline_holds_under_tls(converse: Callable[[Conversation], None], tls: ssl.SSLContext) -> None:
    with conversing(converse, tls) as server:
        seconds = _seconds_until_unknown(create_order, provider_with_deadline(server.base_url))

    assert DEADLINE_SECONDS <= seconds < SECONDS_MAX
    assert len(server.requests) == 1


def test_a_tls_handshake_that_never_ends_means_that_nothing_was_done(tls: ssl.SSLContext) -> None:
    # This server speaks no TLS, and waits for a request in plain text that never comes.
    with conversing(Conversation.stall) as server:
        provider = provider_with_deadline(server.base_url.replace("http://", "https://"))
        started = time.monotonic()
        with pytest.raises(ProviderUnavailable) as raised:
            create_order(provider)
        seconds = time.monotonic() - started

    assert raised.value.http_status is None
    assert DEADLINE_SECONDS <= seconds < SECONDS_MAX
    assert server.requests == []


def _answer_everything(talk: Conversation) -> None:
    while talk.read_request():
        talk.send(head(200, len(BODY)) + BODY)


def test_a_deadline_that_has_passed_leaves_the_connection_in_the_pool_alone(tls: ssl.SSLContext) -> None:
    with conversing(_answer_everything, tls) as server:
        provider = provider_with_deadline(server.base_url)
        create_order(provider)
        passed = time.monotonic() + DEADLINE_SECONDS
        wait_until(lambda: time.monotonic() > passed, "the first call's deadline")

        answers = [create_order(provider).id for _ in range(20)]

    assert answers == ["order_1"] * 20
    assert (server.connections, len(server.requests)) == (1, 21)


def test_a_short_wait_at_the_end_of_one_call_does_not_shorten_the_next() -> None:
    """A socket keeps the timeout that was last set on it."""

    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(head(200, len(BODY)))
        talk.drip(BODY, DEADLINE_SECONDS * 0.7 / len(BODY))
        talk.read_request()
        talk.drip(b"H", DEADLINE_SECONDS * 0.7)
        talk.send((head(200, len(BODY)) + BODY)[1:])

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url, read_timeout_seconds=5, deadline_seconds=5)
        assert [create_order(provider).id for _ in range(2)] == ["order_1"] * 2

    assert server.connections == 1


def _endless(talk: Conversation) -> None:
    talk.read_request()
    talk.send(head(200, None))
    for _ in itertools.count():
        talk.send(b" " * 65536)


def _too_long_in_gzip(talk: Conversation) -> None:
    talk.read_request()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(b" " * (ANSWER_BYTES_MAX * 20)) + packer.flush()
    talk.send(head(200, len(packed), "Content-Encoding: gzip") + packed)
    talk.stall()


@pytest.mark.parametrize("converse", [_endless, _too_long_in_gzip], ids=["endless", "unpacked"])
def test_an_answer_without_an_end_is_an_unknown_outcome(converse: Callable[[Conversation], None]) -> None:
    with conversing(converse) as server, pytest.raises(OutcomeUnknown) as raised:
        create_order(impatient_provider(server.base_url, read_timeout_seconds=10))

    assert raised.value.description == "the provider's answer does not end"
    assert raised.value.answered is False
    assert len(server.requests) == 1


def test_a_long_answer_is_read() -> None:
    padded = BODY + b" " * (ANSWER_BYTES_MAX - len(BODY))

    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(head(200, len(padded)) + padded)

    with conversing(converse) as server:
        assert create_order(impatient_provider(server.base_url, read_timeout_seconds=10)).id == "order_1"


def test_a_host_whose_addresses_do_not_answer_is_given_up_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = impatient_provider(
        "http://many.example", connect_timeout_seconds=0.2, deadline_seconds=DEADLINE_SECONDS
    )
    with never_accepting() as silent:
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 50)
        started = time.monotonic()
        with pytest.raises(ProviderUnavailable):
            create_order(provider)
        seconds = time.monotonic() - started

    assert DEADLINE_SECONDS <= seconds < SECONDS_MAX


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with conversing(_answer_everything) as server, socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        addresses = [refusing.getsockname(), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        answer = create_order(impatient_provider("http://two.example"))
        monkeypatch.undo()

    assert answer.id == "order_1"
    assert len(server.requests) == 1
