"""Requests that would be accepted, to be spoilt in one place."""

import json
from typing import Any

import requests

from tests.support.client import PAYMENTS, Api

# The same in every process, because it is in the names of tests.
SCHOOL_ID = "6f0d2a51-3c1e-4b7a-9a55-0c8f3e2d7b14"
ORDERS, VERIFY, REFUNDS = f"{PAYMENTS}/orders", f"{PAYMENTS}/verify", f"{PAYMENTS}/refunds"
PAYMENT = "/api/payment"
# The body is looked at before the payment, which no one has.
PAYMENT_PROCESS, PAYMENT_REFUND = f"{PAYMENT}/{SCHOOL_ID}/process", f"{PAYMENT}/{SCHOOL_ID}/refund"
REGISTER, LOGIN = "/api/user/register", "/api/user/login"

# Every body that some endpoint reads as JSON, as it would be accepted (but for what it names).
BODIES: dict[str, dict[str, Any]] = {
    ORDERS: {"schoolId": SCHOOL_ID, "amount": 500, "notes": {"purpose": "school_registration"}},
    VERIFY: {"razorpayOrderId": "order_x", "razorpayPaymentId": "pay_x", "razorpaySignature": "aa"},
    REFUNDS: {"paymentId": SCHOOL_ID, "amount": 250, "notes": {"reason": "moved away"}},
    PAYMENT: {
        "email": "refused@example.com",
        "amount": 500,
        "currency": "INR",
        "paymentMethod": "upi",
        "schoolId": SCHOOL_ID,
        "description": "Class 7, second term",
        "phoneNumber": "+919000000001",
        "notes": {"purpose": "school_registration"},
    },
    PAYMENT_PROCESS: {"vpa": "success@razorpay"},
    PAYMENT_REFUND: {"amount": 250, "reason": "moved away"},
    REGISTER: {
        "name": "Asha Rao",
        "email": "refused@example.com",
        "password": "correct horse battery",
        "phoneNumber": "+919000000001",
    },
    LOGIN: {"email": "refused@example.com", "password": "correct horse battery"},
}
FIELDS = [(path, field) for path, body in BODIES.items() for field in body]
# These may also come without any body.
BODILESS = (PAYMENT_PROCESS, PAYMENT_REFUND)
OPTIONAL = {(REFUNDS, "amount"), *((PAYMENT, field) for field in ("schoolId", "description", "phoneNumber"))}
REQUIRED = [
    (path, field)
    for path, field in FIELDS
    if (path, field) not in OPTIONAL and field != "notes" and path not in BODILESS
]
TEXT_FIELDS = [(path, field) for path, field in FIELDS if field not in ("amount", "notes")]
NEW_AMOUNTS = [ORDERS, PAYMENT]
NOTES = [path for path, field in FIELDS if field == "notes"]


def send(api: Api, path: str, body: bytes | str, content_type: str = "application/json") -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    return api.post(path, data=data, headers={"Content-Type": content_type})


def spoilt(path: str, field: str, value: str) -> str:
    """Return the endpoint's body as JSON text, with this field's value replaced by this text."""
    pairs = {name: json.dumps(item) for name, item in BODIES[path].items()} | {field: value}
    return f"{{{', '.join(f'{json.dumps(name)}: {text}' for name, text in pairs.items())}}}"


def named_in(details: dict[str, Any]) -> set[str]:
    assert all(isinstance(sentence, str) and sentence for sentence in details.values())
    return {name.split(".")[0] for name in details}
