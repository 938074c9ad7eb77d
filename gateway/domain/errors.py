"""Anticipated refusals. Each has a stable code from the API document; the HTTP status belongs to the API.

What the provider can answer is in `provider`; anything else that goes wrong is a mistake of ours and crashes.
"""

from typing import Any


class DomainError(Exception):
    """A refusal that the caller can understand. `details` maps a field or fact to a sentence or value."""

    code = "DOMAIN_ERROR"
    # When asking again can have another answer, where that is known.
    retry_after_seconds: float | None = None

    def __init__(self, message: str, /, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(DomainError):
    """A field has a value that no client may send."""

    code = "VALIDATION_ERROR"


class Forbidden(DomainError):
    """The caller is known, and may not do this; nothing about what exists is said."""

    code = "FORBIDDEN"


class PaymentNotFound(DomainError):
    """There is no such payment, or it is not the caller's to see."""

    code = "PAYMENT_NOT_FOUND"


class ReceiptNotFound(DomainError):
    """There is no such receipt, or it is not the caller's to see."""

    code = "RECEIPT_NOT_FOUND"


class InvalidSignature(DomainError):
    """A signature was not made with the secret that only the provider and we know."""

    code = "INVALID_SIGNATURE"


class OrderCreationFailed(DomainError):
    """The provider holds no order for this payment, and none will be made."""

    code = "ORDER_CREATION_FAILED"

    def __init__(self, message: str, /, *, retry_after_seconds: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after_seconds = retry_after_seconds


class VerificationFailed(DomainError):
    """The signature is right, but the provider's payment is not the one that this order asked for."""

    code = "VERIFICATION_FAILED"


class RefundRefused(DomainError):
    """The refund does not fit what was captured, or the payment's status."""

    code = "REFUND_FAILED"


class RefundRejected(DomainError):
    """The provider refused the refund; its reservation has been given back."""

    code = "REFUND_FAILED"


class NotProcessable(DomainError):
    """The payment is finished, or cannot be processed in this way now."""

    code = "PAYMENT_NOT_PROCESSABLE"


class NotCancellable(DomainError):
    """The payment was made, or is being made, and can only be refunded."""

    code = "PAYMENT_NOT_CANCELLABLE"


class ProviderDidNotAnswer(DomainError):
    """The provider could not be asked; nothing has been changed, and asking again later is safe."""

    code = "PROVIDER_UNAVAILABLE"

    def __init__(self, message: str, /, *, retry_after_seconds: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after_seconds = retry_after_seconds


class IdempotencyMismatch(DomainError):
    """The same Idempotency-Key came with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"


class TooBusy(DomainError):
    """Too many changes of one document at the same moment; nothing has been written."""

    code = "CONFLICT"


class EmailTaken(DomainError):
    """Another account has this e-mail address."""

    code = "EMAIL_ALREADY_REGISTERED"


class InvalidCredentials(DomainError):
    """Unknown e-mail or wrong password; which of the two is never said."""

    code = "INVALID_CREDENTIALS"


class TooManyAttempts(DomainError):
    """Too many wrong passwords; the next try is possible after `retry_after_seconds`, not before."""

    code = "TOO_MANY_ATTEMPTS"

    def __init__(self, message: str, /, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class InvalidToken(DomainError):
    """The link of a password mail was used, has expired, or was never sent; which of them is never said."""

    code = "INVALID_TOKEN"


class AccountNotFound(DomainError):
    """There is no account with this e-mail address."""

    code = "ACCOUNT_NOT_FOUND"


class ApiKeyNotFound(DomainError):
    """There is no API key with this id."""

    code = "API_KEY_NOT_FOUND"


class ApiKeyEnded(DomainError):
    """The API key was revoked or has expired, and comes back to life by nothing."""

    code = "API_KEY_ENDED"


class WebhookEventNotFound(DomainError):
    """No webhook event with this id is kept."""

    code = "WEBHOOK_EVENT_NOT_FOUND"


class NotRedrivable(DomainError):
    """The webhook event was applied, or still waits for its own next try."""

    code = "WEBHOOK_EVENT_NOT_REDRIVABLE"


class DiscrepancyNotFound(DomainError):
    """There is no discrepancy with this id."""

    code = "DISCREPANCY_NOT_FOUND"


class DiscrepancyNotOpen(DomainError):
    """The discrepancy was corrected by itself, or a person has decided about it."""

    code = "DISCREPANCY_NOT_OPEN"
