"""A database of a test's own on the stack's server, for tests that count everything in it."""

import contextlib
import logging
import uuid
from collections.abc import Iterator

import mongoengine
import structlog
from pymongo import MongoClient

from gateway.domain.documents import create_indexes
from tests.conftest import Stack


@contextlib.contextmanager
def own_database(stack: Stack) -> Iterator[str]:
    """Give an empty database, with its indexes, to the models in this process; yields its address. The stack
    itself does not know it. Afterwards the models have the stack's database again."""
    uri = stack.mongodb_uri.replace("/payments?", f"/own_{uuid.uuid4().hex}?")
    assert uri != stack.mongodb_uri
    _point_models_at(uri)
    create_indexes()
    try:
        yield uri
    finally:
        _point_models_at(stack.mongodb_uri)
        with MongoClient(uri) as client:  # type: MongoClient[dict[str, object]]
            client.drop_database(client.get_default_database().name)


@contextlib.contextmanager
def little_logged() -> Iterator[None]:
    """Log only what is critical, in a test that calls the domain thousands of times in its own process."""
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**kept)


def _point_models_at(uri: str) -> None:
    mongoengine.disconnect()
    mongoengine.connect(host=uri, tz_aware=True, uuidRepresentation="standard")
