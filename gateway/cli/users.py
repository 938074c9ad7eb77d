"""`flask users …`: accounts, their roles and their schools."""

from typing import Any

import click
import marshmallow as ma

from gateway.api.services import services
from gateway.api.users import Registration
from gateway.cli.operator import (
    OperatorGroup,
    SchoolId,
    as_json_option,
    print_facts,
    print_json,
    print_table,
    time_text,
)
from gateway.domain import users
from gateway.domain.account_models import ROLES, User

group = OperatorGroup("users", help="Accounts, their roles and their schools.")

email_argument = click.argument("email")


@group.command("create-admin")
@email_argument
@click.option("--name", default="Administrator", show_default=True)
@click.option("--phone", default="", help="A phone number; none without it.")
@click.option(
    "--password",
    prompt="Password",
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for without showing it when it is not given here.",
)
def create_admin(email: str, name: str, phone: str, password: str) -> None:
    """Create an account EMAIL that sees everything.

    An address that has an account already, of whatever role, is refused, and that account stays as it is:
    a typing mistake must not make an administrator of a customer.
    """
    given = {"email": email, "name": name} | ({"phoneNumber": phone} if phone else {})
    try:
        # The rules of registering over HTTP; those for passwords are the domain's.
        Registration(only=tuple(given)).load(given)
    except ma.ValidationError as error:
        problems = (f"{field}: {' '.join(texts)}" for field, texts in error.normalized_messages().items())
        raise click.UsageError(" ".join(problems)) from error
    user = users.create_admin(
        services().passwords, name=name, email=email, password=password, phone_number=phone
    )
    _print(user)


@group.command("grant-school")
@email_argument
@click.argument("school_id", type=SchoolId())
def grant_school(email: str, school_id: str) -> None:
    """Let account EMAIL see the payments of school SCHOOL_ID, at once. A customer becomes school staff."""
    _print(users.grant_school(email, school_id))


@group.command("revoke-school")
@email_argument
@click.argument("school_id", type=SchoolId())
def revoke_school(email: str, school_id: str) -> None:
    """Take school SCHOOL_ID away from account EMAIL, at once. Staff without a school is a customer again."""
    _print(users.revoke_school(email, school_id))


@group.command("disable")
@email_argument
def disable(email: str) -> None:
    """Close account EMAIL: it cannot log in, and all its sessions are over."""
    _print(users.disable(email))


@group.command("enable")
@email_argument
def enable(email: str) -> None:
    """Open account EMAIL again after it was disabled. Its old sessions do not come back."""
    _print(users.enable(email))


@group.command("list")
@click.option("--role", type=click.Choice(ROLES), help="Only accounts with this role.")
@as_json_option
def list_accounts(role: str | None, as_json: bool) -> None:
    """List all accounts, by their address."""
    found = (user for user in users.list_accounts() if role in (None, user.role))
    if as_json:
        print_json([_shape(user) for user in found])
        return
    print_table(
        ("EMAIL", "NAME", "ROLE", "STATE", "CREATED", "SCHOOLS"),
        [
            (
                user.email,
                user.name,
                user.role,
                _state(user),
                time_text(user.created_at),
                ",".join(user.school_ids),
            )
            for user in found
        ],
    )


def _print(user: User) -> None:
    print_facts(
        {
            "id": user.id,
            "email": user.email,
            "role": user.role,
            "state": _state(user),
            "schools": ",".join(user.school_ids),
        }
    )


def _shape(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "phoneNumber": user.phone_number,
        "role": user.role,
        "state": _state(user),
        "schoolIds": list(user.school_ids),
        "createdAt": time_text(user.created_at),
        "disabledAt": time_text(user.disabled_at),
    }


def _state(user: User) -> str:
    return "disabled" if user.disabled_at else "open"
