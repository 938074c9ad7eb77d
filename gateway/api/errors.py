"""Every error body of the API is built here, the framework's own included, and the table that maps each
anticipated refusal to its HTTP status."""

import math
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from flask_smorest import Api
from mongoengine.errors import OperationError
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from gateway.domain import errors

STATUS_OF_ERROR: dict[type[errors.DomainError], int] = {
    errors.InvalidInput: 400,
    errors.InvalidSignature: 400,
    errors.VerificationFailed: 400,
    errors.InvalidToken: 400,
    errors.InvalidCredentials: 401,
    errors.Forbidden: 403,
    errors.PaymentNotFound: 404,
    errors.ReceiptNotFound: 404,
    errors.AccountNotFound: 404,
    errors.ApiKeyNotFound: 404,
    errors.WebhookEventNotFound: 404,
    errors.DiscrepancyNotFound: 404,
    errors.EmailTaken: 409,
    errors.RefundRefused: 409,
    errors.NotCancellable: 409,
    errors.NotProcessable: 409,
    errors.ApiKeyEnded: 409,
    errors.NotRedrivable: 409,
    errors.DiscrepancyNotOpen: 409,
    errors.IdempotencyMismatch: 422,
    errors.TooManyAttempts: 429,
    errors.OrderCreationFailed: 502,
    errors.RefundRejected: 502,
    errors.ProviderDidNotAnswer: 503,
    errors.TooBusy: 503,
}

CODE_OF_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    411: "LENGTH_REQUIRED",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
}

RETRY_AFTER_SECONDS = 5
SKIPPED_BYTES_MAX = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


def error_response(
    status: int, code: str, message: str, details: Mapping[str, Any] | None = None, **headers: str
) -> Response:
    """Return an error in the documented shape. headers: names with `_` for `-`."""
    response = jsonify(success=False, error=message, code=code, details=dict(details or {}))
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


class DocumentedErrorsApi(Api):
    """flask-smorest's Api, answering HTTP errors in the documented shape instead of its own."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Return the framework's error in the documented shape, with the headers that it asks for."""
        status = error.code or 500
        code = CODE_OF_STATUS.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")
        if status >= 500:
            return internal_error()
        message = error.description or error.name
        if status == 429:
            message = f"Too many requests from this address; the limit is {message.rstrip('s')}s."
        response = error_response(status, code, message, _details(status))
        if status == 413:
            _skip_body()
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response


def _skip_body() -> None:
    """Read what is left of a refused body, within bounds, so that the connection can carry the client's next
    request instead of breaking under it."""
    left = SKIPPED_BYTES_MAX
    while left > 0:
        chunk = request.environ["wsgi.input"].read(min(left, 64 * 1024))
        if not chunk:
            return
        left -= len(chunk)


def _details(status: int) -> dict[str, str]:
    """Return what would be right, for errors that the framework finds."""
    if status == 413:
        return {"body": f"must have no more than {request.max_content_length} bytes"}
    if status == 415:
        return {"Content-Type": "must be application/json"}
    return {}


def internal_error() -> Response:
    """Return the answer to a mistake of ours: it says nothing about what went wrong inside."""
    return error_response(500, "INTERNAL_ERROR", "Something went wrong on our side. The error was logged.")


def register(app: Flask) -> None:
    """Make the app answer every exception in the documented shape. Unexpected ones are logged once."""
    app.register_error_handler(errors.DomainError, _domain_error)
    app.register_error_handler(PyMongoError, _database_error)
    app.register_error_handler(OperationError, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def _domain_error(error: errors.DomainError) -> Response:
    response = error_response(STATUS_OF_ERROR[type(error)], error.code, error.message, error.details)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    return response


def _database_error(error: PyMongoError | OperationError) -> Response:
    log.error("database.unavailable", error=type(error).__name__)
    return error_response(
        503, "SERVICE_UNAVAILABLE", "The service cannot reach its database right now. Please try again."
    )


def _unexpected_error(error: Exception) -> Response:
    log.exception("request.crashed", error=type(error).__name__)
    return internal_error()
