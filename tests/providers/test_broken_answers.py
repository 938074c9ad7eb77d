"""Answers that break off, lie about their length, point elsewhere, or are none: what each of them means."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable
from gateway.providers.razorpay import RazorpayProvider
from tests.support.http_answers import answering, http
from tests.support.provider_calls import EVERY_CALL, create_order, impatient_provider
from tests.support.raw_server import Conversation, conversing, head

BODY = json.dumps(
    {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
).encode()
REFUSAL = b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "The amount is wrong."}}'
CHUNKED = "Transfer-Encoding: chunked"
BROKE = "the connection to the provider broke before it answered"
LATE = "the provider did not answer in time"
UNREADABLE = "the provider's answer could not be read"


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


# What the server sends before it closes its side; what comes of it.
BROKEN_SUCCESSES = {
    "nothing": (b"", BROKE),
    "half a status line": (b"HTTP/1.1 2", BROKE),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", BROKE),
    "half a head": (head(200, 5)[:30], BROKE),
    "half a body": (head(200, len(BODY)) + BODY[:30], BROKE),
    "less than it says": (head(200, len(BODY) + 1) + BODY, BROKE),
    "more than it says": (head(200, len(BODY) - 1) + BODY, UNREADABLE),
    "a length of letters": (head(200, None, "Content-Length: many") + BODY[:-1], UNREADABLE),
    "two lengths": (head(200, len(BODY), "Content-Length: 3") + BODY, BROKE),
    "chunks without an end": (head(200, None, CHUNKED) + chunk(BODY), BROKE),
    "half a chunk": (head(200, None, CHUNKED) + chunk(BODY)[:40], BROKE),
    "chunks without sizes": (head(200, None, CHUNKED) + b"zz\r\n" + BODY, BROKE),
    "no gzip": (head(200, len(BODY), "Content-Encoding: gzip") + BODY, UNREADABLE),
    "no content": (head(204, None), UNREADABLE),
    "an empty body": (head(200, 0), UNREADABLE),
    "JSON that is too deep": (head(200, 200_000) + b"[" * 200_000, UNREADABLE),
}


@EVERY_CALL
@pytest.mark.parametrize(("sent", "said"), BROKEN_SUCCESSES.values(), ids=BROKEN_SUCCESSES)
def test_a_success_that_breaks_is_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any], sent: bytes, said: str
) -> None:
    with answering(lambda request: sent) as server, pytest.raises(OutcomeUnknown) as raised:
        call(impatient_provider(server.base_url, read_timeout_seconds=5))

    error = raised.value
    assert error.description in (said, UNREADABLE)
    assert (error.answered, error.http_status, error.retry_after_seconds) == (False, None, None)
    assert len(server.requests) == 1


BROKEN_ERRORS = {
    "half a refusal": (head(400, len(REFUSAL)) + REFUSAL[:30], 400, OutcomeUnknown),
    "half a server error": (head(500, 100) + b"{", 500, OutcomeUnknown),
    "half a page": (head(502, None, CHUNKED) + chunk(b"<html>"), 502, OutcomeUnknown),
    "a refusal in no gzip": (head(400, 9, "Content-Encoding: gzip") + b"{" * 9, 400, OutcomeUnknown),
    "half a rate limit": (head(429, 100) + b"{", 429, ProviderUnavailable),
    "half a refused key": (head(401, 100) + b"{", 401, ProviderUnavailable),
}


@pytest.mark.parametrize(("sent", "status", "family"), BROKEN_ERRORS.values(), ids=BROKEN_ERRORS)
def test_an_error_that_breaks_keeps_its_status_and_is_not_final(
    sent: bytes, status: int, family: type[ProviderError]
) -> None:
    with answering(lambda request: sent) as server, pytest.raises(ProviderError) as raised:
        create_order(impatient_provider(server.base_url))

    assert type(raised.value) is family
    assert raised.value.http_status == status
    assert len(server.requests) == 1


def test_an_error_that_breaks_still_says_when_to_come_again() -> None:
    sent = head(429, 100, "Retry-After: 7") + b"{"

    with answering(lambda request: sent) as server, pytest.raises(ProviderUnavailable) as raised:
        create_order(impatient_provider(server.base_url))

    assert raised.value.retry_after_seconds == 7


def _close_sending_side(talk: Conversation) -> None:
    talk.read_request()
    talk.connection.shutdown(socket.SHUT_WR)
    talk.stall()


def _close_receiving_side(talk: Conversation) -> None:
    talk.connection.shutdown(socket.SHUT_RD)
    talk.stall()


def _reset_after_reading(talk: Conversation) -> None:
    talk.read_request()
    talk.reset()


def _reset_in_the_answer(talk: Conversation) -> None:
    talk.read_request()
    talk.send(head(200, len(BODY)) + BODY[:20])
    talk.reset()


def _reset_at_once(talk: Conversation) -> None:
    talk.reset()


def _close_at_once(talk: Conversation) -> None:
    talk.connection.close()


BREAKS: list[Callable[[Conversation], None]] = [
    _close_sending_side,
    _close_receiving_side,
    _reset_after_reading,
    _reset_in_the_answer,
]


@EVERY_CALL
@pytest.mark.parametrize("converse", BREAKS, ids=lambda each: each.__name__.strip("_"))
def test_a_connection_that_breaks_after_it_was_made_leaves_the_outcome_unknown(
    call: Callable[[RazorpayProvider], Any], converse: Callable[[Conversation], None]
) -> None:
    with conversing(converse) as server, pytest.raises(OutcomeUnknown) as raised:
        call(impatient_provider(server.base_url))

    assert raised.value.description in (BROKE, LATE)
    assert raised.value.answered is False
    assert server.connections == 1


@pytest.mark.parametrize("converse", [_reset_at_once, _close_at_once], ids=["reset", "closed"])
def test_a_connection_that_breaks_before_the_request_is_read_is_never_taken_for_a_refusal(
    converse: Callable[[Conversation], None],
) -> None:
    # Whether the break is noticed while connecting or afterwards is a matter of luck.
    with conversing(converse) as server, pytest.raises((OutcomeUnknown, ProviderUnavailable)) as raised:
        create_order(impatient_provider(server.base_url))

    assert raised.value.http_status is None
    assert (server.connections, server.requests) == (1, [])


REDIRECTS = [101, 301, 302, 303, 307, 308]


@EVERY_CALL
@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_never_followed(call: Callable[[RazorpayProvider], Any], status: int) -> None:
    with answering(lambda request: http(200, "{}")) as elsewhere:
        sent = head(status, 0, f"Location: {elsewhere.base_url}/v1/orders")
        with answering(lambda request: sent) as server, pytest.raises(OutcomeUnknown) as raised:
            call(impatient_provider(server.base_url))

    assert raised.value.http_status == status
    assert raised.value.description == f"the provider answered HTTP {status}"
    assert len(server.requests) == 1
    assert elsewhere.requests == []


@pytest.mark.parametrize("location", ["/v1/elsewhere", "http://[", "", "\x00", "ftp://example.com/", "//"])
def test_a_redirect_is_not_even_read(location: str) -> None:
    sent = head(302, len(BODY), f"Location: {location}") + BODY

    with answering(lambda request: sent) as server, pytest.raises(OutcomeUnknown) as raised:
        create_order(impatient_provider(server.base_url))

    assert raised.value.http_status == 302
    assert len(server.requests) == 1


LISTS = {"empty": "[]", "of objects": '[{"id": "order_1"}]', "of texts": '["order_1"]'}


@EVERY_CALL
@pytest.mark.parametrize("body", LISTS.values(), ids=LISTS)
def test_a_list_instead_of_an_object_is_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any], body: str
) -> None:
    with answering(lambda request: http(200, body)) as server, pytest.raises(OutcomeUnknown):
        call(impatient_provider(server.base_url))


@pytest.mark.parametrize("created_at", [10**20, -(10**20), 0, True, "soon", None, 1.5])
def test_an_order_from_no_known_time_is_an_unknown_outcome(created_at: Any) -> None:
    order = json.loads(BODY) | {"created_at": created_at}

    with answering(lambda request: http(200, json.dumps(order))) as server, pytest.raises(OutcomeUnknown):
        create_order(impatient_provider(server.base_url))


def test_a_receipt_that_is_no_text_is_nobodys() -> None:
    order = json.loads(BODY) | {"receipt": {"id": "RCP_1"}}

    with answering(lambda request: http(200, json.dumps(order))) as server:
        assert create_order(impatient_provider(server.base_url)).order_receipt is None


def test_a_refusal_in_json_is_final_whatever_its_type_says() -> None:
    answer = http(400, REFUSAL.decode(), "text/html")

    with answering(lambda request: answer) as server, pytest.raises(ProviderRejected) as raised:
        create_order(impatient_provider(server.base_url))

    assert (raised.value.code, raised.value.description) == ("BAD_REQUEST_ERROR", "The amount is wrong.")
