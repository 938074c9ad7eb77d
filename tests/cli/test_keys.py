"""`flask keys`: a key's life from an operator's side."""

import re
import uuid
from datetime import timedelta

import pytest

from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.context import utc_now
from tests.cli.conftest import Flask
from tests.support.domain import raw

pytestmark = pytest.mark.usefixtures("stack")

SCHOOL_ID = str(uuid.uuid4())
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NOTE = "Keep the secret now: it is not shown again.\n"


def test_a_key_is_made_rotated_and_revoked(flask: Flask) -> None:
    made = flask(
        *("keys", "create", "reporting", "--scope", "stats:read", "--scope", "payments:read"),
        *("--school-id", SCHOOL_ID.upper(), "--expires-days", "30"),
    )

    assert made.code == 0, made.errors
    assert re.fullmatch(r"id: [0-9a-f-]{36}\nsecret: sk_[A-Za-z0-9]{43}\n", made.output)
    assert made.errors == NOTE
    key_id, old = made.facts["id"], made.facts["secret"]
    key = ApiKey.objects.get(id=key_id)
    assert (key.name, list(key.scopes), key.school_id) == (
        "reporting",
        ["payments:read", "stats:read"],
        SCHOOL_ID,
    )
    assert key.expires_at - key.created_at == timedelta(days=30)
    assert api_keys.authenticate(old, utc_now()) is not None

    rotated = flask("keys", "rotate", key_id, "--overlap-hours", "1")

    assert rotated.code == 0, rotated.errors
    assert re.fullmatch(rf"The secret before it is valid until {TIME}\.\n{re.escape(NOTE)}", rotated.errors)
    assert (rotated.facts["id"], list(rotated.facts)) == (key_id, ["id", "secret"])
    now = utc_now()
    assert api_keys.authenticate(old, now) is not None
    assert api_keys.authenticate(old, now + timedelta(hours=1)) is None
    assert api_keys.authenticate(rotated.facts["secret"], now + timedelta(hours=1)) is not None

    revoked = flask("keys", "revoke", key_id)
    before = raw(key)
    again = flask("keys", "revoke", key_id)

    assert (revoked.code, revoked.output, revoked.errors) == (0, f"revoked: {key_id}\n", "")
    assert (again.code, again.output) == (0, f"was revoked before: {key_id}\n")
    assert raw(key) == before
    assert api_keys.authenticate(rotated.facts["secret"], now) is None

    ended = flask("keys", "rotate", key_id)

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == "Error: The key was revoked or has expired; make a new one.\n"
    assert raw(key) == before


def test_programs_get_json(flask: Flask) -> None:
    made = flask("keys", "create", "for all", "--scope", "payments:write", "--json").json

    assert list(made) == [
        *("id", "name", "state", "scopes", "schoolId", "createdAt", "expiresAt", "revokedAt", "lastUsedAt"),
        "secret",
    ]
    assert (made["name"], made["state"], made["scopes"]) == ("for all", "active", ["payments:write"])
    assert (made["schoolId"], made["expiresAt"], made["revokedAt"], made["lastUsedAt"]) == (None,) * 4
    assert re.fullmatch(TIME, made["createdAt"])

    rotated = flask("keys", "rotate", made["id"], "--overlap-hours", "0", "--json").json

    assert re.fullmatch(TIME, rotated["oldSecretValidUntil"])
    assert api_keys.authenticate(made["secret"], utc_now()) is None
    assert api_keys.authenticate(rotated["secret"], utc_now()).id == made["id"]


def test_a_list_shows_every_keys_state_and_no_secret(flask: Flask) -> None:
    now = utc_now()
    long_ago = now - timedelta(days=400)
    keys = {
        "active": api_keys.create(now, name="in use", scopes=["payments:read"], school_id=SCHOOL_ID),
        "expired": api_keys.create(
            long_ago, name="old", scopes=["stats:read"], expires_at=long_ago + timedelta(days=1)
        ),
        "revoked": api_keys.create(now, name="gone", scopes=["refunds:write"]),
    }
    api_keys.revoke(keys["revoked"].key.id, now)
    api_keys.authenticate(keys["active"].secret, now)

    shown, told = flask("keys", "list"), flask("keys", "list", "--json")

    header, *rows = shown.output.splitlines()
    assert header.split("  ")[0] == "ID"
    assert re.sub(" +", " ", header).strip() == "ID NAME STATE SCOPES SCHOOL EXPIRES LAST USED"
    row_of = {state: next(row for row in rows if created.key.id in row) for state, created in keys.items()}
    used = told.json[[each["id"] for each in told.json].index(keys["active"].key.id)]["lastUsedAt"]
    assert re.split(" {2,}", row_of["active"]) == [
        *(keys["active"].key.id, "in use", "active", "payments:read", SCHOOL_ID, "never", used)
    ]
    assert {row.index(state) for state, row in row_of.items()} == {header.index("STATE")}
    states = {each["id"]: each["state"] for each in told.json}
    assert {state: states[created.key.id] for state, created in keys.items()} == {
        state: state for state in keys
    }
    for created in keys.values():
        kept = created.key.secrets[0].sha256
        assert [word for word in (created.secret, kept) if word in shown.output + told.output] == []


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("create", "x", "--scope", "payments:delete"), 2, "'payments:delete' is not one of"),
        (
            ("create", "x", "--scope", "stats:read", "--school-id", "school-1"),
            2,
            "'school-1' is not a UUID.",
        ),
        (("create", " ", "--scope", "stats:read"), 2, "name: must have 1 to 100 printable characters."),
        (("revoke", "no-such-key"), 1, "There is no such API key."),
    ],
)
def test_a_command_that_is_refused_changes_nothing(
    flask: Flask, words: tuple[str, ...], code: int, error: str
) -> None:
    before = ApiKey.objects.count()

    ended = flask("keys", *words)

    assert (ended.code, ended.output) == (code, "")
    assert error in ended.errors
    assert "Traceback" not in ended.errors
    assert ApiKey.objects.count() == before
