"""What all commands have in common: help, where their output goes, and how they end without what they
need."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.architecture.imports import ENVIRON
from tests.cli.conftest import Flask, run
from tests.conftest import ROOT, Stack

DESCRIBE = """
import json
import click
from click.testing import CliRunner
from gateway.cli.commands import GROUPS, SINGLE
commands = {f"{group.name} {name}": each for group in GROUPS for name, each in group.commands.items()}
described = {}
for name, command in (commands | {each.name: each for each in SINGLE}).items():
    shown = CliRunner().invoke(command, ["--help"])
    described[name] = {
        "code": shown.exit_code,
        "text": " ".join(shown.output.split()),
        "help": command.help,
        "unexplained": [
            option.name
            for option in command.params
            if isinstance(option, click.Option) and not option.help and not option.show_default
        ],
    }
print(json.dumps(described))
"""
COMMANDS = [
    *("discrepancies close", "discrepancies list"),
    *("keys create", "keys list", "keys revoke", "keys rotate"),
    *("payments review", "payments reviewed", "payments timeline", "reconcile"),
    *("users create-admin", "users disable", "users enable", "users grant-school", "users list"),
    *("users revoke-school", "webhooks list", "webhooks redrive", "work redrive"),
]


@cache
def described() -> dict[str, Any]:
    """Return what every command shows with --help. One process asks them all, because each takes long to
    start, and not this one, which has no settings."""
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE], cwd=ROOT, env=ENVIRON, check=True, capture_output=True, text=True
    )
    description: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return description


def test_the_commands_are_those_that_are_documented() -> None:
    assert sorted(described()) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_and_its_options(name: str) -> None:
    command = described()[name]

    assert (command["code"], command["unexplained"]) == (0, [])
    assert command["text"].startswith("Usage: ")
    assert " ".join(command["help"].split()) in command["text"]


def test_the_groups_are_among_flasks_own_commands(flask: Flask) -> None:
    shown = flask("--help")

    assert shown.code == 0
    listed = {line.split()[0] for line in shown.output.splitlines() if line.startswith("  ")}
    assert {"users", "keys", "payments", "webhooks", "work", "discrepancies", "reconcile"} <= listed


def test_without_settings_a_command_ends_as_the_server_does() -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != "MONGODB_URI"}

    ended = run(environ, "keys", "list")

    assert (ended.code, ended.output) == (78, "")
    assert ended.errors == "configuration: MONGODB_URI: Field required\n"


def test_without_mongodb_a_command_says_so_in_one_line() -> None:
    ended = run(ENVIRON | {"MONGODB_TIMEOUT_MS": "200"}, "users", "disable", "asha@example.com")

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors.startswith("Error: MongoDB cannot be reached (")
    assert len(ended.errors.splitlines()) == 1


def test_however_much_is_logged_the_output_is_the_answer_alone(stack: Stack) -> None:
    environ = stack.environ | {"LOG_LEVEL": "DEBUG"}

    ended = run(environ, "keys", "create", "logged", "--scope", "stats:read", "--json")

    logged = [json.loads(line) for line in ended.errors.splitlines() if line.startswith("{")]
    (made,) = [line for line in logged if line["event"] == "api_key.created"]
    assert made["api_key_id"] == ended.json["id"]
    assert ended.json["secret"] not in ended.errors


def test_a_command_that_does_not_exist_is_a_mistake_of_usage(flask: Flask) -> None:
    ended = flask("keys", "delete")

    assert (ended.code, ended.output) == (2, "")
    assert ended.error == "Error: No such command 'delete'."
