"""The circuit breaker around real calls: what opens it, what does not, and that an open one calls nobody."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev import ports
from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable
from gateway.providers.circuit import CircuitState
from gateway.providers.razorpay import RazorpayProvider
from tests.support.http_answers import answering, http
from tests.support.provider_calls import CALLS, EVERY_CALL, create_order, impatient_provider
from tests.support.raw_server import Conversation, conversing, head, own_certificate

FAILURES = 3
ORDER = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
REFUSAL = json.dumps({"error": {"code": "BAD_REQUEST_ERROR", "description": "The amount is wrong."}})
# The kinds, by a call of each.
KIND_OF_CALL = {
    "create_order": "order",
    "collect_by_upi": "order",
    "capture_payment": "capture",
    "create_refund": "refund",
}
CLOSED: dict[str, CircuitState] = dict.fromkeys(("look_up", "order", "capture", "refund"), "closed")


def breaking_provider(base_url: str, **settings: Any) -> RazorpayProvider:
    """Return an adapter whose circuits open after FAILURES, for long."""
    values = {
        "circuit_failures": FAILURES,
        "circuit_open_seconds": 100,
        "circuit_open_seconds_max": 100,
        "read_timeout_seconds": 0.1,
    }
    return impatient_provider(base_url, **values | settings)


def fail(call: Callable[[], Any], times: int, family: type[ProviderError]) -> None:
    """Call so often, with this error each time."""
    for _ in range(times):
        with pytest.raises(family):
            call()


def _break(talk: Conversation) -> None:
    talk.read_request()


def _answer(sent: bytes) -> Callable[[Conversation], None]:
    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(sent)

    return converse


FAILING: dict[str, tuple[Callable[[Conversation], None], type[ProviderError]]] = {
    "silence": (Conversation.stall, OutcomeUnknown),
    "broken connections": (_break, OutcomeUnknown),
    "a server error": (_answer(http(500, "{}")), OutcomeUnknown),
    "a page instead": (_answer(http(502, "<html>", "text/html")), OutcomeUnknown),
    "half an answer": (_answer(head(200, 50) + b"{"), OutcomeUnknown),
    "no JSON": (_answer(http(200, "<html>")), OutcomeUnknown),
    "a redirect": (_answer(head(302, 0, "Location: /elsewhere")), OutcomeUnknown),
}


@pytest.mark.parametrize(("converse", "family"), FAILING.values(), ids=FAILING)
def test_a_provider_that_keeps_failing_is_left_alone(
    converse: Callable[[Conversation], None], family: type[ProviderError]
) -> None:
    with conversing(converse) as server:
        provider = breaking_provider(server.base_url)
        fail(lambda: create_order(provider), FAILURES, family)
        before = server.connections

        with pytest.raises(ProviderUnavailable) as raised:
            create_order(provider)

    assert before == server.connections == FAILURES
    assert raised.value.http_status is None
    assert raised.value.description == "the provider is left alone for a moment: it was failing"
    assert raised.value.retry_after_seconds is not None
    assert 50 < raised.value.retry_after_seconds <= 125
    assert provider.circuits() == CLOSED | {"order": "open"}


def test_a_provider_that_cannot_be_reached_is_left_alone() -> None:
    provider = breaking_provider(f"http://127.0.0.1:{ports.free_port()}")

    fail(lambda: create_order(provider), FAILURES, ProviderUnavailable)

    assert provider.circuits() == CLOSED | {"order": "open"}


@EVERY_CALL
def test_the_kinds_of_calls_fail_apart(call: Callable[[RazorpayProvider], Any]) -> None:
    name = next(name for name, each in CALLS.items() if each is call)
    kind = KIND_OF_CALL.get(name, "look_up")
    with answering(lambda request: http(500, "{}")) as server:
        provider = breaking_provider(server.base_url)

        fail(lambda: call(provider), FAILURES, OutcomeUnknown)
        fail(lambda: call(provider), 1, ProviderUnavailable)

    assert provider.circuits() == CLOSED | {kind: "open"}
    assert len(server.requests) == FAILURES


WELL: dict[str, tuple[bytes, type[ProviderError]]] = {
    "a refusal": (http(400, REFUSAL), ProviderRejected),
    "an unknown route": (http(404, "<html>"), ProviderRejected),
    "wrong keys": (http(401, "{}"), ProviderUnavailable),
    "no right": (http(403, "{}"), ProviderUnavailable),
    "another request in progress": (
        http(409, json.dumps({"error": {"description": "Another request is in progress."}})),
        ProviderUnavailable,
    ),
}


@pytest.mark.parametrize(("sent", "family"), WELL.values(), ids=WELL)
def test_a_provider_that_says_no_is_well(sent: bytes, family: type[ProviderError]) -> None:
    with answering(lambda request: sent) as server:
        provider = breaking_provider(server.base_url)
        fail(lambda: create_order(provider), 3 * FAILURES, family)

    assert provider.circuits() == CLOSED
    assert len(server.requests) == 3 * FAILURES


def test_a_certificate_that_is_not_trusted_is_no_sign_of_a_failing_provider(tmp_path: Path) -> None:
    context: ssl.SSLContext = own_certificate(tmp_path)[0]
    with conversing(_answer(http(200, json.dumps(ORDER))), context) as server:
        provider = breaking_provider(server.base_url, connect_timeout_seconds=5)
        fail(lambda: create_order(provider), 2 * FAILURES, ProviderUnavailable)

    assert provider.circuits() == CLOSED
    assert server.requests == []


def test_after_its_pause_an_answer_brings_it_back() -> None:
    answers = [http(500, "{}")] * FAILURES + [http(200, json.dumps(ORDER))] * 3
    with answering(lambda request: answers.pop(0)) as server:
        provider = breaking_provider(server.base_url, circuit_open_seconds=1e-6)
        fail(lambda: create_order(provider), FAILURES, OutcomeUnknown)
        waiting = provider.circuits()["order"]

        orders = [create_order(provider).id for _ in range(3)]

    assert waiting == "half_open"
    assert orders == ["order_1"] * 3
    assert provider.circuits() == CLOSED


def test_after_a_rate_limit_the_kind_is_held_back_for_as_long_as_the_provider_wants() -> None:
    sent = head(429, 0, "Retry-After: 40")
    with answering(lambda request: sent) as server:
        provider = breaking_provider(server.base_url)
        with pytest.raises(ProviderUnavailable) as limited:
            create_order(provider)
        with pytest.raises(ProviderUnavailable) as held:
            create_order(provider)

    assert (limited.value.http_status, limited.value.retry_after_seconds) == (429, 40)
    assert held.value.http_status is None
    assert held.value.description == "the provider is left alone for a moment: it was called too often"
    assert held.value.retry_after_seconds is not None
    assert 30 < held.value.retry_after_seconds <= 50
    assert len(server.requests) == 1
    assert provider.circuits() == CLOSED | {"order": "open"}


def test_after_a_rate_limit_without_a_time_the_kind_is_held_back_for_a_default() -> None:
    with answering(lambda request: http(429, "<html>", "text/html")) as server:
        provider = breaking_provider(server.base_url, rate_limited_seconds=60)
        fail(lambda: create_order(provider), 3, ProviderUnavailable)

    assert len(server.requests) == 1


def test_our_own_mistake_in_a_call_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda request: http(200, json.dumps(ORDER))) as server:
        provider = breaking_provider(server.base_url, circuit_failures=1)
        monkeypatch.setattr("gateway.providers.razorpay_http._read_body", lambda response: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            create_order(provider)
        monkeypatch.undo()

        assert create_order(provider).id == "order_1"
