"""Rotating and revoking API keys: which secrets are valid when, also when several do it at once."""

from datetime import timedelta

import pytest

from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.errors import ApiKeyEnded, ApiKeyNotFound, InvalidInput
from gateway.domain.ids import new_id
from tests.support.domain import NOW, raw
from tests.support.keys import a_key, digest, stored
from tests.support.racing import before_saving, together

pytestmark = pytest.mark.usefixtures("stack")

HOUR = timedelta(hours=1)


def test_a_rotated_key_has_two_secrets_until_the_overlap_ends() -> None:
    old = a_key()

    new = api_keys.rotate(old.key.id, NOW, 3600)

    assert (new.key.id, list(new.key.scopes)) == (old.key.id, list(old.key.scopes))
    assert new.secret != old.secret
    last_moment = NOW + HOUR - timedelta(milliseconds=1)
    assert [bool(api_keys.authenticate(each.secret, last_moment)) for each in (old, new)] == [True, True]
    assert [bool(api_keys.authenticate(each.secret, NOW + HOUR)) for each in (old, new)] == [False, True]
    assert new.secret not in str(raw(new.key))


def test_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    old = a_key()

    new = api_keys.rotate(old.key.id, NOW, 0)

    assert api_keys.authenticate(old.secret, NOW) is None
    assert [known.sha256 for known in stored(new.key).secrets] == [digest(new.secret)]


def test_a_second_rotation_prolongs_nothing_and_ends_nothing_early() -> None:
    first = a_key()
    second = api_keys.rotate(first.key.id, NOW, 60)

    third = api_keys.rotate(first.key.id, NOW + timedelta(seconds=1), 30 * 24 * 3600)

    secrets = stored(first.key).secrets
    assert [known.sha256 for known in secrets] == [digest(each.secret) for each in (first, second, third)]
    assert [known.expires_at for known in secrets] == [
        NOW + timedelta(seconds=60),
        NOW + timedelta(days=30, seconds=1),
        None,
    ]


def test_a_sixth_secret_ends_the_first() -> None:
    first = a_key()
    rest = [api_keys.rotate(first.key.id, NOW, 3600) for _ in range(5)]

    assert [known.sha256 for known in stored(first.key).secrets] == [digest(each.secret) for each in rest]
    assert api_keys.authenticate(first.secret, NOW) is None


def test_a_secret_that_is_to_end_sooner_than_the_overlap_still_does() -> None:
    created = a_key()
    sooner = NOW + timedelta(seconds=10)
    ApiKey.objects(id=created.key.id).update_one(set__secrets__0__expires_at=sooner)

    api_keys.rotate(created.key.id, NOW, 3600)

    assert [known.expires_at for known in stored(created.key).secrets] == [sooner, None]


def test_secrets_that_have_ended_are_removed_by_the_next_rotation() -> None:
    first = a_key()
    second = api_keys.rotate(first.key.id, NOW, 60)

    third = api_keys.rotate(first.key.id, NOW + HOUR, 60)

    assert [known.sha256 for known in stored(first.key).secrets] == [
        digest(second.secret),
        digest(third.secret),
    ]


@pytest.mark.parametrize("overlap_seconds", [-1, 30 * 24 * 3600 + 1])
def test_an_overlap_beyond_its_bounds_changes_nothing(overlap_seconds: int) -> None:
    created = a_key()
    before = raw(created.key)

    with pytest.raises(InvalidInput) as refused:
        api_keys.rotate(created.key.id, NOW, overlap_seconds)

    assert list(refused.value.details) == ["overlapSeconds"]
    assert raw(created.key) == before


def test_a_key_that_has_ended_is_not_brought_back_by_a_rotation() -> None:
    revoked, expired = a_key(), a_key(expires_at=NOW + HOUR)
    api_keys.revoke(revoked.key.id, NOW)
    before = [raw(created.key) for created in (revoked, expired)]

    for created in (revoked, expired):
        with pytest.raises(ApiKeyEnded):
            api_keys.rotate(created.key.id, NOW + HOUR, 60)

    assert [raw(created.key) for created in (revoked, expired)] == before


def test_two_rotations_at_once_both_hold() -> None:
    created = a_key()

    results = together(2, lambda _: api_keys.rotate(created.key.id, NOW, 3600))

    kept = {known.sha256 for known in stored(created.key).secrets}
    assert kept == {digest(each.secret) for each in (created, *results)}
    assert [bool(api_keys.authenticate(each.secret, NOW)) for each in results] == [True, True]
    assert api_keys.authenticate(created.secret, NOW + HOUR) is None


def test_a_key_that_is_revoked_while_it_is_rotated_stays_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    created = a_key()

    before_saving(monkeypatch, ApiKey, lambda: api_keys.revoke(created.key.id, NOW))
    with pytest.raises(ApiKeyEnded):
        api_keys.rotate(created.key.id, NOW, 3600)

    assert stored(created.key).revoked_at == NOW
    assert [known.sha256 for known in stored(created.key).secrets] == [digest(created.secret)]


def test_a_revoked_key_opens_nothing_with_any_of_its_secrets() -> None:
    old = a_key()
    new = api_keys.rotate(old.key.id, NOW, 3600)

    first = api_keys.revoke(old.key.id, NOW)
    before = raw(old.key)
    second = api_keys.revoke(old.key.id, NOW + HOUR)

    assert (first, second) == (True, False)
    assert [api_keys.authenticate(each.secret, NOW) for each in (old, new)] == [None, None]
    assert raw(old.key) == before


def test_of_many_who_revoke_at_once_one_is_told_that_it_did() -> None:
    created = a_key()

    results = together(20, lambda _: api_keys.revoke(created.key.id, NOW))

    assert sorted(results) == [False] * 19 + [True]
    assert stored(created.key).version == created.key.version + 1


def test_a_key_that_was_never_made_is_not_found() -> None:
    before = ApiKey.objects.count()

    with pytest.raises(ApiKeyNotFound):
        api_keys.revoke(new_id(), NOW)
    with pytest.raises(ApiKeyNotFound):
        api_keys.rotate(new_id(), NOW, 60)

    assert ApiKey.objects.count() == before
