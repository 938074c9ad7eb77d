"""Every group of commands, added to the app's own."""

from flask import Flask

from gateway.cli import keys, payments, users, work

GROUPS = (users.group, keys.group, payments.group, work.group)


def register(app: Flask) -> None:
    """Add the operator's commands to `flask --app wsgi`."""
    for group in GROUPS:
        app.cli.add_command(group)
