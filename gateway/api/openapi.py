"""The OpenAPI document: flask-smorest's description of the views, with every error and header that the
API can answer added to it. Served at /openapi.json, shown at /docs, and committed as openapi.json."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from flask import Flask

from gateway.api.api_keys import SCOPE
from gateway.api.auth import PUBLIC
from gateway.api.error_examples import ERROR_EXAMPLES
from gateway.api.errors import DocumentedErrorsApi
from gateway.api.limits import API_PREFIX

View = TypeVar("View", bound=Callable[..., Any])

FAILURES = "_failures"
IDEMPOTENT = "_is_idempotent_by_key"
WAITS = "_waits_as_preferred"
FINAL = "_is_final_when_accepted"

HEADERS = {
    "X-Request-ID": "The request's id, echoed or made; name it when you ask for help.",
    "RateLimit-Limit": "How many requests the address may make in the window.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until one more is allowed.",
    "Retry-After": "Seconds to wait before asking again.",
    "WWW-Authenticate": "`Bearer`: send a token.",
    "Content-Disposition": "The file's name; a PDF's is its receipt number.",
    "Preference-Applied": "Which preference was heeded, as in `wait=5`.",
    "Idempotent-Replayed": "`true` when an earlier request with this Idempotency-Key is answered again.",
}


PREFER = {
    "in": "header",
    "name": "Prefer",
    "schema": {"type": "string"},
    "description": "`wait=N`: wait up to N seconds, at most 10, for the work to be done (RFC 7240).",
    "example": "wait=5",
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


def waits_as_preferred(view: View) -> View:
    """Document that a view heeds `Prefer: wait=N`."""
    setattr(view, WAITS, True)
    return view


def final_when_accepted(view: View) -> View:
    """Document that a 202 of the view is its last word: there is nothing to ask for again."""
    setattr(view, FINAL, True)
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
        names += ["unauthorized", "scope" if hasattr(view, SCOPE) else "keyless"]
        _document_scope(operation, getattr(view, SCOPE, None))
    if limited:
        names += ["rate_limited", "database"]
    if "requestBody" in operation:
        names += ["bad_json", "validation", "too_large", "media_type"]
    if getattr(view, IDEMPOTENT, False):
        names.append("key_reused")
        operation.setdefault("parameters", []).append(_idempotency_parameter())
    if getattr(view, WAITS, False):
        operation.setdefault("parameters", []).append(PREFER)
    for name in sorted(names, key=lambda name: ERROR_EXAMPLES[name][0]):
        _add_error(operation["responses"], name)
    for status, answer in operation["responses"].items():
        names = _headers_of(int(status), limited, getattr(view, IDEMPOTENT, False))
        if status == "202" and getattr(view, FINAL, False):
            names.remove("Retry-After")
        if status in ("200", "202") and getattr(view, WAITS, False):
            names.append("Preference-Applied")
        if status == "502" and "order_creation" in getattr(view, FAILURES, ()):
            names.append("Retry-After")
        if status == "503" and "database" in getattr(view, FAILURES, ()):
            names.append("Retry-After")
        if status == "401" and not getattr(view, PUBLIC, False):
            names.append("WWW-Authenticate")
        if answer.get("content", {}).keys() & {"application/pdf", "text/csv"}:
            names.append("Content-Disposition")
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _document_scope(operation: dict[str, Any], scope: str | None) -> None:
    """Say whether an API key may call this. OpenAPI 3.0 has no scopes for bearer tokens, so they are text."""
    if scope:
        operation["security"] = [{"bearerAuth": []}, {"apiKey": []}]
        words = f"API keys need the scope `{scope}`."
        operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()


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
