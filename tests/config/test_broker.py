"""The queue's own transport differs from kombu's in one thing: what was given up never raises."""

import pytest
from kombu import Connection
from redis import Redis

from config.broker import Transport
from tests.conftest import Stack

TRANSPORT = "config.broker:Transport"
QUEUE = "the tests of the broker"


@pytest.mark.parametrize(
    "url",
    ["redis://:secret@host:7000/3", "rediss://:secret@host:7000/3?ssl_cert_reqs=none"],
)
def test_an_address_means_the_same_as_to_kombu(url: str) -> None:
    ours, theirs = Connection(url, transport=TRANSPORT), Connection(url)

    assert isinstance(ours.transport, Transport)
    for name in ("hostname", "port", "virtual_host", "password", "ssl"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_a_connection_with_unfinished_messages_is_given_up_in_silence_when_redis_is_forgotten(
    stack: Stack,
) -> None:
    connection = Connection(stack.redis_url, transport=TRANSPORT)
    channel = connection.channel()
    queue = connection.SimpleQueue(QUEUE, channel=channel)
    queue.put("a message")
    queue.get(timeout=5)

    # What is left of a connection after Redis was lost in the middle of a read.
    connection.transport.client = None
    channel._pool = None
    channel.close()

    with Redis.from_url(stack.redis_url) as redis:
        redis.delete(QUEUE, f"_kombu.binding.{QUEUE}")
    connection.release()


@pytest.mark.parametrize("answer", ["ack_log_error", "reject_log_error"])
def test_a_message_whose_connection_was_given_up_is_answered_in_silence_and_comes_back(
    answer: str, stack: Stack
) -> None:
    connection = Connection(stack.redis_url, transport=TRANSPORT)
    channel = connection.channel()
    queue = connection.SimpleQueue(QUEUE, channel=channel)
    queue.put("a message")
    message = queue.get(timeout=5)

    # Redis was lost while a task worked on the message, which ends only after the worker has connected again.
    channel.close()
    # Its last words to Redis, which is there in this test, have opened it again.
    channel._disconnect_pools()
    getattr(message, answer)(None, connection.connection_errors)

    with Redis.from_url(stack.redis_url) as redis:
        assert redis.llen(QUEUE) == 1
        redis.delete(QUEUE, f"_kombu.binding.{QUEUE}")
    connection.release()
