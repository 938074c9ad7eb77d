"""Which database the models in this process use: that of the stack which most tests share, or an empty one of
a test's own, for tests that count everything in it."""

import contextlib
import logging
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import mongoengine
import structlog
from pymongo import MongoClient

from dev import embedded, ports, processes
from gateway.domain.documents import create_indexes
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Stack

_models_at: str | None = None


@contextlib.contextmanager
def own_database(stack: "Stack") -> Iterator[str]:
    """Give an empty database on the stack's server to the models in this process, of which the stack itself
    does not know: see `empty_database`."""
    with empty_database(stack.mongodb_uri) as uri:
        yield uri


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
def mongodb_alone(directory: Path) -> Iterator[str]:
    """Run a MongoDB-compatible server without a stack, for tests that need nothing else; yields its address.
    Its data is lost when it is killed."""
    port = ports.free_port()
    uri = embedded.mongodb_uri(port)
    with (directory / "mongodb.log").open("wb") as log:
        command = embedded.mongodb_command(directory, port=port, durable=False)
        process = processes.start(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: embedded.mongodb_answers(uri), "MongoDB's start")
        yield uri
    finally:
        processes.stop(process)


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
