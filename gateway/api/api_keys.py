"""API keys as callers: which views take them, and with which scope. A view that names no scope takes none."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, g

from gateway.api.errors import error_response
from gateway.domain import api_keys
from gateway.domain.access import Viewer
from gateway.domain.api_keys import SECRET_PREFIX
from gateway.domain.context import utc_now

SCOPE = "_scope_for_keys"

View = TypeVar("View", bound=Callable[..., Any])


def allows_keys(scope: str) -> Callable[[View], View]:
    """Mark a view as open to API keys that have this scope."""
    assert scope in api_keys.SCOPES, scope

    def mark(view: View) -> View:
        setattr(view, SCOPE, scope)
        return view

    return mark


def is_key(token: str) -> bool:
    """Return whether a bearer token is meant as an API key."""
    return token.startswith(SECRET_PREFIX)


def let_in(secret: str, view: Any) -> Response | None:
    """Make the program with this key the request's viewer, or return the refusal. Whether the key is good is
    checked first, so that a wrong one learns nothing about scopes."""
    key = api_keys.authenticate(secret, utc_now())
    if key is None:
        return error_response(
            401,
            "UNAUTHORIZED",
            "This API key is unknown, revoked or has expired.",
            WWW_Authenticate="Bearer",
        )
    scope = getattr(view, SCOPE, None)
    if scope is None:
        return error_response(403, "FORBIDDEN", "This is for people who are logged in, not for API keys.")
    if scope not in key.scopes:
        return error_response(
            403,
            "FORBIDDEN",
            f"This API key lacks the scope {scope}.",
            {"scope": f"{scope} is needed; the key has {', '.join(key.scopes)}"},
        )
    g.viewer = Viewer.of_key(key)
    return None
