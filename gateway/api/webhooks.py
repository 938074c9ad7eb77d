"""Webhooks: verify the raw bytes, keep the event once, answer, and let a worker do the rest."""

from typing import Any

import marshmallow as ma
from flask import request
from marshmallow import fields
from werkzeug.exceptions import HTTPException

from gateway import dispatch
from gateway.api.auth import public
from gateway.api.limits import limited_unless
from gateway.api.openapi import can_fail
from gateway.api.parsing import StrictBlueprint
from gateway.api.requests import takes_events
from gateway.api.services import context
from gateway.domain import webhooks
from gateway.domain.errors import InvalidInput
from gateway.domain.provider import MalformedEvent

blueprint = StrictBlueprint(
    "webhooks", __name__, url_prefix="/api/v1/payments", description="What the provider reports."
)

SIGNATURE = "X-Razorpay-Signature"
EVENT_ID_CHARS_MAX = 128


class WebhookAnswer(ma.Schema):
    status = fields.String(required=True)


def _is_rightly_signed() -> bool:
    """Return whether the call comes from the provider. Never raises: a body that cannot be read does not."""
    try:
        body = request.get_data()
    except HTTPException:
        return False
    provider = context(by="provider").provider
    return provider.webhook_signature_is_valid(body, request.headers.get(SIGNATURE))


@blueprint.post("/webhook")
@can_fail("invalid_signature")
@public
@takes_events
@limited_unless(_is_rightly_signed)
@blueprint.response(200, WebhookAnswer, example={"status": "ok"})
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "X-Razorpay-Signature",
            "required": True,
            "schema": {"type": "string"},
            "description": "HMAC-SHA256 of the raw body with the webhook secret, in hex.",
        },
        {
            "in": "header",
            "name": "X-Razorpay-Event-Id",
            "schema": {"type": "string"},
            "description": "The event's id; the same for every delivery of it.",
        },
    ],
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {
                    "account_id": "acc_xyz",
                    "contains": ["payment"],
                    "created_at": 1640995200,
                    "entity": "event",
                    "event": "payment.captured",
                    "payload": {
                        "payment": {
                            "entity": {
                                "id": "pay_abc456",
                                "order_id": "order_xyz123",
                                "amount": 50000,
                                "currency": "INR",
                                "status": "captured",
                                "method": "card",
                            }
                        }
                    },
                },
            }
        },
    },
)
def receive_webhook() -> Any:
    """Receive an event from the provider

    The signature covers the raw body. An event that has come before, by its id or by its body, is
    acknowledged and changes nothing; so is one about somebody else's order.
    """
    event_id = request.headers.get("X-Razorpay-Event-Id")
    try:
        event = webhooks.receive(
            context(by="provider"),
            request.get_data(),
            signature=request.headers.get(SIGNATURE),
            event_id=event_id[:EVENT_ID_CHARS_MAX] if event_id else None,
        )
    except MalformedEvent as error:
        raise InvalidInput("The body is not an event.", body=str(error)) from error
    if event:
        dispatch.work(event.work.kind, event.id)
    return {"status": "ok"}
