"""Webhook events as a test sends them, and how often one is kept."""

import hashlib
import json
import uuid
from typing import Any

from gateway.domain.models import WebhookEvent
from tests.support.client import payment_event


def fresh_id(prefix: str) -> str:
    """Return an id that looks like the provider's."""
    return f"{prefix}_{uuid.uuid4().hex[:14]}"


def captured_event(order_id: str) -> dict[str, Any]:
    """Return the documented example, about this order; its entity has no created_at."""
    return payment_event(
        "payment.captured",
        {
            "id": fresh_id("pay"),
            "order_id": order_id,
            "amount": 50000,
            "currency": "INR",
            "status": "captured",
            "method": "card",
        },
    )


def raw(event: dict[str, Any]) -> bytes:
    """Return the body that carries an event."""
    return json.dumps(event).encode()


def times_kept(body: bytes) -> int:
    """Return how many stored events have this body."""
    return int(WebhookEvent.objects(body_sha256=hashlib.sha256(body).hexdigest()).count())
