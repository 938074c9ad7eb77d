"""What the commands share: where their log goes, how a refusal ends them, and how they print.

A command's stdout is its answer and nothing else; its stderr is for errors and log lines. It ends with 0
when it did what it was asked, with 1 when that was refused or impossible, and with 2 when it was asked wrong.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from flask.cli import AppGroup
from mongoengine.errors import OperationError
from pymongo.errors import ConnectionFailure, PyMongoError

from config import logging as json_logging
from gateway.api.services import services
from gateway.domain.access import Viewer
from gateway.domain.account_models import ADMIN
from gateway.domain.errors import DomainError, InvalidInput
from gateway.domain.ids import canonical_uuid
from gateway.runtime import ensure_indexes

# Whoever may run commands here may also read the database.
OPERATOR = Viewer(id="operator", email=None, phone_number=None, role=ADMIN, reach=None)

NOTHING = "-"


class OperatorCommand(click.Command):
    """A command that ends with one clear line, not with a stack trace, when it is refused."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Like a server, it writes nothing before the unique indexes exist."""
        level = services().settings.log_level
        # Its output says already what it did.
        json_logging.configure("WARNING" if level == "INFO" else level, stream="stderr")
        try:
            ensure_indexes()
            return super().invoke(ctx)
        except InvalidInput as error:
            raise click.UsageError(_sentence(error), ctx) from error
        except DomainError as error:
            raise click.ClickException(_sentence(error)) from error
        except (PyMongoError, OperationError) as error:
            raise click.ClickException(_database_problem(error)) from error


class OperatorGroup(AppGroup):
    """Commands about one noun."""

    command_class = OperatorCommand


def _sentence(error: DomainError) -> str:
    return " ".join([error.message, *(f"{name}: {detail}." for name, detail in error.details.items())])


def _database_problem(error: Exception) -> str:
    if isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout):
        return f"MongoDB cannot be reached ({type(error).__name__}). Nothing more was done."
    return f"MongoDB refused: {json_logging.redact(_printable(str(error)))}"


class SchoolId(click.ParamType):
    """A UUID, in the form in which it is kept."""

    name = "uuid"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it in lower case. Fails when it is no UUID."""
        try:
            return canonical_uuid(value)
        except ValueError:
            self.fail(f"{value!r} is not a UUID.", param, ctx)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def print_json(value: Any) -> None:
    """Print a value for a program."""
    click.echo(json.dumps(value, indent=2))


def print_facts(facts: dict[str, str | None]) -> None:
    """Print one thing for a person, a line for each fact about it."""
    for name, value in facts.items():
        click.echo(f"{name}: {_printable(value or NOTHING)}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print many things for a person, a line for each, in aligned columns."""
    lines = [columns, *([_printable(cell or NOTHING) for cell in row] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def time_text(at: datetime | None) -> str | None:
    """Return a time as the API writes it, such as 2024-01-01T00:00:00.000Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _printable(text: str) -> str:
    """Return the text on one line, without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)
