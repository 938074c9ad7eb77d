"""Accounts: register, log in, stay logged in, log out."""

from typing import Any

import marshmallow as ma
from flask_jwt_extended import get_jwt
from marshmallow import fields, validate

from gateway.api import auth
from gateway.api.fields import text
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.schemas import envelope, timestamp
from gateway.api.services import services, viewer
from gateway.domain import users
from gateway.domain.account_models import User
from gateway.domain.errors import InvalidCredentials

blueprint = StrictBlueprint("users", __name__, url_prefix="/api/user", description="Accounts and login.")

PASSWORD = "correct horse battery"
USER_EXAMPLE = {
    "id": "8c7e1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
    "name": "Asha Rao",
    "email": "asha@example.com",
    "phoneNumber": "+919000000001",
    "role": "customer",
    "schoolIds": [],
    "createdAt": "2024-01-01T00:00:00.000Z",
}
TOKENS_EXAMPLE = {"token": "eyJ…", "refreshToken": "eyJ…"}


class Registration(ma.Schema):
    name = text(120, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = text(users.PASSWORD_CHARS_MAX, users.PASSWORD_CHARS_MIN, required=True)
    phoneNumber = fields.String(
        required=True,
        validate=validate.Regexp(r"\+?[0-9][0-9 ()-]{5,18}[0-9]\Z", error="must be a phone number"),
    )


class Credentials(ma.Schema):
    # Any text is taken here: what no account has is wrong, not malformed.
    email = fields.String(required=True, validate=validate.Length(max=254))
    password = fields.String(required=True, validate=validate.Length(max=1024))


class UserShape(ma.Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    phoneNumber = fields.String(required=True)
    role = fields.String(required=True)
    schoolIds = fields.List(fields.String(), required=True)
    createdAt = timestamp(required=True)


class UserData(ma.Schema):
    user = fields.Nested(UserShape, required=True)


class Tokens(ma.Schema):
    token = fields.String(required=True, metadata={"description": "Access token, sent as a bearer."})
    refreshToken = fields.String(required=True, metadata={"description": "Gets the next pair, once."})


class SessionData(Tokens):
    user = fields.Nested(UserShape, required=True)


SessionEnvelope = envelope(SessionData, "SessionEnvelope")


class SessionAnswer(SessionEnvelope):  # type: ignore[misc,valid-type]
    """token and userName stand beside data as well, where clients of the Node service read them."""

    token = fields.String(required=True)
    refreshToken = fields.String(required=True)
    userName = fields.String(required=True)


class MessageAnswer(ma.Schema):
    success = fields.Boolean(required=True)
    message = fields.String(required=True)


UserAnswer = envelope(UserData, "UserAnswer")


def _present(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "phoneNumber": user.phone_number,
        "role": user.role,
        "schoolIds": user.school_ids,
        "createdAt": user.created_at,
    }


def _session(user: User, message: str, session_id: str | None = None) -> dict[str, Any]:
    token, refresh_token = auth.issue_tokens(user, session_id)
    tokens = {"token": token, "refreshToken": refresh_token}
    data = tokens | {"user": _present(user)}
    return {"success": True, "message": message, "userName": user.name, "data": data} | tokens


SESSION_EXAMPLE = {
    "success": True,
    "data": TOKENS_EXAMPLE | {"user": USER_EXAMPLE},
    "message": "User logged in successfully",
    "userName": "Asha Rao",
} | TOKENS_EXAMPLE


@blueprint.post("/register")
@can_fail("email")
@auth.public
@blueprint.arguments(
    Registration,
    example={
        "name": "Asha Rao",
        "email": "asha@example.com",
        "password": PASSWORD,
        "phoneNumber": "+919000000001",
    },
)
@blueprint.response(
    201, UserAnswer, example={"success": True, "data": {"user": USER_EXAMPLE}, "message": "User Registered"}
)
def register(body: dict[str, str]) -> dict[str, Any]:
    """Create an account

    E-mail addresses are unique without regard to case. A new account has the role `customer`.
    """
    user = users.register(
        services().passwords,
        name=body["name"].strip(),
        email=body["email"],
        password=body["password"],
        phone_number=body["phoneNumber"],
    )
    return {"success": True, "data": {"user": _present(user)}, "message": "User Registered"}


@blueprint.post("/login")
@can_fail("credentials")
@auth.public
@blueprint.arguments(Credentials, example={"email": "asha@example.com", "password": PASSWORD})
@blueprint.response(200, SessionAnswer, example=SESSION_EXAMPLE)
def login(body: dict[str, str]) -> dict[str, Any]:
    """Log in

    An unknown e-mail and a wrong password get the same answer, in the same time.
    """
    user = users.authenticate(services().passwords, email=body["email"], password=body["password"])
    return _session(user, "User logged in successfully")


@blueprint.post("/refresh")
@auth.wants_refresh_token
@blueprint.response(200, SessionAnswer, example=SESSION_EXAMPLE)
def refresh() -> dict[str, Any]:
    """Get a new pair of tokens

    Send the refresh token as the bearer. It works once; the answer holds the next one.
    """
    claims = get_jwt()
    if not auth.use_refresh_token(claims):
        raise InvalidCredentials("This refresh token has been used already. Log in again.")
    return _session(viewer(), "Token refreshed", claims["sid"])


@blueprint.post("/logout")
@blueprint.response(200, MessageAnswer, example={"success": True, "message": "User logged out successfully"})
def logout() -> dict[str, Any]:
    """Log out

    Ends the login session: its access and refresh tokens are refused from now on.
    """
    auth.end_session(get_jwt(), services().settings)
    return {"success": True, "message": "User logged out successfully"}


@blueprint.get("/me")
@blueprint.response(
    200, UserAnswer, example={"success": True, "data": {"user": USER_EXAMPLE}, "message": "You"}
)
def me() -> dict[str, Any]:
    """Who am I"""
    return {"success": True, "data": {"user": _present(viewer())}, "message": "Your account"}
