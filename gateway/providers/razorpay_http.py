"""HTTP to Razorpay: which of the three errors each way of failing is. Knows nothing about payments.

The official client keeps only the description of an error, prints on network errors, and lets a JSON error
through for an HTML page. So the translation happens one layer below it, where everything is still known.
"""

import ssl
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import requests
from urllib3.exceptions import ReadTimeoutError

from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable
from gateway.providers.calls import CallKind, CallLimits
from gateway.providers.circuit import Circuit, Verdict
from gateway.providers.retry_after import read_retry_after
from gateway.providers.timed_http import TimedAdapter, TimedCall, timed

# Refusals that are about the moment and not about the request (texts from Razorpay's error catalogue).
TRY_AGAIN_TEXTS = ("is in progress", "still in progress")
# Refused keys and rate limits say nothing about the request: it was not looked at, and can be made later.
TURNED_AWAY_STATUSES = (401, 403, 429)
DESCRIPTION_CHARS_MAX = 300
# A page of 100 payments with the longest notes, every character escaped, is about 5 MB.
ANSWER_BYTES_MAX = 8 * 1024 * 1024
READ_BYTES = 64 * 1024


class TranslatingSession(requests.Session):
    """A keep-alive session that raises the port's errors, and nothing of its own. Each request's `timeout` is
    its CallLimits."""

    def __init__(self, connections_max: int, circuits: Mapping[CallKind, Circuit]) -> None:
        super().__init__()
        # Neither a .netrc file nor a proxy from the environment may replace the keys, or the provider.
        self.trust_env = False
        self._circuits = circuits
        adapter = TimedAdapter(pool_connections=2, pool_maxsize=connections_max)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request, once. Raises ProviderRejected, ProviderUnavailable or OutcomeUnknown unless
        the answer is a success that can be read as JSON."""
        limits = kwargs.pop("timeout")
        assert isinstance(limits, CallLimits), "a call without limits could wait for ever"
        circuit = self._circuits[limits.kind]
        permit = circuit.admit()
        verdict, retry_after_seconds = Verdict.NOTHING, None
        try:
            response = self._exchange(limits, method, url, *args, **kwargs)
            verdict = Verdict.ANSWERED
            return response
        except ProviderError as error:
            verdict, retry_after_seconds = _verdict(error), error.retry_after_seconds
            raise
        finally:
            circuit.settle(permit, verdict, retry_after_seconds)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Go nowhere else, wherever an answer points: the keys, and money calls, are for one address only."""

    def _exchange(
        self, limits: CallLimits, method: Any, url: Any, *args: Any, **kwargs: Any
    ) -> requests.Response:
        timeout = (limits.connect_seconds, limits.read_seconds)
        kwargs |= {"timeout": timeout, "allow_redirects": False, "stream": True}
        with timed(limits) as call:
            try:
                response = super().request(method, url, *args, **kwargs)
            except requests.exceptions.RequestException as error:
                raise _network_error(error, call) from error
            with closing(response):
                try:
                    _read_body(response)
                except (requests.exceptions.RequestException, _TooLong) as error:
                    raise _cut_off(response, error) from error
        if not 200 <= response.status_code < 300:
            raise _answered_error(response)
        if _json_of(response) is None:
            # A success whose body was lost: the effect has most likely happened.
            raise OutcomeUnknown("the provider's answer could not be read")
        return response


class _TooLong(Exception):
    """The answer is longer than any that the provider documents."""


def _read_body(response: requests.Response) -> None:
    """Read the whole answer within the call's deadline. Raises _TooLong, and requests' exceptions."""
    body = bytearray()
    for part in response.iter_content(READ_BYTES):
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise _TooLong
    # Where requests itself keeps what it has read.
    response._content = bytes(body)


def _network_error(error: requests.exceptions.RequestException, call: TimedCall) -> ProviderError:
    if call.is_unsent:
        return ProviderUnavailable("the provider could not be reached")
    return OutcomeUnknown(_what_broke(error))


def _what_broke(error: Exception) -> str:
    if isinstance(error, _TooLong):
        return "the provider's answer does not end"
    if any(isinstance(each, TimeoutError | requests.Timeout | ReadTimeoutError) for each in _causes(error)):
        return "the provider did not answer in time"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return "the provider's answer could not be read"
    return "the connection to the provider broke before it answered"


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return an exception and those that it wraps, which requests and urllib3 keep in several places."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        inside = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        error = next((each for each in inside if isinstance(each, BaseException)), None)
    return found


def _cut_off(response: requests.Response, error: Exception) -> ProviderError:
    """Return what an answer means whose body broke off, or never ends. An error's status is known all the
    same, but not whether it is final."""
    status = response.status_code
    facts: dict[str, Any] = {}
    if not 200 <= status < 300:
        facts = {"http_status": status, "retry_after_seconds": read_retry_after(response.headers)}
    kind = ProviderUnavailable if status in TURNED_AWAY_STATUSES else OutcomeUnknown
    return kind(_what_broke(error), **facts)


def _answered_error(response: requests.Response) -> ProviderError:
    details = _error_body(response)
    status = response.status_code
    description = str(details.get("description") or f"the provider answered HTTP {status}")
    kind: type[ProviderError] = ProviderRejected
    if status in TURNED_AWAY_STATUSES or any(text in description for text in TRY_AGAIN_TEXTS):
        kind = ProviderUnavailable
    elif status < 400 or status >= 500 or status == 408:
        # A redirect comes from something in between, which may or may not have passed the request on.
        kind = OutcomeUnknown
    return kind(
        description[:DESCRIPTION_CHARS_MAX],
        http_status=status,
        code=_text(details.get("code")),
        field=_text(details.get("field")),
        reason=_text(details.get("reason")),
        retry_after_seconds=read_retry_after(response.headers),
    )


def _verdict(error: ProviderError) -> Verdict:
    """Return what an error says about the provider's health. Whoever rejects a request, or a key, is well."""
    if error.http_status == 429:
        return Verdict.RATE_LIMITED
    if isinstance(error, OutcomeUnknown):
        return Verdict.FAILED
    if error.http_status is not None:
        return Verdict.ANSWERED
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
        # A certificate that is not trusted is mended by people, and costs the provider nothing meanwhile.
        return Verdict.NOTHING
    return Verdict.FAILED


def _json_of(response: requests.Response) -> Any:
    """Return the body, or None when it is no JSON."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _error_body(response: requests.Response) -> dict[str, Any]:
    body = _json_of(response)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return {"description": error}
    return error if isinstance(error, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value != "NA" else None
