"""HTTP to Razorpay: which of the three errors each way of failing is. Knows nothing about payments.

The official client keeps only the description of an error, prints on network errors, and lets a JSON error
through for an HTML page. So the translation happens one layer below it, where everything is still known.
"""

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable

# Refusals that are about the moment and not about the request (texts from Razorpay's error catalogue).
TRY_AGAIN_TEXTS = ("is in progress", "still in progress")
DESCRIPTION_CHARS_MAX = 300


class TranslatingSession(requests.Session):
    """A keep-alive session that raises the port's errors, and nothing of its own."""

    def __init__(self, connections_max: int) -> None:
        super().__init__()
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=connections_max)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request, once. Raises ProviderRejected, ProviderUnavailable or OutcomeUnknown unless
        the answer is a success that can be read as JSON."""
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.exceptions.RequestException as error:
            raise _network_error(error) from error
        if response.status_code >= 400:
            raise _answered_error(response)
        try:
            response.json()
        except ValueError as error:
            # A success whose body was lost: the effect has most likely happened.
            raise OutcomeUnknown("the provider's answer could not be read") from error
        return response


def _network_error(error: requests.exceptions.RequestException) -> ProviderError:
    if isinstance(error, requests.exceptions.ConnectTimeout) or _is_certificate_error(error):
        return ProviderUnavailable("the provider could not be reached")
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError | NameResolutionError
    ):
        return ProviderUnavailable("the provider could not be reached")
    if isinstance(error, requests.exceptions.Timeout):
        return OutcomeUnknown("the provider did not answer in time")
    return OutcomeUnknown("the connection to the provider broke before it answered")


def _is_certificate_error(error: BaseException | None) -> bool:
    """Return whether the connection was never made because of its certificate. Any other TLS error may come
    after the request was sent."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = reason if isinstance(reason, BaseException) else error.__cause__
    return False


def _answered_error(response: requests.Response) -> ProviderError:
    details = _error_body(response)
    status = response.status_code
    description = str(details.get("description") or f"the provider answered HTTP {status}")
    facts = {
        "http_status": status,
        "code": _text(details.get("code")),
        "field": _text(details.get("field")),
        "reason": _text(details.get("reason")),
    }
    kind: type[ProviderError] = ProviderRejected
    # Refused keys say nothing about the request: once the keys are right again, it can be made.
    if status in (401, 403, 429) or any(text in description for text in TRY_AGAIN_TEXTS):
        kind = ProviderUnavailable
    elif status >= 500 or status == 408:
        kind = OutcomeUnknown
    return kind(description[:DESCRIPTION_CHARS_MAX], **facts)  # type: ignore[arg-type]


def _error_body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return {"description": error}
    return error if isinstance(error, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value != "NA" else None
