"""The OpenAPI document: flask-smorest's description of the views, with every error and header that the
API can answer added to it. Served at /openapi.json, shown at /docs, and committed as openapi.json."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from flask import Flask

from gateway.api.auth import PUBLIC
from gateway.api.errors import DocumentedErrorsApi
from gateway.api.limits import API_PREFIX

View = TypeVar("View", bound=Callable[..., Any])

FAILURES = "_failures"
IDEMPOTENT = "_is_idempotent_by_key"

# name: status, code, sentence, details
ERROR_EXAMPLES: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "validation": (
        400,
        "VALIDATION_ERROR",
        "The request is not valid.",
        {"amount": "must be greater than zero"},
    ),
    "bad_json": (400, "VALIDATION_ERROR", "The body is not valid JSON.", {"body": "is not valid JSON: …"}),
    "invalid_signature": (
        400,
        "INVALID_SIGNATURE",
        "The payment's signature is not valid.",
        {"razorpaySignature": "does not match this order and payment"},
    ),
    "verification": (
        400,
        "VERIFICATION_FAILED",
        "This payment is not for this order.",
        {"razorpayPaymentId": "its amount is 100, not 50000"},
    ),
    "unauthorized": (401, "UNAUTHORIZED", "Send your token: Authorization: Bearer <token>.", {}),
    "credentials": (401, "INVALID_CREDENTIALS", "The e-mail or the password is wrong.", {}),
    "payment": (404, "PAYMENT_NOT_FOUND", "There is no such payment.", {}),
    "receipt": (404, "RECEIPT_NOT_FOUND", "There is no such receipt.", {"receiptId": "is unknown"}),
    "email": (
        409,
        "EMAIL_ALREADY_REGISTERED",
        "An account with this e-mail already exists.",
        {"email": "is already registered"},
    ),
    "refund": (
        409,
        "REFUND_FAILED",
        "This payment has been fully refunded already.",
        {"status": "REFUNDED", "refundableAmount": 0.00},
    ),
    "not_cancellable": (
        409,
        "PAYMENT_NOT_CANCELLABLE",
        "This payment is PAID and cannot be cancelled.",
        {"status": "PAID"},
    ),
    "too_large": (413, "PAYLOAD_TOO_LARGE", "The data value transmitted exceeds the capacity limit.", {}),
    "media_type": (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the body as JSON, with Content-Type: application/json.",
        {},
    ),
    "key_reused": (
        422,
        "IDEMPOTENCY_KEY_REUSED",
        "This Idempotency-Key was already used for a different request. Use a new key.",
        {"Idempotency-Key": "was used with another body"},
    ),
    "rate_limited": (
        429,
        "RATE_LIMITED",
        "Too many requests from this address; the limit is 100 per 15 minutes.",
        {},
    ),
    "internal": (500, "INTERNAL_ERROR", "Something went wrong on our side. The error was logged.", {}),
    "order_creation": (
        502,
        "ORDER_CREATION_FAILED",
        "The payment provider did not open an order.",
        {
            "paymentId": "0d9c1c0c-8f43-4f0e-8b0e-0f6f1f3f9c55",
            "provider": "Amount exceeds maximum amount allowed.",
        },
    ),
    "refund_rejected": (
        502,
        "REFUND_FAILED",
        "The payment provider refused the refund.",
        {"provider": "Your account does not have enough balance to carry out the refund operation."},
    ),
    "provider_away": (
        503,
        "PROVIDER_UNAVAILABLE",
        "The provider could not be asked whether this order was paid; nothing was changed.",
        {"provider": "the provider did not answer in time"},
    ),
    "database": (
        503,
        "SERVICE_UNAVAILABLE",
        "The service cannot reach its database right now. Please try again.",
        {},
    ),
}

HEADERS = {
    "X-Request-ID": "The request's id, echoed or made; name it when you ask for help.",
    "RateLimit-Limit": "How many requests the address may make in the window.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until one more is allowed.",
    "Retry-After": "Seconds to wait before asking again.",
    "WWW-Authenticate": "`Bearer`: send a token.",
    "Content-Disposition": "The PDF's file name, which is its receipt number.",
    "Idempotent-Replayed": "`true` when an earlier request with this Idempotency-Key is answered again.",
}


def can_fail(*names: str) -> Callable[[View], View]:
    """Document which refusals of ERROR_EXAMPLES a view has, besides those that every view has."""

    def mark(view: View) -> View:
        setattr(view, FAILURES, names)
        return view

    return mark


def idempotent_by_key(view: View) -> View:
    """Document that a view takes an Idempotency-Key."""
    setattr(view, IDEMPOTENT, True)
    return view


def document(app: Flask, api: DocumentedErrorsApi) -> dict[str, Any]:
    """Return the whole OpenAPI document."""
    # A copy, because apispec hands out its own, and what is added here would pile up.
    spec: dict[str, Any] = deepcopy(api.spec.to_dict())
    components = spec["components"]
    # flask-smorest's own errors, which this API never answers.
    components["responses"] = {}
    components["schemas"].pop("Error", None)
    _write_patterns_for_javascript(components["schemas"])
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in rule.methods or ():
            operation = spec["paths"].get(path, {}).get(method.lower())
            if operation:
                _complete(operation, app.view_functions[rule.endpoint], path)
                operation.setdefault("operationId", rule.endpoint.rpartition(".")[2])
    return spec


def _write_patterns_for_javascript(schemas: dict[str, Any]) -> None:
    """Python matches from the start and ends with \\Z; the document's patterns are read as JavaScript's."""
    for schema in schemas.values():
        for member in schema.get("properties", {}).values():
            if "pattern" in member:
                member["pattern"] = f"^{member['pattern'].removesuffix(chr(92) + 'Z')}$"


def _complete(operation: dict[str, Any], view: Any, path: str) -> None:
    operation["responses"] = {
        status: answer for status, answer in operation["responses"].items() if "$ref" not in answer
    }
    limited = path.startswith(API_PREFIX)
    names = [*getattr(view, FAILURES, ()), "internal"]
    if not getattr(view, PUBLIC, False):
        names.append("unauthorized")
    if limited:
        names += ["rate_limited", "database"]
    if "requestBody" in operation:
        names += ["bad_json", "validation", "too_large", "media_type"]
    if getattr(view, IDEMPOTENT, False):
        names.append("key_reused")
        operation.setdefault("parameters", []).append(_idempotency_parameter())
    for name in sorted(names, key=lambda name: ERROR_EXAMPLES[name][0]):
        _add_error(operation["responses"], name)
    for status, answer in operation["responses"].items():
        names = _headers_of(int(status), limited, getattr(view, IDEMPOTENT, False))
        if status == "401" and not getattr(view, PUBLIC, False):
            names.append("WWW-Authenticate")
        if "application/pdf" in answer.get("content", {}):
            names.append("Content-Disposition")
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _add_error(responses: dict[str, Any], name: str) -> None:
    status, code, sentence, details = ERROR_EXAMPLES[name]
    answer = responses.setdefault(str(status), {"description": "", "content": {}})
    codes = [part for part in answer["description"].split(" or ") if part]
    answer["description"] = " or ".join(dict.fromkeys([*codes, f"`{code}`"]))
    content = answer["content"].setdefault(
        "application/json", {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}, "examples": {}}
    )
    example = {"success": False, "error": sentence, "code": code, "details": details}
    content.setdefault("examples", {})[name] = {"value": example}


def _idempotency_parameter() -> dict[str, Any]:
    return {
        "in": "header",
        "name": "Idempotency-Key",
        "schema": {"type": "string", "maxLength": 255},
        "description": "A key of your own for this request. Repeating the request with it has no second"
        " effect and gets the first one's answer; another body with the same key is refused with 422.",
        "example": "5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11",
    }


def _headers_of(status: int, limited: bool, idempotent: bool) -> list[str]:
    names = ["X-Request-ID"]
    if limited:
        names += ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    if status in (202, 429) or (status == 503 and limited):
        names.append("Retry-After")
    if idempotent and status in (201, 202):
        names.append("Idempotent-Replayed")
    return names
