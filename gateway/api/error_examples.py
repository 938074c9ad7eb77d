"""One example of every refusal of the API, by the name under which views say that they have it."""

from typing import Any

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
    "link": (
        400,
        "INVALID_TOKEN",
        "This link is not valid, was used already, or has expired. Ask for another mail.",
        {"token": "is not valid any more"},
    ),
    "unauthorized": (401, "UNAUTHORIZED", "Send your token: Authorization: Bearer <token>.", {}),
    "credentials": (401, "INVALID_CREDENTIALS", "The e-mail or the password is wrong.", {}),
    "school": (403, "FORBIDDEN", "Only staff of the school and administrators see this.", {}),
    "school_of_key": (
        403,
        "FORBIDDEN",
        "This API key belongs to one school.",
        {"schoolId": "must be 5b0c5a86-0f0a-4d2e-9f43-2f5f2f0c7c11"},
    ),
    "operator": (
        403,
        "FORBIDDEN",
        "Only administrators, and API keys of all schools, see this.",
        {},
    ),
    "refund_by_school": (
        403,
        "FORBIDDEN",
        "Refunds are made by the school here. Please ask its staff.",
        {"paymentId": "may only be refunded by staff of its school or an administrator"},
    ),
    "scope": (
        403,
        "FORBIDDEN",
        "This API key lacks the scope refunds:write.",
        {"scope": "refunds:write is needed; the key has payments:read"},
    ),
    "keyless": (403, "FORBIDDEN", "This is for people who are logged in, not for API keys.", {}),
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
    "not_processable": (
        409,
        "PAYMENT_NOT_PROCESSABLE",
        "This payment is PAID and cannot be processed.",
        {"status": "PAID"},
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
    "attempts": (
        429,
        "TOO_MANY_ATTEMPTS",
        "Too many wrong passwords. Wait before you try again, or set a new password by mail.",
        {},
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
    "exports": (503, "CONFLICT", "Too many exports are under way. Please try again in a while.", {}),
    "database": (
        503,
        "SERVICE_UNAVAILABLE",
        "The service cannot reach its database right now. Please try again.",
        {},
    ),
}
