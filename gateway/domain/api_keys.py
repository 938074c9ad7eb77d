"""API keys: made, checked, rotated and revoked. Knows scopes by name only; what each opens is the API's.

A secret is shown once, when it is made. Only its SHA-256 is kept: 256 random bits need no slow hash, and
the unique index on it finds the key in one look-up.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from mongoengine.errors import OperationError
from pymongo.errors import PyMongoError

from gateway.domain.account_models import ApiKey, ApiKeySecret
from gateway.domain.errors import ApiKeyEnded, ApiKeyNotFound, InvalidInput, TooBusy
from gateway.domain.ids import school_uuid
from gateway.domain.store import change

SCOPES = ("payments:read", "payments:write", "refunds:write", "stats:read", "metrics:read")

SECRET_PREFIX = "sk_"
# Letters and digits only, so that a double click selects all of it: 62^43 is a little more than 2^256.
SECRET_RANDOM_CHARS = 43
SECRET_ALPHABET = string.ascii_letters + string.digits
SECRET_FORM = re.compile(rf"{SECRET_PREFIX}[A-Za-z0-9]{{{SECRET_RANDOM_CHARS}}}", re.ASCII)

NAME_CHARS_MAX = 100
# The newest secret, and those that are being replaced; rotating more often ends the oldest.
LIVING_SECRETS_MAX = 5
OVERLAP_SECONDS_MAX = 30 * 24 * 3600
# How often `last_used_at` is written at most, so that a busy key costs one write a minute.
LAST_USE_SECONDS = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Created:
    """A key with its new secret, which is known here and nowhere else from now on."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        """Leave the secret out, wherever this is printed or logged by mistake."""
        return f"Created(key={self.key.id!r})"


def create(
    now: datetime,
    *,
    name: str,
    scopes: Iterable[str],
    school_id: str | None = None,
    expires_at: datetime | None = None,
) -> Created:
    """Make a key. school_id: the only school whose payments it sees; None means all. Writes one document.
    Raises InvalidInput, which names the field."""
    name, wanted = name.strip(), set(scopes)
    if not 1 <= len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise InvalidInput(
            "The key's name is not valid.", name=f"must have 1 to {NAME_CHARS_MAX} printable characters"
        )
    if not wanted or not wanted <= set(SCOPES):
        raise InvalidInput(
            "The key's scopes are not valid.", scopes=f"must be one or more of {', '.join(SCOPES)}"
        )
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The key's end is not valid.", expiresAt="must be in the future")
    secret = _new_secret()
    key = ApiKey(
        name=name,
        scopes=[scope for scope in SCOPES if scope in wanted],
        school_id=None if school_id is None else school_uuid(school_id),
        secrets=[ApiKeySecret(sha256=_digest(secret), created_at=now)],
        created_at=now,
        expires_at=expires_at,
    )
    key.save(force_insert=True)
    log.info("api_key.created", api_key_id=key.id, scopes=list(key.scopes), school_id=key.school_id)
    return Created(key, secret)


def authenticate(secret: str, now: datetime) -> ApiKey | None:
    """Return the key that this secret belongs to, or None when it is unknown, expired or revoked.
    Writes the time of the last use, at most once in LAST_USE_SECONDS; failing to does not matter."""
    if not SECRET_FORM.fullmatch(secret):
        return None
    digest = _digest(secret)
    key = ApiKey.objects(secrets__sha256=digest).first()
    if key is None or not is_living(key, now):
        return None
    if not any(known.sha256 == digest and _lives(known, now) for known in key.secrets):
        return None
    _note_use(key, now)
    return key


def rotate(key_id: str, now: datetime, overlap_seconds: int) -> Created:
    """Give the key a new secret. Those it had stay valid for overlap_seconds more, but no longer than they
    were, as far as LIVING_SECRETS_MAX allows. Writes one document; every
    call makes another secret. Raises ApiKeyNotFound, ApiKeyEnded, InvalidInput and TooBusy."""
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise InvalidInput(
            "The overlap is not valid.", overlapSeconds=f"must be from 0 to {OVERLAP_SECONDS_MAX}"
        )
    secret = _new_secret()
    overlap_ends = now + timedelta(seconds=overlap_seconds)

    def decide(key: ApiKey) -> bool:
        if not is_living(key, now):
            raise ApiKeyEnded("The key was revoked or has expired; make a new one.")
        for known in key.secrets:
            known.expires_at = min(known.expires_at or overlap_ends, overlap_ends)
        living = [known for known in key.secrets if _lives(known, now)]
        key.secrets = [
            *living[-(LIVING_SECRETS_MAX - 1) :],
            ApiKeySecret(sha256=_digest(secret), created_at=now),
        ]
        return True

    key = _changed(key_id, decide)[0]
    log.info("api_key.rotated", api_key_id=key.id, overlap_seconds=overlap_seconds)
    return Created(key, secret)


def revoke(key_id: str, now: datetime) -> bool:
    """Refuse the key from now on, with all its secrets. Writes one document; returns False, and writes
    nothing, when it was revoked before. Raises ApiKeyNotFound and TooBusy."""

    def decide(key: ApiKey) -> bool:
        if key.revoked_at is not None:
            return False
        key.revoked_at = now
        return True

    key, written = _changed(key_id, decide)
    if written:
        log.info("api_key.revoked", api_key_id=key.id)
    return written


def list_keys() -> list[ApiKey]:
    """Return every key, revoked and expired ones too, the oldest first."""
    return list(ApiKey.objects.order_by("created_at", "id"))


def is_living(key: ApiKey, now: datetime) -> bool:
    """Return whether the key as a whole still opens anything: neither revoked nor expired."""
    return key.revoked_at is None and _lives(key, now)


def _lives(what: ApiKey | ApiKeySecret, now: datetime) -> bool:
    return what.expires_at is None or now < what.expires_at


def _new_secret() -> str:
    return SECRET_PREFIX + "".join(secrets.choice(SECRET_ALPHABET) for _ in range(SECRET_RANDOM_CHARS))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _changed(key_id: str, decide: Callable[[ApiKey], bool]) -> tuple[ApiKey, bool]:
    try:
        changed = change(ApiKey, key_id, decide)
    except ApiKey.DoesNotExist as error:
        raise ApiKeyNotFound("There is no such API key.") from error
    return changed.document, changed.written


def _note_use(key: ApiKey, now: datetime) -> None:
    def is_old(last_used_at: datetime | None) -> bool:
        return last_used_at is None or now - last_used_at >= timedelta(seconds=LAST_USE_SECONDS)

    def decide(key: ApiKey) -> bool:
        # Of many requests at the same moment the first one writes, and the others find it written.
        if not is_old(key.last_used_at):
            return False
        key.last_used_at = now
        return True

    if not is_old(key.last_used_at):
        return
    try:
        change(ApiKey, key.id, decide)
    except (TooBusy, ApiKey.DoesNotExist, OperationError, PyMongoError) as error:
        # Bookkeeping: the request is as good as without it, and the next one tries again.
        log.warning("api_key.use_not_noted", api_key_id=key.id, error=type(error).__name__)
