"""Which database the models in this process use: that of the stack which most tests share, or an empty one of
a test's own, for tests that count everything in it."""

import contextlib
import logging
import uuid
from collections.abc import Iterator

import mongoengine
import structlog
from pymongo import MongoClient

from gateway.domain.documents import create_indexes

_models_at: str | None = None


@contextlib.contextmanager
def empty_database(server_uri: str) -> Iterator[str]:
    """Give an empty database, with its indexes, to the models in this process; yields its address. Afterwards
    the models have the database that they had before. server_uri: names another database of the server."""
    uri = server_uri.replace("/payments?", f"/own_{uuid.uuid4().hex}?")
    assert uri != server_uri
    before = _models_at
    point_models_at(uri)
    create_indexes()
    try:
        yield uri
    finally:
        point_models_at(before)
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


def point_models_at(uri: str | None) -> None:
    """Let the models in this process use a database, or none."""
    global _models_at
    mongoengine.disconnect()
    if uri:
        mongoengine.connect(host=uri, tz_aware=True, uuidRepresentation="standard")
    _models_at = uri
