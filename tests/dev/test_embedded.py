"""The embedded servers: they answer, keep their data, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from redis import Redis

from dev import embedded, ports
from dev.embedded import EmbeddedServerError
from tests.dev.waiting import ROOT, none_is_running, until
from tests.support import servers
from tests.support.servers import EmbeddedServer

Starter = Callable[..., EmbeddedServer]
STARTERS = [servers.start_mongodb, servers.start_redis]
ANSWERS = {"mongodb": embedded.mongodb_answers, "redis": embedded.redis_answers}


@pytest.fixture
def start() -> Iterator[Callable[..., EmbeddedServer]]:
    """Start servers that end with the test."""
    started = []

    def start(starter: Starter, directory: Path, **options: object) -> EmbeddedServer:
        started.append(starter(directory, **{"port": 0, "durable": False, **options}))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize("starter", STARTERS)
def test_a_server_answers_at_its_address_and_stop_leaves_nothing(starter, start, tmp_path):
    server = start(starter, tmp_path)
    process = psutil.Process(server.process.pid)
    assert ANSWERS[server.name](server.uri)
    assert embedded.is_listening(server.process.pid, server.port)

    server.stop()

    assert none_is_running([process])
    assert ports.is_free(server.port)
    server.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_durable_mongodb_finds_its_documents_again(how, start, tmp_path):
    server = start(servers.start_mongodb, tmp_path, durable=True)
    with MongoClient(server.uri) as client:
        client.get_default_database().things.insert_one({"_id": 1, "amount_minor": 50000})

    server.process.send_signal(how)
    server.process.wait(10)

    again = start(servers.start_mongodb, tmp_path, durable=True, port=server.port)
    assert again.uri == server.uri
    with MongoClient(again.uri) as client:
        assert client.get_default_database().things.find_one() == {"_id": 1, "amount_minor": 50000}


def test_a_durable_redis_finds_its_keys_again(start, tmp_path):
    server = start(servers.start_redis, tmp_path, durable=True)
    with Redis.from_url(server.uri) as client:
        client.set("key", "value")

    server.stop()

    again = start(servers.start_redis, tmp_path, durable=True, port=server.port)
    with Redis.from_url(again.uri) as client:
        assert client.get("key") == b"value"


def test_the_database_of_the_address_can_be_chosen(start, tmp_path):
    server = start(servers.start_mongodb, tmp_path, database="other")

    with MongoClient(server.uri) as client:
        assert client.get_default_database().name == "other"


@pytest.mark.parametrize("starter", STARTERS)
def test_a_port_in_use_is_named_in_one_line(starter, start, tmp_path):
    taken = start(servers.start_redis, tmp_path / "first").port

    with pytest.raises(EmbeddedServerError, match=rf"^port {taken} is already in use[^\n]*$"):
        start(starter, tmp_path / "second", port=taken)


def test_a_store_in_use_is_refused_in_one_line_and_the_first_server_goes_on(start, tmp_path):
    first = start(servers.start_mongodb, tmp_path)

    with pytest.raises(EmbeddedServerError, match=r"^mongodb did not start: [^\n]*$"):
        start(servers.start_mongodb, tmp_path)

    assert embedded.mongodb_answers(first.uri)


@pytest.mark.parametrize("starter", STARTERS)
def test_a_server_outlives_the_thread_that_started_it(starter, tmp_path):
    """Linux sends the parent-death signal when the starting thread ends."""
    with ThreadPoolExecutor(1) as pool:
        server = pool.submit(starter, tmp_path, port=0, durable=False).result()

    try:
        assert ANSWERS[server.name](server.uri)
        assert server.process.poll() is None
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_servers_end_when_the_process_that_started_them_is_killed(tmp_path):
    code = """
import json, pathlib, sys, time
from tests.support import servers
directory = pathlib.Path(sys.argv[1])
starters = [servers.start_mongodb, servers.start_redis]
started = [start(directory, port=0, durable=False) for start in starters]
print(json.dumps([server.process.pid for server in started]), flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    with parent:
        started = [psutil.Process(pid) for pid in json.loads(parent.stdout.readline())]

        parent.kill()

    until(lambda: none_is_running(started), 5)


def test_the_python_server_stands_in_when_the_rust_one_is_missing(start, tmp_path, monkeypatch):
    find = embedded._secantus_program
    monkeypatch.setattr(
        embedded, "_secantus_program", lambda name: None if name.endswith("rs") else find(name)
    )

    server = start(servers.start_mongodb, tmp_path, durable=True)

    with MongoClient(server.uri) as client:
        assert client.server_info()["ok"] == 1


@pytest.mark.parametrize(
    ("starter", "variable"), [(servers.start_mongodb, "MONGODB_URI"), (servers.start_redis, "REDIS_URL")]
)
def test_a_missing_program_is_explained_in_one_line(starter, variable, start, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "_secantus_program", lambda _name: None)
    monkeypatch.setattr(embedded, "_valkey_program", lambda: None)
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))

    with pytest.raises(EmbeddedServerError, match=rf"^[^\n]*requirements-dev.txt[^\n]*{variable}$"):
        start(starter, tmp_path)
