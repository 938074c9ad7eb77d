"""Task names, queues and the Procfile agree with each other, and every task can run in a mixed deployment."""

import inspect
import json
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from config.queues import ALL_QUEUES, ROUTES, Queue, TaskName, beat_schedule
from gateway.domain import work
from tests.architecture.imports import ENVIRON, ROOT

TASK_NAMES = sorted(value for name, value in vars(TaskName).items() if name.isupper())
QUEUES = sorted(value for name, value in vars(Queue).items() if name.isupper())
PERIODIC_TASKS = [TaskName.START_RECONCILIATIONS, TaskName.SWEEP_DUE_WORK]
WORK_TASKS = [name for name in TASK_NAMES if name not in PERIODIC_TASKS]

DESCRIBE = """
import inspect, json
from celery_app import app
from gateway import dispatch
app.loader.import_default_modules()
tasks = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
print(json.dumps({
    "tasks": {
        name: {
            "parameters": [[p.name, p.kind.name] for p in inspect.signature(task.run).parameters.values()],
            "kind": getattr(task, "kind", None),
            "model": getattr(getattr(task, "model", None), "__name__", None),
            "queue": app.amqp.router.route({}, name)["queue"].name,
        }
        for name, task in tasks.items()
    },
    "task_of_work": dispatch.TASK_OF_WORK,
    "conf": {name: app.conf[name] for name in (
        "task_acks_late", "task_reject_on_worker_lost", "worker_prefetch_multiplier", "task_ignore_result",
        "accept_content", "task_time_limit", "task_soft_time_limit",
    )},
}))
"""


@cache
def celery() -> dict[str, Any]:
    """Return what the Celery application says about itself, as the worker loads it."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE], cwd=ROOT, env=ENVIRON, check=True, capture_output=True, text=True
    )
    description: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return description


def watched_queues() -> list[str]:
    """Return the queues that the Procfile's worker watches."""
    (line,) = re.findall(r"^worker: (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    (queues,) = re.findall(r"--queues[ =](\S+)", line)
    return sorted(queues.split(","))


def test_every_task_name_is_registered_and_every_task_has_one() -> None:
    assert sorted(celery()["tasks"]) == TASK_NAMES


def test_every_queue_is_routed_to_and_watched() -> None:
    routed = sorted({str(route["queue"]) for route in ROUTES.values()})

    assert routed == QUEUES == sorted(ALL_QUEUES) == watched_queues()


@pytest.mark.parametrize("name", TASK_NAMES)
def test_every_task_goes_to_the_queue_of_its_route(name: str) -> None:
    (queue,) = [route["queue"] for pattern, route in ROUTES.items() if name.startswith(pattern[:-1])]

    assert celery()["tasks"][name]["queue"] == queue


def test_every_kind_of_work_has_its_task_and_no_other_has_one() -> None:
    task_of_work = celery()["task_of_work"]

    assert sorted(task_of_work) == sorted(work.KINDS)
    assert sorted(name for name, _ in task_of_work.values()) == WORK_TASKS


@pytest.mark.parametrize("name", WORK_TASKS)
def test_a_task_takes_the_id_of_one_document_and_tolerates_what_a_newer_release_adds(name: str) -> None:
    task = celery()["tasks"][name]
    ((argument, kind), (_, rest)) = task["parameters"]

    assert (kind, rest) == ("KEYWORD_ONLY", "VAR_KEYWORD")
    assert (
        argument
        == {
            "Payment": "payment_id",
            "Receipt": "receipt_id",
            "WebhookEvent": "webhook_event_id",
            "PasswordReset": "reset_id",
            "ReconciliationRun": "run_id",
        }[task["model"]]
    )
    assert celery()["task_of_work"][task["kind"]] == [name, argument]


@pytest.mark.parametrize("name", PERIODIC_TASKS)
def test_what_the_beat_asks_for_takes_nothing_and_tolerates_anything(name: str) -> None:
    assert [kind for _, kind in celery()["tasks"][name]["parameters"]] == ["VAR_KEYWORD"]


def test_a_message_is_kept_until_its_task_is_done_and_holds_no_code() -> None:
    conf = celery()["conf"]

    assert (conf["task_acks_late"], conf["task_reject_on_worker_lost"]) == (True, True)
    assert (conf["worker_prefetch_multiplier"], conf["task_ignore_result"]) == (1, True)
    assert conf["accept_content"] == ["json"]


def test_a_task_ends_before_its_claim_does() -> None:
    conf = celery()["conf"]

    assert 0 < conf["task_soft_time_limit"] < conf["task_time_limit"] < 25


def test_what_the_beat_sends_does_not_pile_up() -> None:
    entries = sorted(beat_schedule(5, 300).values(), key=lambda entry: str(entry["task"]))

    assert entries == [
        {"task": TaskName.START_RECONCILIATIONS, "schedule": 300, "options": {"expires": 600}},
        {"task": TaskName.SWEEP_DUE_WORK, "schedule": 5, "options": {"expires": 10}},
    ]


def test_names_are_plain_strings() -> None:
    """Celery takes the member name of an enum instead of its value."""
    assert {type(name) for name in [*TASK_NAMES, *QUEUES]} == {str}
    assert not inspect.isclass(TaskName.OPEN_ORDER)
