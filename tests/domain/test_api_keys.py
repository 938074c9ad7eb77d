"""API keys: what is kept of a secret, which one is refused, and how its use is noted."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.errors import InvalidInput
from tests.support.domain import NOW, raw
from tests.support.keys import a_key, digest, stored
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

SCHOOL_ID = "6f0d2a51-3c1e-4b7a-9a55-0c8f3e2d7b14"
HOUR = timedelta(hours=1)


def test_a_secret_is_random_and_only_its_digest_is_kept() -> None:
    first, second = a_key(), a_key()

    assert re.fullmatch(r"sk_[A-Za-z0-9]{43}", first.secret)
    assert first.secret != second.secret
    assert [known.sha256 for known in stored(first.key).secrets] == [digest(first.secret)]
    assert first.secret not in str(raw(first.key))
    assert first.secret not in repr(first)


def test_a_key_keeps_what_it_was_made_with() -> None:
    created = a_key(
        name="  billing  ",
        scopes=["stats:read", "payments:read", "stats:read"],
        school_id=SCHOOL_ID.upper(),
        expires_at=NOW + HOUR,
    )

    key = stored(created.key)
    assert (key.name, list(key.scopes)) == ("billing", ["payments:read", "stats:read"])
    assert (key.school_id, key.expires_at, key.created_at) == (SCHOOL_ID, NOW + HOUR, NOW)
    assert (key.revoked_at, key.last_used_at) == (None, None)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": ""}),
        ("name", {"name": " \t "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "two\nlines"}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["payments:read", "payments:delete"]}),
        ("scopes", {"scopes": "payments:read"}),
        ("schoolId", {"school_id": ""}),
        ("schoolId", {"school_id": "school-1"}),
        ("schoolId", {"school_id": SCHOOL_ID.replace("-", "")}),
        ("expiresAt", {"expires_at": NOW}),
        ("expiresAt", {"expires_at": NOW - HOUR}),
    ],
)
def test_a_key_that_cannot_be_made_names_the_field_and_leaves_nothing(
    field: str, fields: dict[str, Any]
) -> None:
    before = ApiKey.objects.count()

    with pytest.raises(InvalidInput) as refused:
        a_key(**fields)

    assert list(refused.value.details) == [field]
    assert ApiKey.objects.count() == before


def test_the_longest_name_is_taken() -> None:
    assert stored(a_key(name="x" * 100).key).name == "x" * 100


def test_a_secret_finds_its_key() -> None:
    created, _ = a_key(), a_key()

    found = api_keys.authenticate(created.secret, NOW)

    assert found is not None
    assert found.id == created.key.id


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: "",
        lambda secret: "sk_",
        lambda secret: secret[:-1],
        lambda secret: secret + "0",
        lambda secret: secret + "\n",
        lambda secret: secret.swapcase(),
        lambda secret: "sk_" + "A" * 43,
        lambda secret: "sk_" + "é" * 43,
        lambda secret: "sk_" + "\udcff" * 43,
        lambda secret: digest(secret),
    ],
)
def test_what_is_no_secret_finds_nothing_and_is_not_noted(spoil: Any) -> None:
    created = a_key()
    before = raw(created.key)

    assert api_keys.authenticate(spoil(created.secret), NOW) is None
    assert raw(created.key) == before


def test_a_key_ends_at_its_end_and_is_not_used_after_it() -> None:
    created = a_key(expires_at=NOW + HOUR)
    before = raw(created.key)

    assert api_keys.authenticate(created.secret, NOW + HOUR) is None
    assert raw(created.key) == before
    assert api_keys.authenticate(created.secret, NOW + HOUR - timedelta(milliseconds=1)) is not None


def test_the_last_use_is_written_once_a_minute() -> None:
    created = a_key()

    for seconds in (0, 1, 59.999, 60, 61):
        api_keys.authenticate(created.secret, NOW + timedelta(seconds=seconds))

    key = stored(created.key)
    assert key.last_used_at == NOW + timedelta(seconds=60)
    assert key.version == created.key.version + 2


def test_of_many_uses_at_once_one_is_written() -> None:
    created = a_key()

    found = together(20, lambda _: api_keys.authenticate(created.secret, NOW))

    assert [key.id for key in found] == [created.key.id] * 20
    assert stored(created.key).version == created.key.version + 1


@pytest.mark.parametrize(
    "disturb",
    [
        lambda key: ApiKey.objects(id=key.id).update_one(inc__version=1),
        lambda key: ApiKey.objects(id=key.id).delete(),
        lambda key: (_ for _ in ()).throw(AutoReconnect("the database is being replaced")),
    ],
    ids=["busy", "gone", "cannot be written"],
)
def test_a_use_that_cannot_be_written_is_a_use_all_the_same(
    monkeypatch: pytest.MonkeyPatch, disturb: Any
) -> None:
    created = a_key()

    before_saving(monkeypatch, ApiKey, lambda: disturb(created.key), times=1_000)

    found = api_keys.authenticate(created.secret, NOW)
    assert found is not None
    assert found.id == created.key.id


def test_every_key_is_listed_the_oldest_first() -> None:
    first = a_key()
    second = api_keys.create(NOW + HOUR, name="later", scopes=["stats:read"])
    api_keys.revoke(first.key.id, NOW)

    ours = [key.id for key in api_keys.list_keys() if key.id in (first.key.id, second.key.id)]

    assert ours == [first.key.id, second.key.id]
