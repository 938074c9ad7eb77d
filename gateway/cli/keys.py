"""`flask keys …`: the API keys of programs."""

from datetime import datetime, timedelta
from typing import Any

import click

from gateway.cli.operator import (
    OperatorGroup,
    SchoolId,
    as_json_option,
    print_facts,
    print_json,
    print_table,
    time_text,
)
from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.context import utc_now

EXPIRES_DAYS_MAX = 3650
OVERLAP_HOURS = 24
OVERLAP_HOURS_MAX = api_keys.OVERLAP_SECONDS_MAX // 3600

group = OperatorGroup("keys", help="API keys, with which programs call the API.")


@group.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(api_keys.SCOPES),
    help="What it may do; can be repeated.",
)
@click.option("--school-id", type=SchoolId(), help="The only school whose payments it sees; all without it.")
@click.option("--expires-days", type=click.IntRange(1, EXPIRES_DAYS_MAX), help="Its end; none without it.")
@as_json_option
def create(
    name: str, scopes: tuple[str, ...], school_id: str | None, expires_days: int | None, as_json: bool
) -> None:
    """Make a key called NAME and print its secret, which is shown only this once."""
    now = utc_now()
    expires_at = now + timedelta(days=expires_days) if expires_days else None
    created = api_keys.create(now, name=name, scopes=scopes, school_id=school_id, expires_at=expires_at)
    _print_secret(created, {}, now, as_json)


@group.command("rotate")
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, OVERLAP_HOURS_MAX),
    default=OVERLAP_HOURS,
    show_default=True,
    help="How long the secret in use stays valid beside the new one.",
)
@as_json_option
def rotate(key_id: str, overlap_hours: int, as_json: bool) -> None:
    """Give key ID a new secret and print it, which is shown only this once.

    A key has five valid secrets at most: rotating more often within the overlap ends the oldest at once.
    """
    now = utc_now()
    created = api_keys.rotate(key_id, now, overlap_hours * 3600)
    replaced = created.key.secrets[:-1]
    until = time_text(replaced[-1].expires_at if replaced else now)
    _print_secret(created, {"oldSecretValidUntil": until}, now, as_json)


@group.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Refuse key ID from now on, with all its secrets, for good."""
    was_living = api_keys.revoke(key_id, utc_now())
    click.echo(f"revoked: {key_id}" if was_living else f"was revoked before: {key_id}")


@group.command("list")
@as_json_option
def list_keys(as_json: bool) -> None:
    """List all keys, the oldest first; never a secret."""
    now = utc_now()
    keys = api_keys.list_keys()
    if as_json:
        print_json([_shape(key, now) for key in keys])
        return
    print_table(
        ("ID", "NAME", "STATE", "SCOPES", "SCHOOL", "EXPIRES", "LAST USED"),
        [
            (
                key.id,
                key.name,
                _state(key, now),
                ",".join(key.scopes),
                key.school_id or "all",
                time_text(key.expires_at) or "never",
                time_text(key.last_used_at) or "never",
            )
            for key in keys
        ],
    )


def _print_secret(
    created: api_keys.Created, more: dict[str, str | None], now: datetime, as_json: bool
) -> None:
    if as_json:
        print_json({**_shape(created.key, now), **more, "secret": created.secret})
        return
    print_facts({"id": created.key.id, "secret": created.secret})
    if more:
        click.echo(f"The secret before it is valid until {more['oldSecretValidUntil']}.", err=True)
    click.echo("Keep the secret now: it is not shown again.", err=True)


def _shape(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "state": _state(key, now),
        "scopes": list(key.scopes),
        "schoolId": key.school_id,
        "createdAt": time_text(key.created_at),
        "expiresAt": time_text(key.expires_at),
        "revokedAt": time_text(key.revoked_at),
        "lastUsedAt": time_text(key.last_used_at),
    }


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "active" if api_keys.is_living(key, now) else "expired"
