"""Accounts: register, log in, stay logged in, log out."""

from typing import Any

import marshmallow as ma
from flask import request
from flask_jwt_extended import get_jwt
from marshmallow import fields, validate

from gateway.api import auth
from gateway.api.account_schemas import (
    PASSWORD,
    SESSION_EXAMPLE,
    USER_EXAMPLE,
    MessageAnswer,
    SessionAnswer,
    UserAnswer,
    email_field,
    known_password_field,
    new_password_field,
    present_session,
    present_user,
)
from gateway.api.fields import PHONE_NUMBER, text
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.services import account, context, services
from gateway.domain import logins, users
from gateway.domain.errors import InvalidCredentials

blueprint = StrictBlueprint("users", __name__, url_prefix="/api/user", description="Accounts and login.")


class Registration(ma.Schema):
    name = text(120, required=True)
    email = email_field()
    password = new_password_field()
    phoneNumber = fields.String(
        required=True,
        validate=PHONE_NUMBER,
    )


class Credentials(ma.Schema):
    # Any text is taken here: what no account has is wrong, not malformed.
    email = fields.String(required=True, validate=validate.Length(max=254))
    password = known_password_field()


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
    return {"success": True, "data": {"user": present_user(user)}, "message": "User Registered"}


@blueprint.post("/login")
@can_fail("credentials", "attempts")
@auth.public
@blueprint.arguments(Credentials, example={"email": "asha@example.com", "password": PASSWORD})
@blueprint.response(200, SessionAnswer, example=SESSION_EXAMPLE)
def login(body: dict[str, str]) -> dict[str, Any]:
    """Log in

    An unknown e-mail and a wrong password get the same answer, in the same time. After some wrong passwords
    each further one doubles the delay until the next try, for the e-mail and for the client's address; within
    it the answer is 429, whatever the password. A password set by mail ends the delay of the e-mail.
    """
    user = logins.log_in(
        context(by="login"),
        services().passwords,
        email=body["email"],
        password=body["password"],
        client_address=request.remote_addr or "",
    )
    return present_session(user, "User logged in successfully")


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
    return present_session(account(), "Token refreshed", claims["sid"])


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
    return {"success": True, "data": {"user": present_user(account())}, "message": "Your account"}
