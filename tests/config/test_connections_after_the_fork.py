"""Nothing that is connected is forked: two processes on one connection would read each other's answers."""

from urllib.parse import urlsplit

import psutil
import pytest

from tests.conftest import Stack
from tests.support.client import Api
from tests.support.waiting import wait_until


def _ports_reached(process: psutil.Process) -> set[int]:
    return {each.raddr.port for each in process.net_connections(kind="tcp") if each.raddr}


@pytest.mark.parametrize("words", [("gunicorn",), ("celery_app", "worker")])
def test_the_process_that_forks_is_not_connected_to_mongodb_and_those_that_work_are(
    words: tuple[str, ...], stack: Stack, anonymous: Api
) -> None:
    assert anonymous.get("/readyz").status_code == 200
    mongodb = urlsplit(stack.mongodb_uri).port
    first, *others = stack.processes(*words)

    wait_until(lambda: any(mongodb in _ports_reached(each) for each in others), "a worker being connected")
    assert mongodb not in _ports_reached(first)


def test_the_web_process_that_forks_is_connected_to_nothing(stack: Stack) -> None:
    first, *_ = stack.processes("gunicorn")

    assert [each for each in first.net_connections(kind="tcp") if each.status != psutil.CONN_LISTEN] == []
