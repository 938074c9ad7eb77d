"""Bearer tokens: what is in one, when it is refused, and that every endpoint wants one unless it says
otherwise. Both tokens of a login share a session id, so that logging out ends both."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    verify_jwt_in_request,
)

from config.settings import Settings
from gateway.api import api_keys
from gateway.api.errors import error_response
from gateway.domain import sessions
from gateway.domain.access import Viewer
from gateway.domain.account_models import User
from gateway.domain.context import utc_now
from gateway.domain.ids import new_id

AUDIENCE = "payment-service"
# A client may send a refresh token twice at once, when two of its tabs wake up together.
REFRESH_GRACE = timedelta(seconds=10)
# How far apart the clocks of two hosts may be without a token of the one being refused by the other.
CLOCK_DIFFERENCE_MAX = timedelta(minutes=10)
PUBLIC = "_is_public"
WANTS_REFRESH_TOKEN = "_wants_refresh_token"

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view as open to callers without a token."""
    setattr(view, PUBLIC, True)
    return _document_security(view, [])


def wants_refresh_token(view: View) -> View:
    """Mark a view as called with a refresh token instead of an access token."""
    setattr(view, WANTS_REFRESH_TOKEN, True)
    return view


def _document_security(view: View, security: list[Any]) -> View:
    apidoc: dict[str, Any] = getattr(view, "_apidoc", {})
    apidoc.setdefault("manual_doc", {})["security"] = security
    view._apidoc = apidoc  # type: ignore[attr-defined]
    return view


def register(app: Flask, settings: Settings) -> None:
    """Make the app refuse every request without a valid token, but for views marked otherwise."""
    app.config.update(
        JWT_SECRET_KEY=settings.jwt_secret_key,
        JWT_ALGORITHM="HS256",
        JWT_TOKEN_LOCATION=["headers"],
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings.access_token_ttl_seconds),
        JWT_REFRESH_TOKEN_EXPIRES=timedelta(seconds=settings.refresh_token_ttl_seconds),
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ENCODE_ISSUER=AUDIENCE,
        JWT_DECODE_ISSUER=AUDIENCE,
    )
    jwt = JWTManager(app)
    app.before_request(_require_token)
    jwt.token_in_blocklist_loader(lambda _header, claims: _is_refused(claims, settings))
    jwt.user_lookup_loader(lambda _header, claims: _account_of(claims))
    jwt.token_verification_loader(lambda _header, claims: isinstance(claims.get("sid"), str))
    jwt.unauthorized_loader(lambda _why: _refuse("Send your token: Authorization: Bearer <token>."))
    jwt.invalid_token_loader(lambda _why: _refuse("This token is not valid."))
    jwt.token_verification_failed_loader(lambda _header, _claims: _refuse("This token is not valid."))
    jwt.expired_token_loader(lambda _header, _claims: _refuse("This token has expired. Log in again."))
    jwt.revoked_token_loader(lambda _header, _claims: _refuse("This token was logged out. Log in again."))
    jwt.user_lookup_error_loader(lambda _header, _claims: _refuse("This token is not valid any more."))


def _require_token() -> Response | None:
    """Check the token before any view runs. Unknown paths are left to the 404."""
    if request.endpoint is None or request.method == "OPTIONS":
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # The scheme's case does not matter (RFC 9110, 11.1), but it does to the extension.
        request.environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    view = current_app.view_functions[request.endpoint]
    if getattr(view, PUBLIC, False):
        return None
    if scheme.lower() == "bearer" and api_keys.is_key(token):
        return api_keys.let_in(token, view)
    try:
        verify_jwt_in_request(refresh=getattr(view, WANTS_REFRESH_TOKEN, False))
    except RecursionError:
        # Its header is JSON that nests a thousand levels deep, which PyJWT does not expect.
        return _refuse("This token is not valid.")
    g.viewer = Viewer.of_account(current_user)
    return None


def _account_of(claims: dict[str, Any]) -> User | None:
    # Tokens without an epoch were made before accounts had one, when it was 0.
    return sessions.account_of(claims["sub"], session_id=claims["sid"], epoch=claims.get("epoch", 0))


def _is_refused(claims: dict[str, Any], settings: Settings) -> bool:
    """Return whether the token or its session has been revoked. A refresh token that comes again long after
    it was used has been copied: then nobody keeps the session, neither its owner nor the thief."""
    since = sessions.revoked_at(claims["jti"], claims.get("sid", ""))
    if since is None:
        return False
    if claims["type"] == "refresh" and utc_now() - since > REFRESH_GRACE:
        end_session(claims, settings)
    return True


def _refuse(message: str) -> Response:
    return error_response(401, "UNAUTHORIZED", message, WWW_Authenticate="Bearer")


def issue_tokens(user: User, session_id: str | None = None) -> tuple[str, str]:
    """Return an access token and a refresh token of one login session, a new one unless it is given."""
    # A host whose clock is behind refuses tokens that were made, by its clock, in the future.
    issued_at = datetime.now(UTC) - CLOCK_DIFFERENCE_MAX
    claims = {
        "sid": session_id or new_id(),
        "epoch": user.session_epoch,
        "iat": int(issued_at.timestamp()),
        "nbf": int(issued_at.timestamp()),
    }
    return (
        create_access_token(user.id, additional_claims=claims),
        create_refresh_token(user.id, additional_claims=claims),
    )


def end_session(claims: dict[str, Any], settings: Settings) -> None:
    """Refuse every token of the session from now on. May be called twice."""
    longest = max(settings.access_token_ttl_seconds, settings.refresh_token_ttl_seconds)
    last_expiry = datetime.now(UTC) + timedelta(seconds=longest)
    sessions.revoke(claims["sid"], last_expiry)


def use_refresh_token(claims: dict[str, Any]) -> bool:
    """Use a refresh token up. Returns False when another request was first."""
    return sessions.revoke(claims["jti"], datetime.fromtimestamp(claims["exp"], UTC))
