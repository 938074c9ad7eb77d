"""Every command, added to the app's own."""

from flask import Flask

from gateway.cli import discrepancies, keys, payments, reconcile, users, webhooks, work

GROUPS = (users.group, keys.group, payments.group, webhooks.group, work.group, discrepancies.group)
# Commands that belong to no group.
SINGLE = (reconcile.reconcile,)


def register(app: Flask) -> None:
    """Add the operator's commands to `flask --app wsgi`."""
    for command in (*GROUPS, *SINGLE):
        app.cli.add_command(command)
