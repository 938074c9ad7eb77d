"""API keys, as an administrator makes them, and programs that use them."""

import hashlib
from dataclasses import dataclass
from typing import Any

from gateway.domain import api_keys
from gateway.domain.account_models import ApiKey
from gateway.domain.api_keys import Created
from gateway.domain.context import utc_now
from tests.support.client import Api
from tests.support.domain import NOW


def a_key(**fields: Any) -> Created:
    """Make a key at NOW, the time of the domain's tests."""
    values: dict[str, Any] = {"name": "billing", "scopes": ["payments:read"]}
    return api_keys.create(NOW, **values | fields)


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def stored(key: ApiKey) -> ApiKey:
    """Return the key as it lies in the database."""
    return ApiKey.objects.get(id=key.id)


@dataclass(frozen=True)
class Program:
    """A program with its key, and a client that sends it."""

    api: Api
    key_id: str
    secret: str


def a_program(base_url: str, *scopes: str, **fields: Any) -> Program:
    """Make a key with these scopes, all of them when none is named, and a client with it."""
    made = api_keys.create(utc_now(), name="a program", scopes=scopes or api_keys.SCOPES, **fields)
    return Program(Api(base_url, made.secret), made.key.id, made.secret)
