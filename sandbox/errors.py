"""The error catalogue: every text that Razorpay answers with, and the envelope it comes in.

Where the documents print no source, step and reason, they are "NA". The README lists the texts that no
document shows.
"""

from typing import Any

from sandbox import ids, money

BAD_REQUEST = "BAD_REQUEST_ERROR"
INVALID_VPA = "Invalid VPA. Please enter a valid Virtual Payment Address"


class ProviderError(Exception):
    """An error answer of the API. The texts are literals that clients match on; change none of them."""

    def __init__(
        self,
        description: str,
        *,
        status: int = 400,
        code: str = BAD_REQUEST,
        source: str | None = "NA",
        step: str | None = "NA",
        reason: str | None = "NA",
        metadata: dict[str, str] | None = None,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.headers = headers or {}
        self.error: dict[str, Any] = {
            "code": code,
            "description": description,
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": metadata or {},
        }
        if field is not None:
            self.error["field"] = field

    def body(self) -> dict[str, Any]:
        """Give the envelope."""
        return {"error": self.error}


def invalid(
    description: str, field: str | None = None, metadata: dict[str, str] | None = None
) -> ProviderError:
    """Make the usual validation error."""
    return ProviderError(
        description,
        source="business",
        step="payment_initiation",
        reason="input_validation_failed",
        field=field,
        metadata=metadata,
    )


def extra_fields(names: list[str]) -> ProviderError:
    """Make the refusal of body fields that the call does not know."""
    return ProviderError(
        f"{', '.join(names)} is/are not required and should not be sent",
        source="business",
        step="payment_initiation",
        reason="extra_field_sent",
        field=names[0] if len(names) == 1 else None,
    )


def unknown_id(prefix: str, text: str) -> ProviderError:
    """Make the answer for an id that leads nowhere: 400, not 404, and in one of two forms."""
    if ids.is_well_formed(prefix, text):
        return invalid("The id provided does not exist")
    return invalid(f"{ids.without_prefix(prefix, text)} is not a valid id")


def amount_too_small(currency: str, name: str = "amount") -> ProviderError:
    """Make the refusal of an amount below the currency's minimum."""
    minimum = money.display(money.minimum_minor(currency), currency)
    return invalid(f"The {name} must be at least {minimum}", name)


def required(name: str) -> ProviderError:
    """Make the refusal of a payment that lacks a field."""
    return invalid(f"The {name} field is required.", name)


def invalid_vpa() -> ProviderError:
    """Make the refusal of a UPI address that cannot be one."""
    return ProviderError(
        INVALID_VPA, source="customer", step="payment_initiation", reason="invalid_vpa", field="vpa"
    )


def amount_differs() -> ProviderError:
    """Make the refusal of a payment of another amount than its order's."""
    return invalid(
        "Your payment amount is different from your order amount. "
        "To pay successfully, please try using right amount.",
        "amount",
    )


def order_already_paid(metadata: dict[str, str]) -> ProviderError:
    """Make the refusal of a payment for an order that has its money."""
    return ProviderError(
        "Your payment has been declined as the order is already paid. "
        "Please initiate the payment with a new order.",
        metadata=metadata,
    )


def authentication_failed() -> ProviderError:
    """Make the answer to wrong or missing keys."""
    return ProviderError(
        "Authentication failed", status=401, headers={"WWW-Authenticate": 'Basic realm="Razorpay"'}
    )


def url_not_found() -> ProviderError:
    """Make the answer to an unknown route below /v1, and to a wrong method."""
    return ProviderError("The requested URL was not found on the server.")


def server_error() -> ProviderError:
    """Make the answer that Razorpay gives when it is in trouble itself."""
    return ProviderError(
        "The server encountered an error. The incident has been reported to admins.",
        status=500,
        code="SERVER_ERROR",
    )


def too_many_requests(retry_after_seconds: int | None) -> ProviderError:
    """Make one of the two rate-limit answers: the short bucket says when to come back."""
    if retry_after_seconds is None:
        return ProviderError("Request failed. Please try after sometime.", status=429, source="business")
    return ProviderError("Too many requests", status=429, headers={"Retry-After": str(retry_after_seconds)})


def idempotency_conflict(description: str) -> ProviderError:
    """Make a 409 about an idempotency key."""
    return ProviderError(description, status=409)
