"""One attempt to deliver a webhook: the exact headers, the raw body, five seconds, and what came back."""

import http.client
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox import signatures

TIMEOUT_SECONDS = 5.0
KEPT_BODY_CHARACTERS = 500


@dataclass(frozen=True)
class Answer:
    """What an endpoint did. status is null when it did not answer in time or could not be reached."""

    status: int | None
    body: str
    error: str | None
    duration_ms: float

    @property
    def is_success(self) -> bool:
        """Any 2xx counts; redirects are failures."""
        return self.status is not None and 200 <= self.status < 300

    def shown(self) -> dict[str, Any]:
        """Give the attempt as the control API shows it."""
        return {
            "status": self.status,
            "body": self.body,
            "error": self.error,
            "duration_ms": round(self.duration_ms, 1),
        }


def headers(event_id: str, body: bytes, secret: str) -> dict[str, str]:
    """Give the headers of a webhook. Nothing in them tells a retry from a first attempt."""
    signature = {"X-Razorpay-Signature": signatures.of_webhook(secret, body)} if secret else {}
    return {
        "User-Agent": "Razorpay-Webhook/v1",
        "Content-Type": "application/json",
        "Request-Id": event_id,
        "X-Razorpay-Event-Id": event_id,
        **signature,
        "Accept-Encoding": "gzip",
        "Content-Length": str(len(body)),
    }


def corrupted(body: bytes) -> bytes:
    """Change the first amount in a body after it was signed, as a forger or a broken proxy would."""
    return re.sub(rb'"amount":(\d+)', lambda found: b'"amount":%d' % (int(found[1]) + 1), body, count=1)


def send(url: str, body: bytes, header_values: dict[str, str]) -> Answer:
    """Post a body once. Every way to fail is an answer; it raises nothing for a bad network."""
    started = time.monotonic()
    status, text, error = None, "", None
    try:
        status, text = _exchange(url, body, header_values, started + TIMEOUT_SECONDS)
    except TimeoutError:
        error = f"no answer within {TIMEOUT_SECONDS:g} seconds"
    except (OSError, http.client.HTTPException, ValueError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    return Answer(status, text, error, (time.monotonic() - started) * 1000)


def _exchange(url: str, body: bytes, header_values: dict[str, str], deadline: float) -> tuple[int, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", target, skip_accept_encoding=True)
        for name, value in header_values.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        # The limit is for the whole attempt, not for each wait on the socket.
        connection.sock.settimeout(max(0.001, deadline - time.monotonic()))
        response = connection.getresponse()
        return response.status, _start_of_body(response)
    finally:
        connection.close()


def _start_of_body(response: http.client.HTTPResponse) -> str:
    # The status decides; a body that breaks off or dawdles must not turn a 200 into a failure.
    try:
        return response.read(4 * KEPT_BODY_CHARACTERS).decode("utf-8", "replace")[:KEPT_BODY_CHARACTERS]
    except (OSError, http.client.HTTPException):
        return ""
