"""The page behind the link of a password mail: choose a new password. Logs nobody in."""

from flask import Blueprint, Response, request, url_for

from gateway.api import limits
from gateway.api.auth import public
from gateway.api.services import context, services
from gateway.domain import password_changes
from gateway.domain.errors import InvalidInput, InvalidToken
from gateway.web import site, strings
from gateway.web.content import BAD, GOOD

# What the history calls a change that was made from here.
BY = "password link"
NEW_PASSWORD, REPEATED = "new_password", "repeated"

blueprint = Blueprint("password_pages", __name__, url_prefix=site.PASSWORD_PATH)
limits.page_limit(blueprint)


@blueprint.get("/reset")
@public
def choose_password() -> Response:
    """Show the form. Opening the link uses nothing up, because programs that look for viruses open it too."""
    token = request.args.get("token", "")
    try:
        password_changes.check_link(context(BY), token)
    except InvalidToken:
        return _link_ended()
    return _form(token)


@blueprint.post("/reset")
@public
def change_password() -> Response:
    """Change the password. The token comes in the form, because addresses are kept in more places."""
    token, new = request.form.get("token", ""), request.form.get(NEW_PASSWORD, "")
    surroundings = context(BY)
    try:
        password_changes.check_link(surroundings, token)
        if not new:
            return _form(token, strings.PASSWORD_MISSING)
        if new != request.form.get(REPEATED, ""):
            return _form(token, strings.PASSWORDS_DIFFER, wrong_field=REPEATED)
        password_changes.reset(surroundings, services().passwords, token=token, new=new)
    except InvalidToken:
        return _link_ended()
    except InvalidInput as error:
        problem = error.details[password_changes.NEW_PASSWORD]
        return _form(token, strings.PASSWORD_PROBLEM.format(problem=problem))
    return site.say(strings.PASSWORD_CHANGED, tone=GOOD)


def _form(token: str, problem: str | None = None, wrong_field: str = NEW_PASSWORD) -> Response:
    """Return the form, with what is wrong. What was typed does not come back: it is a password."""
    heading = strings.PASSWORD_CHOOSE.heading
    return site.show(
        "password.html",
        400 if problem else 200,
        heading=heading,
        title=site.title_of(strings.ERROR_TITLE.format(heading=heading) if problem else heading),
        action=url_for("password_pages.change_password"),
        token=token,
        hint=strings.PASSWORD_HINT.format(chars_min=services().settings.password_chars_min),
        problem=problem,
        wrong_field=wrong_field,
        new_field=NEW_PASSWORD,
        repeated_field=REPEATED,
    )


def _link_ended() -> Response:
    return site.say(strings.LINK_ENDED, 400, tone=BAD)
