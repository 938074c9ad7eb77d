"""A database of a test's own on the shared stack's server, in which no worker and no other test is."""

import contextlib
import logging
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import mongoengine
import structlog

from dev import embedded
from gateway.domain.documents import create_indexes
from tests.conftest import Stack


@contextlib.contextmanager
def own_database(stack: Stack) -> Iterator[None]:
    """Open an empty database to the models of this process, instead of the stack's, and drop it afterwards.
    Little is logged meanwhile: such a test calls the domain thousands of times."""
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    port = urlsplit(stack.mongodb_uri).port
    assert port
    name = f"own_{secrets.token_hex(6)}"
    client = _open(embedded.mongodb_uri(port, name))
    try:
        create_indexes()
        yield
    finally:
        client.drop_database(name)
        _open(stack.mongodb_uri)
        structlog.configure(**kept)


def _open(uri: str) -> mongoengine.connection.MongoClient:
    mongoengine.disconnect()
    return mongoengine.connect(host=uri, tz_aware=True, uuidRepresentation="standard")
