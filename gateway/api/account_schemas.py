"""The shapes of accounts and login sessions, in requests and answers."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from gateway.api import auth
from gateway.api.schemas import envelope, timestamp
from gateway.domain.account_models import User
from gateway.domain.password_rules import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN

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
SESSION_EXAMPLE = {
    "success": True,
    "data": TOKENS_EXAMPLE | {"user": USER_EXAMPLE},
    "message": "User logged in successfully",
    "userName": "Asha Rao",
} | TOKENS_EXAMPLE


def email_field() -> fields.Email:
    """Return the field of an e-mail address that mails can be sent to."""
    return fields.Email(required=True, validate=validate.Length(max=254))


def new_password_field() -> fields.String:
    """Return the field of a password that somebody chooses. Which are good enough is the domain's to say."""
    return fields.String(
        required=True,
        metadata={
            "minLength": PASSWORD_CHARS_MIN,
            "maxLength": PASSWORD_CHARS_MAX,
            "description": "Any characters; none of the most common passwords, nor the account's own name"
            " or e-mail address.",
        },
    )


def known_password_field() -> fields.String:
    """Return the field of a password that somebody has. Any text is taken: what no account has is wrong, not
    malformed."""
    return fields.String(required=True, validate=validate.Length(max=1024))


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


def present_user(user: User) -> dict[str, Any]:
    """Return an account as answers show it."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "phoneNumber": user.phone_number,
        "role": user.role,
        "schoolIds": user.school_ids,
        "createdAt": user.created_at,
    }


def present_session(user: User, message: str, session_id: str | None = None) -> dict[str, Any]:
    """Return a login session with fresh tokens; a new one unless its id is given."""
    token, refresh_token = auth.issue_tokens(user, session_id)
    tokens = {"token": token, "refreshToken": refresh_token}
    data = tokens | {"user": present_user(user)}
    return {"success": True, "message": message, "userName": user.name, "data": data} | tokens
