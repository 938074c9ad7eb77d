"""Requests that would be accepted, to be spoilt in one place."""

import json
from typing import Any

import requests

from tests.support.client import PAYMENTS, Api

# The same in every process, because it is in the names of tests.
SCHOOL_ID = "6f0d2a51-3c1e-4b7a-9a55-0c8f3e2d7b14"
ORDERS, VERIFY, REFUNDS = f"{PAYMENTS}/orders", f"{PAYMENTS}/verify", f"{PAYMENTS}/refunds"
REGISTER, LOGIN = "/api/user/register", "/api/user/login"

# Every body that some endpoint reads as JSON, as it would be accepted (but for what it names).
BODIES: dict[str, dict[str, Any]] = {
    ORDERS: {"schoolId": SCHOOL_ID, "amount": 500, "notes": {"purpose": "school_registration"}},
    VERIFY: {"razorpayOrderId": "order_x", "razorpayPaymentId": "pay_x", "razorpaySignature": "aa"},
    REFUNDS: {"paymentId": SCHOOL_ID, "amount": 250, "notes": {"reason": "moved away"}},
    REGISTER: {
        "name": "Asha Rao",
        "email": "refused@example.com",
        "password": "correct horse battery",
        "phoneNumber": "+919000000001",
    },
    LOGIN: {"email": "refused@example.com", "password": "correct horse battery"},
}
FIELDS = [(path, field) for path, body in BODIES.items() for field in body]
REQUIRED = [
    (path, field) for path, field in FIELDS if (path, field) != (REFUNDS, "amount") and field != "notes"
]
TEXT_FIELDS = [(path, field) for path, field in FIELDS if field not in ("amount", "notes")]
AMOUNTS = [ORDERS, REFUNDS]


def send(api: Api, path: str, body: bytes | str, content_type: str = "application/json") -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    return api.post(path, data=data, headers={"Content-Type": content_type})


def spoilt(path: str, field: str, value: str) -> str:
    """Return the endpoint's body as JSON text, with this field's value replaced by this text."""
    rest = {name: item for name, item in BODIES[path].items() if name != field}
    return f"{json.dumps(rest)[:-1]}, {json.dumps(field)}: {value}}}"


def named_in(details: dict[str, Any]) -> set[str]:
    assert all(isinstance(sentence, str) and sentence for sentence in details.values())
    return {name.split(".")[0] for name in details}
