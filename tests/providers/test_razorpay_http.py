"""What each failing connection means: certainly not done, or unknown; and threads that share one adapter."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dev import ports
from gateway.domain.provider import OutcomeUnknown, ProviderUnavailable
from gateway.providers.calls import CallSettings
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider
from tests.support.http_answers import answering, body_of, http
from tests.support.provider_calls import EVERY_CALL, READ_TIMEOUT_SECONDS, create_order, impatient_provider
from tests.support.raw_server import never_accepting


@EVERY_CALL
def test_a_refused_connection_means_that_nothing_was_done(call: Callable[[RazorpayProvider], Any]) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        call(impatient_provider(f"http://127.0.0.1:{ports.free_port()}"))

    assert raised.value.http_status is None


@EVERY_CALL
def test_every_call_ends_at_its_time_limit_with_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any],
) -> None:
    with answering(lambda request: None) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as raised:
            call(impatient_provider(server.base_url))
        seconds = time.monotonic() - started

    assert raised.value.answered is False
    assert seconds < 10 * READ_TIMEOUT_SECONDS
    assert len(server.requests) == 1


@EVERY_CALL
def test_a_connection_that_breaks_means_an_unknown_outcome(call: Callable[[RazorpayProvider], Any]) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
    with answering(lambda request: half) as server, pytest.raises(OutcomeUnknown) as raised:
        call(impatient_provider(server.base_url))

    assert raised.value.answered is False
    assert len(server.requests) == 1


def test_a_connection_closed_without_an_answer_means_an_unknown_outcome() -> None:
    with answering(lambda request: b"") as server, pytest.raises(OutcomeUnknown) as raised:
        create_order(impatient_provider(server.base_url))

    assert raised.value.answered is False
    assert len(server.requests) == 1


def test_a_connection_that_is_never_made_means_that_nothing_was_done() -> None:
    with never_accepting() as (host, port), pytest.raises(ProviderUnavailable):
        create_order(impatient_provider(f"http://{host}:{port}"))


def test_an_unknown_host_means_that_nothing_was_done() -> None:
    with pytest.raises(ProviderUnavailable):
        create_order(impatient_provider("http://host.invalid"))


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
            calls=CallSettings(connect_timeout_seconds=10, read_timeout_seconds=10),
            connections_max=16,
        )
        captured = list(
            pool.map(
                lambda amount: provider.capture_payment("pay_1", amount_minor=amount, currency="INR"), amounts
            )
        )

    assert [payment.amount_minor for payment in captured] == amounts
