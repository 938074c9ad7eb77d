"""What each way of failing means: rejected, certainly not done, or unknown; and nothing is printed."""

import json
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from dev import ports
from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider
from tests.support.http_answers import answering, body_of, http

READ_TIMEOUT_SECONDS = 0.3


def _provider(base_url: str) -> RazorpayProvider:
    return RazorpayProvider(
        RazorpayAccount(key_id="rzp_test_1", key_secret="secret", webhook_secrets=("hook",)),
        base_url=base_url,
        connect_timeout_seconds=READ_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        connections_max=4,
    )


def _create_order(provider: RazorpayProvider) -> Any:
    return provider.create_order(amount_minor=100, currency="INR", order_receipt="RCP_1", notes={})


CALLS: dict[str, Callable[[RazorpayProvider], Any]] = {
    "create_order": _create_order,
    "find_order": lambda provider: provider.find_order(order_receipt="RCP_1"),
    "order_payments": lambda provider: provider.order_payments("order_1"),
    "fetch_payment": lambda provider: provider.fetch_payment("pay_1"),
    "capture_payment": lambda provider: provider.capture_payment("pay_1", amount_minor=1, currency="INR"),
    "create_refund": lambda provider: provider.create_refund(
        "pay_1", amount_minor=1, refund_id=str(uuid.uuid4()), notes={}
    ),
    "find_refund": lambda provider: provider.find_refund("pay_1", refund_id="r"),
    "fetch_refund": lambda provider: provider.fetch_refund("rfnd_1"),
}
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture(autouse=True)
def _prints_nothing(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The client prints on network errors; the adapter must not let it."""
    yield
    assert capfd.readouterr() == ("", "")


@EVERY_CALL
def test_a_refused_connection_means_that_nothing_was_done(call: Callable[[RazorpayProvider], Any]) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        call(_provider(f"http://127.0.0.1:{ports.free_port()}"))

    assert raised.value.http_status is None


@EVERY_CALL
def test_every_call_ends_at_its_time_limit_with_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any],
) -> None:
    with answering(lambda request: None) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as raised:
            call(_provider(server.base_url))
        seconds = time.monotonic() - started

    assert raised.value.answered is False
    assert seconds < 10 * READ_TIMEOUT_SECONDS
    assert len(server.requests) == 1


@EVERY_CALL
def test_a_connection_that_breaks_means_an_unknown_outcome(call: Callable[[RazorpayProvider], Any]) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    with answering(lambda request: half) as server, pytest.raises(OutcomeUnknown) as raised:
        call(_provider(server.base_url))

    assert raised.value.answered is False
    assert len(server.requests) == 1


def test_a_connection_closed_without_an_answer_means_an_unknown_outcome() -> None:
    with answering(lambda request: b"") as server, pytest.raises(OutcomeUnknown) as raised:
        _create_order(_provider(server.base_url))

    assert raised.value.answered is False
    assert len(server.requests) == 1


def test_a_connection_that_is_never_made_means_that_nothing_was_done() -> None:
    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # A full queue of unaccepted connections makes the next one wait.
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        with pytest.raises(ProviderUnavailable):
            _create_order(_provider(f"http://127.0.0.1:{listener.getsockname()[1]}"))


def test_an_unknown_host_means_that_nothing_was_done() -> None:
    with pytest.raises(ProviderUnavailable):
        _create_order(_provider("http://host.invalid"))


def _envelope(**error: Any) -> str:
    return json.dumps({"error": error})


NOT_APPLICABLE = {"source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
IN_PROGRESS = "Another request with the same idempotency key is still in progress."
OPERATION_IN_PROGRESS = "Request failed because another payment operation is in progress."
KEY_REUSED = "Different request with the same idempotency key has already been processed."
AMOUNT = {"code": "BAD_REQUEST_ERROR", "description": "The amount must be an integer.", "field": "amount"}
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
BAD = "BAD_REQUEST_ERROR"

ANSWERS: dict[str, tuple[int, str, type[ProviderError], tuple[str | None, str | None, str | None]]] = {
    "validation": (
        400,
        _envelope(**AMOUNT, reason="input_validation_failed"),
        ProviderRejected,
        (BAD, "amount", "input_validation_failed"),
    ),
    "unknown id": (
        400,
        _envelope(code=BAD, description="The id provided does not exist", **NOT_APPLICABLE),
        ProviderRejected,
        (BAD, None, None),
    ),
    "wrong keys": (
        401,
        _envelope(code=BAD, description="Authentication failed", field=None),
        ProviderRejected,
        (BAD, None, None),
    ),
    "unknown route": (
        404,
        '{"message": "no Route matched with those values"}',
        ProviderRejected,
        (None, None, None),
    ),
    "operation in progress": (
        400,
        _envelope(code=BAD, description=OPERATION_IN_PROGRESS),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "refund in progress": (
        409,
        _envelope(code=BAD, description=IN_PROGRESS, **NOT_APPLICABLE),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "key reused": (
        409,
        _envelope(code=BAD, description=KEY_REUSED, **NOT_APPLICABLE),
        ProviderRejected,
        (BAD, None, None),
    ),
    "rate limit": (
        429,
        _envelope(code=BAD, description="Request failed. Please try after sometime."),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "rate limit in HTML": (429, HTML, ProviderUnavailable, (None, None, None)),
    "rate limit in nothing": (429, "", ProviderUnavailable, (None, None, None)),
    "server error": (
        500,
        _envelope(code="SERVER_ERROR", description="The server encountered an error.", metadata=[]),
        OutcomeUnknown,
        ("SERVER_ERROR", None, None),
    ),
    "bank's error": (
        502,
        _envelope(code="GATEWAY_ERROR", description="The bank failed.", reason="gateway_technical_error"),
        OutcomeUnknown,
        ("GATEWAY_ERROR", None, "gateway_technical_error"),
    ),
    "HTML": (502, HTML, OutcomeUnknown, (None, None, None)),
    "JSON without an error": (500, "{}", OutcomeUnknown, (None, None, None)),
    "a list": (500, "[]", OutcomeUnknown, (None, None, None)),
    "error as text": (503, '{"error": "try later"}', OutcomeUnknown, (None, None, None)),
    "fields of other types": (
        503,
        _envelope(code=7, description=["x"], field={}, reason=None),
        OutcomeUnknown,
        (None, None, None),
    ),
    "timeout at a proxy": (504, "", OutcomeUnknown, (None, None, None)),
    "request timeout": (408, "", OutcomeUnknown, (None, None, None)),
}


@pytest.mark.parametrize(("status", "body", "family", "facts"), ANSWERS.values(), ids=ANSWERS)
def test_an_error_answer_is_of_the_right_family_and_keeps_its_facts(
    status: int,
    body: str,
    family: type[ProviderError],
    facts: tuple[str | None, str | None, str | None],
) -> None:
    with answering(lambda request: http(status, body)) as server, pytest.raises(ProviderError) as raised:
        _create_order(_provider(server.base_url))

    error = raised.value
    assert type(error) is family
    assert error.http_status == status
    assert (error.code, error.field, error.reason) == facts
    assert error.description
    assert len(server.requests) == 1


UNREADABLE = {
    "nothing": "",
    "HTML": HTML,
    "half an object": '{"id": "order_1", ',
    "an empty object": "{}",
    "a list": "[]",
    "null": "null",
    "a text": '"order_1"',
    "no id": '{"amount": 100, "currency": "INR", "status": "created", "created_at": 1}',
    "a fractional amount": '{"id": "order_1", "amount": 100.5, "currency": "INR", "status": "created"}',
    "an amount as text": '{"id": "order_1", "amount": "100", "currency": "INR", "status": "created"}',
}


@EVERY_CALL
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any], body: str
) -> None:
    with answering(lambda request: http(200, body)) as server, pytest.raises(OutcomeUnknown) as raised:
        call(_provider(server.base_url))

    assert raised.value.answered is False


def test_a_long_description_is_cut() -> None:
    answer = http(400, _envelope(code=BAD, description="x" * 10_000))
    with answering(lambda request: answer) as server, pytest.raises(ProviderRejected) as raised:
        _create_order(_provider(server.base_url))

    assert raised.value.description == "x" * 300


def _echo_capture(request: bytes) -> bytes:
    amount = json.loads(body_of(request))["amount"]
    payment = {"id": "pay_1", "amount": amount, "currency": "INR", "status": "captured", "captured": True}
    return http(200, json.dumps(payment))


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads that interrupt each other all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_sixteen_threads_never_mix_their_amounts() -> None:
    """The client's capture writes into a dict that all of its calls share, unless each brings its own."""
    amounts = list(range(1000, 1320))
    with answering(_echo_capture) as server, ThreadPoolExecutor(16) as pool:
        provider = RazorpayProvider(
            RazorpayAccount(key_id="k", key_secret="s", webhook_secrets=()),
            base_url=server.base_url,
            connect_timeout_seconds=10,
            read_timeout_seconds=10,
            connections_max=16,
        )
        captured = list(
            pool.map(
                lambda amount: provider.capture_payment("pay_1", amount_minor=amount, currency="INR"), amounts
            )
        )

    assert [payment.amount_minor for payment in captured] == amounts


def test_a_refund_is_looked_for_on_every_page() -> None:
    def page(request: bytes) -> bytes:
        start = 100 if b"skip=100" in request.split(b"\r\n")[0] else 0
        refunds = [
            {
                "id": f"rfnd_{number}",
                "payment_id": "pay_1",
                "amount": 100,
                "currency": "INR",
                "status": "processed",
                "receipt": f"receipt-{number}",
            }
            for number in range(start, min(start + 100, 130))
        ]
        return http(200, json.dumps({"entity": "collection", "count": len(refunds), "items": refunds}))

    with answering(page) as server:
        provider = _provider(server.base_url)
        found = provider.find_refund("pay_1", refund_id="receipt-129")
        missing = provider.find_refund("pay_1", refund_id="receipt-130")

    assert found is not None
    assert found.id == "rfnd_129"
    assert missing is None
    assert len(server.requests) == 4


def test_a_filter_that_the_provider_ignores_finds_nobody_elses_order() -> None:
    order = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
    listed = json.dumps({"items": [order | {"receipt": "RCP_2"}, order | {"receipt": None}]})

    with answering(lambda request: http(200, listed)) as server:
        assert _provider(server.base_url).find_order(order_receipt="RCP_1") is None


def test_empty_notes_may_come_back_as_a_list() -> None:
    order = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}

    with answering(lambda request: http(200, json.dumps(order | {"notes": []}))) as server:
        assert _create_order(_provider(server.base_url)).id == "order_1"
