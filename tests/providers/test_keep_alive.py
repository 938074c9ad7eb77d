"""Connections are kept and shared, and nothing is ever sent twice on one that turns out to be closed."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.domain.provider import OutcomeUnknown
from gateway.providers.calls import CallSettings
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider
from tests.support.provider_calls import EVERY_CALL, create_order, impatient_provider
from tests.support.raw_server import Conversation, conversing, head
from tests.support.waiting import wait_until

ORDER = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
BODY = json.dumps(ORDER).encode()
ANSWER = head(200, len(BODY)) + BODY
THREADS = 8


def provider_for_threads(base_url: str) -> RazorpayProvider:
    """Return a patient adapter that keeps THREADS connections."""
    return RazorpayProvider(
        RazorpayAccount(key_id="k", key_secret="s", webhook_secrets=()),
        base_url=base_url,
        calls=CallSettings(connect_timeout_seconds=10, read_timeout_seconds=10),
        connections_max=THREADS,
    )


def _answer_everything(talk: Conversation) -> None:
    while talk.read_request():
        talk.send(ANSWER)


def test_one_connection_carries_many_calls() -> None:
    with conversing(_answer_everything) as server:
        provider = impatient_provider(server.base_url)
        for _ in range(10):
            create_order(provider)

    assert (server.connections, len(server.requests)) == (1, 10)


@pytest.mark.parametrize("status", [400, 401, 404, 500, 302])
def test_an_error_keeps_the_connection(status: int) -> None:
    def converse(talk: Conversation) -> None:
        while talk.read_request():
            talk.send(head(status, 2) + b"{}")

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url)
        for _ in range(4):
            with pytest.raises(Exception, match=f"HTTP {status}"):
                create_order(provider)

    assert (server.connections, len(server.requests)) == (1, 4)


def test_a_connection_that_was_closed_while_it_was_idle_is_replaced_before_anything_is_sent() -> None:
    closed = threading.Event()

    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(ANSWER)
        talk.connection.close()
        closed.set()

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url)
        for _ in range(3):
            create_order(provider)
            assert closed.wait(10)
            closed.clear()

    assert (server.connections, len(server.requests)) == (3, 3)


@EVERY_CALL
def test_a_call_on_a_connection_that_closes_at_that_moment_is_sent_once(
    call: Callable[[RazorpayProvider], Any],
) -> None:
    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(ANSWER)
        # The next call is read, and perhaps carried out, and never answered.
        talk.read_request()

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url, circuit_failures=100)
        create_order(provider)
        with pytest.raises(OutcomeUnknown) as raised:
            call(provider)

    assert raised.value.answered is False
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_connection_on_which_a_call_failed_is_not_used_again() -> None:
    def converse(talk: Conversation) -> None:
        while talk.read_request():
            talk.send(ANSWER if server.connections > 1 else ANSWER[:-10])

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url)
        with pytest.raises(OutcomeUnknown):
            create_order(provider)

        order = create_order(provider)

    assert order.id == "order_1"
    assert server.connections == 2


# Claims another amount.
LEFT_OVER = json.dumps(ORDER | {"amount": 999}).encode()
LEFT_OVER = head(200, len(LEFT_OVER)) + LEFT_OVER


def test_what_follows_an_answer_is_never_taken_for_the_next_one() -> None:
    def converse(talk: Conversation) -> None:
        while talk.read_request():
            talk.send(ANSWER + LEFT_OVER)

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url)
        amounts = [create_order(provider).amount_minor for _ in range(3)]

    assert amounts == [100, 100, 100]


def test_what_comes_in_while_the_connection_is_idle_is_never_taken_for_an_answer() -> None:
    is_idle, has_come = threading.Event(), threading.Event()

    def converse(talk: Conversation) -> None:
        while talk.read_request():
            talk.send(ANSWER)
            is_idle.wait(10)
            talk.send(LEFT_OVER)
            has_come.set()

    with conversing(converse) as server:
        provider = impatient_provider(server.base_url)
        first = create_order(provider)
        is_idle.set()
        assert has_come.wait(10)
        second = create_order(provider)

    assert (first.amount_minor, second.amount_minor) == (100, 100)
    assert server.connections == 2


def test_threads_share_as_many_connections_as_there_are_threads() -> None:
    together = threading.Barrier(THREADS)

    def converse(talk: Conversation) -> None:
        while talk.read_request():
            together.wait(10)
            talk.send(ANSWER)

    with conversing(converse) as server, ThreadPoolExecutor(THREADS) as pool:
        provider = provider_for_threads(server.base_url)
        for _ in range(5):
            list(pool.map(lambda _: create_order(provider), range(THREADS)))

    assert (server.connections, len(server.requests)) == (THREADS, 5 * THREADS)


def test_more_threads_than_connections_do_not_wait_for_each_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads = 2 * THREADS
    together = threading.Barrier(threads)

    def converse(talk: Conversation) -> None:
        while talk.read_request():
            together.wait(10)
            talk.send(ANSWER)

    with conversing(converse) as server, ThreadPoolExecutor(threads) as pool:
        provider = provider_for_threads(server.base_url)
        answers = list(pool.map(lambda _: create_order(provider).id, range(threads)))

    assert answers == ["order_1"] * threads
    assert server.connections == threads


def test_no_connection_is_made_before_the_first_call() -> None:
    """So that a process that was forked after it shares none with its siblings."""
    with conversing(_answer_everything) as server:
        provider = provider_for_threads(server.base_url)
        before = server.connections
        create_order(provider)
        wait_until(lambda: server.connections == 1, "the first call's connection")

    assert before == 0
