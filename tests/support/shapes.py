"""The documented shape of a refusal."""

from typing import Any

import requests


def refused(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is an error in the documented shape, and return its details."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"success", "error", "code", "details"}
    assert body["success"] is False
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["code"] == code
    details: dict[str, Any] = body["details"]
    assert isinstance(details, dict)
    return details
