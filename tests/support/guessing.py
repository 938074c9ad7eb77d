"""Wrong passwords, and the counters that they leave behind."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import requests

from gateway.domain.account_models import LoginFailures
from gateway.domain.context import utc_now
from tests.support.client import Api

LOGIN = "/api/user/login"
WRONG = "not this one"
# The default of LOGIN_FAILURES_FREE_PER_ACCOUNT.
FREE = 5


def fresh_email() -> str:
    """Return an address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


def guess(api: Api, email: str, password: str = WRONG) -> requests.Response:
    """Try to log in."""
    return api.post(LOGIN, {"email": email, "password": password})


def counter_id(kind: str, value: str) -> str:
    """Return the id of the counter of an account's e-mail address, or of a client's address."""
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def counter(kind: str, value: str) -> dict[str, Any] | None:
    """Return a counter as it is stored, to compare."""
    found: dict[str, Any] | None = LoginFailures._get_collection().find_one({"_id": counter_id(kind, value)})
    return found


def failures(kind: str, value: str) -> int:
    """Return how many failures are counted."""
    return int((counter(kind, value) or {"failures": 0})["failures"])


def end_delay(kind: str, value: str) -> None:
    """Let the delay of a counter be over, as if its time had passed."""
    LoginFailures._get_collection().update_one(
        {"_id": counter_id(kind, value)},
        {"$set": {"delayed_until": utc_now() - timedelta(seconds=1)}, "$inc": {"version": 1}},
    )


def lock_out(api: Api, email: str) -> None:
    """Guess until the delay begins."""
    statuses = [guess(api, email).status_code for _ in range(FREE + 1)]
    assert statuses == [401] * (FREE + 1)
    assert guess(api, email).status_code == 429
