"""Passwords: change the present one, or set a new one by a link from a mail."""

from typing import Any

import marshmallow as ma
from flask_jwt_extended import get_jwt
from marshmallow import fields, validate

from gateway import dispatch
from gateway.api import auth
from gateway.api.account_schemas import (
    PASSWORD,
    SESSION_EXAMPLE,
    MessageAnswer,
    SessionAnswer,
    email_field,
    known_password_field,
    new_password_field,
    present_session,
)
from gateway.api.openapi import can_fail, final_when_accepted
from gateway.api.parsing import StrictBlueprint
from gateway.api.services import account, context, services
from gateway.domain import password_changes, reset_mails, work

blueprint = StrictBlueprint(
    "passwords", __name__, url_prefix="/api/user/password", description="Changing a password."
)

CHANGED = {"success": True, "message": "Password changed. Every other session has been logged out."}
# The same for every address, so that it tells nobody who has an account.
MAIL_IS_COMING = {
    "success": True,
    "message": "If this e-mail address has an account, a mail with a link to a new password is on its way.",
}


class Change(ma.Schema):
    currentPassword = known_password_field()
    newPassword = new_password_field()


class Forgotten(ma.Schema):
    email = email_field()


class Reset(ma.Schema):
    token = fields.String(
        required=True,
        validate=validate.Length(max=512),
        metadata={"description": "What stands after `token=` in the mail's link."},
    )
    newPassword = new_password_field()


@blueprint.post("")
@can_fail("credentials", "attempts")
@blueprint.arguments(
    Change, example={"currentPassword": PASSWORD, "newPassword": "staple battery horse correct"}
)
@blueprint.response(200, MessageAnswer, example=CHANGED)
def change_password(body: dict[str, str]) -> dict[str, Any]:
    """Change the password

    Ends every other login session, with its refresh tokens; this one goes on. A wrong present password counts
    like one at login.
    """
    password_changes.replace(
        context(),
        services().passwords,
        account(),
        session_id=get_jwt()["sid"],
        current=body["currentPassword"],
        new=body["newPassword"],
    )
    return CHANGED


@blueprint.post("/forgot")
@final_when_accepted
@auth.public
@blueprint.arguments(Forgotten, example={"email": "asha@example.com"})
@blueprint.response(202, MessageAnswer, example=MAIL_IS_COMING)
def forgot_password(body: dict[str, str]) -> dict[str, Any]:
    """Ask for a mail with a link to a new password

    The answer is the same whether or not there is such an account. An account gets a few mails an hour.
    """
    wanted = reset_mails.request(context(by="forgot password"), body["email"])
    dispatch.work(work.SEND_RESET_MAIL, wanted.id)
    return MAIL_IS_COMING


@blueprint.post("/reset")
@can_fail("link")
@auth.public
@blueprint.arguments(
    Reset,
    example={
        "token": "3qvUQ8oZ7d1mB0cXH2eS5tYwKpLrNfGa6jViDzOuTxE",
        "newPassword": "staple battery horse correct",
    },
)
@blueprint.response(200, SessionAnswer, example=SESSION_EXAMPLE | {"message": "Password changed"})
def reset_password(body: dict[str, str]) -> dict[str, Any]:
    """Set a new password by a mail's link

    The link works once, until it expires. Ends every login session of the account, and the delay that wrong
    passwords have led to; the answer holds a fresh session.
    """
    user = password_changes.reset(
        context(by="password link"), services().passwords, token=body["token"], new=body["newPassword"]
    )
    return present_session(user, "Password changed")
