"""How requests are read: strict JSON, no unknown fields anywhere, and errors that name the field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import flask
import marshmallow as ma
from flask import request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from gateway.api import json_format
from gateway.api.card_numbers import refuse_card_numbers
from gateway.domain.errors import InvalidInput
from gateway.domain.money import InvalidAmount, to_minor

INVALID = "The request is not valid."


class StrictParser(FlaskParser):
    """webargs' Flask parser with exact numbers, our errors, and unknown fields refused everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {
        "json": ma.RAISE,
        "query": ma.RAISE,
        "headers": ma.EXCLUDE,
    }
    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        """Return the body as parsed JSON. Raises UnsupportedMediaType and InvalidInput."""
        if getattr(schema, "BODY_IS_OPTIONAL", False) and not req.get_data():
            return {}
        if req.mimetype != "application/json":
            raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")
        try:
            body = json_format.loads(req.get_data())
        except json_format.InvalidJson as error:
            raise InvalidInput("The body is not valid JSON.", body=str(error)) from error
        refuse_card_numbers(body)
        return body

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> Any:
        """Return the query. Raises InvalidInput for a parameter that is given twice, or is a card number."""
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            raise InvalidInput(INVALID, **dict.fromkeys(twice, "is given twice"))
        # Addresses are kept in logs and histories that are not ours.
        refuse_card_numbers({"q": req.args.get("q", "")})
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise InvalidInput with one sentence per field; nested fields are joined by dots."""
        details: dict[str, str] = {}
        for messages in error.normalized_messages().values():
            _flatten("", messages, details)
        raise InvalidInput(INVALID, **details) from error


def _flatten(prefix: str, messages: Any, details: dict[str, str]) -> None:
    if isinstance(messages, dict):
        for key, value in messages.items():
            name = "" if key == "_schema" else str(key)
            _flatten(".".join(part for part in (prefix, name) if part), value, details)
    else:
        text = " ".join(messages) if isinstance(messages, list) else str(messages)
        details[prefix or "body"] = text


class StrictBlueprint(Blueprint):
    """A blueprint whose arguments are read by StrictParser."""

    ARGUMENTS_PARSER = StrictParser()


def idempotency_key() -> str | None:
    """Return the request's Idempotency-Key, or None without one. Raises InvalidInput for two of them or
    for one that is not 1 to 255 letters, digits, or one of . _ : -"""
    values = request.headers.getlist("Idempotency-Key")
    if not values:
        return None
    key = values[0].strip().strip('"')
    allowed = key.replace(".", "").replace("_", "").replace(":", "").replace("-", "")
    # A server joins two headers of one name with a comma, which no key may contain.
    if len(values) > 1 or not 1 <= len(key) <= 255 or not (allowed.isascii() and allowed.isalnum()):
        raise InvalidInput(
            INVALID, **{"Idempotency-Key": "must be sent once: 1 to 255 letters, digits, or any of . _ : -"}
        )
    return key


def minor_units(amount: Decimal | int, currency: str, amount_minor_max: int) -> int:
    """Return the body's `amount` in the currency's smallest unit. Raises InvalidInput, naming the field."""
    try:
        return to_minor(amount, currency, amount_minor_max)
    except InvalidAmount as error:
        raise InvalidInput(INVALID, amount=str(error)) from error
