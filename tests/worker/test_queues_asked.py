"""What a sweep learns of the queues when Redis cannot tell, on the connection that messages are sent over."""

import json
import subprocess
import sys
from pathlib import Path

from redis import Redis

from config.queues import ALL_QUEUES, Queue
from tests.conftest import ROOT, Stack
from tests.support import servers

# Asks whenever it is told to, as a worker does that lives on.
ASKS = """
import json, sys
from config.queues import ALL_QUEUES
from gateway import dispatch
for _ in sys.stdin:
    print("waiting:", json.dumps(dispatch.waiting(ALL_QUEUES)), flush=True)
"""
ALL_EMPTY = dict.fromkeys(ALL_QUEUES, 0)


def asked(process: "subprocess.Popen[str]") -> dict[str, int]:
    """Let the process ask once; returns what it learnt."""
    assert process.stdin
    assert process.stdout
    print(file=process.stdin, flush=True)
    # Its log lines come in between.
    told = next(line for line in process.stdout if line.startswith("waiting:"))
    waiting: dict[str, int] = json.loads(told.removeprefix("waiting:"))
    return waiting


def test_queues_that_cannot_be_asked_are_left_out_until_they_can(stack: Stack, tmp_path: Path) -> None:
    away_and_back = []
    server = servers.start_redis(tmp_path, port=0, durable=False)
    environ = stack.environ | {"REDIS_URL": server.uri}
    with subprocess.Popen(
        [sys.executable, "-c", ASKS],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        with Redis.from_url(server.uri) as redis:
            redis.lpush(Queue.WEBHOOKS, "a message", "another")
            known = asked(process)
            redis.set(Queue.RECEIPTS, "no queue")
            without_one = asked(process)
        for _ in range(2):
            server.stop()
            away = asked(process)
            server = servers.start_redis(tmp_path, port=server.port, durable=False)
            away_and_back.append((away, asked(process)))
        assert process.stdin
        process.stdin.close()
    server.stop()

    assert known == ALL_EMPTY | {Queue.WEBHOOKS: 2}
    assert without_one == {name: waiting for name, waiting in known.items() if name != Queue.RECEIPTS}
    assert away_and_back == [({}, ALL_EMPTY)] * 2
