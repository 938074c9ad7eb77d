"""The OpenAPI document says what the service does, and the documentation page comes from this server."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from dev.openapi import COMMITTED, text
from tests.conftest import ROOT, Stack
from tests.support.client import Api
from tests.support.named import SCOPE_OF
from tests.support.routes import route_listing

DOCUMENT: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
PUBLIC = {
    *("POST /api/user/register", "POST /api/user/login", "POST /api/v1/payments/webhook"),
    *("POST /api/user/password/forgot", "POST /api/user/password/reset"),
    *("GET /healthz", "GET /readyz"),
}
NEEDS_NO_BODY = {
    "POST /api/user/logout",
    "POST /api/user/refresh",
    "POST /api/v1/payments/orders/{orderId}/cancel",
}
# A mail is on its way, and there is nothing to ask for again.
FINAL_WHEN_ACCEPTED = {"POST /api/user/password/forgot"}
NEVER_LIMITED = {"GET /healthz", "GET /readyz", "GET /metrics"}
each_operation = pytest.mark.parametrize("name", OPERATIONS)


def _contents(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operation's body and answers by what they are: 'request', '201 application/json'…"""
    body = operation.get("requestBody", {"content": {}})["content"]
    contents = {f"request {kind}": content for kind, content in body.items()}
    for status, answer in operation["responses"].items():
        contents |= {f"{status} {kind}": content for kind, content in answer["content"].items()}
    return contents


def _examples(content: dict[str, Any]) -> list[Any]:
    several = [example["value"] for example in content.get("examples", {}).values()]
    return [*several, *([content["example"]] if "example" in content else [])]


EXAMPLES = [
    pytest.param(content["schema"], example, id=f"{name} {what} {number}")
    for name, operation in OPERATIONS.items()
    for what, content in _contents(operation).items()
    for number, example in enumerate(_examples(content))
]


def test_the_document_is_valid(anonymous: Api) -> None:
    validate(anonymous.get("/openapi.json").json())


def test_the_committed_document_is_the_one_that_is_served(anonymous: Api) -> None:
    served = [text(anonymous.get("/openapi.json").json()) for _ in range(2)]

    assert served == [COMMITTED.read_text(encoding="utf-8")] * 2, "run `make openapi`"


def test_the_document_is_made_without_a_server_or_settings(tmp_path: Path) -> None:
    target = tmp_path / "openapi.json"

    subprocess.run(
        [sys.executable, "-m", "dev.openapi", str(target)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=60,
        capture_output=True,
    )

    assert target.read_bytes() == COMMITTED.read_bytes()


def test_every_route_is_in_the_document(stack: Stack) -> None:
    listing = route_listing(stack)

    rows = [line.rsplit(maxsplit=1) for line in listing.splitlines() if "/api/" in line]
    routes = {f"{row[0].split()[-1]} {row[1]}" for row in rows}
    documented = {name for name in OPERATIONS if "/api/" in name}
    assert {
        route.replace("<string:", "{").replace("<", "{").replace(">", "}") for route in routes
    } == documented


@each_operation
def test_an_operation_is_summed_up_and_named(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"].strip()
    assert len(operation["tags"]) == 1
    assert [other["operationId"] for other in OPERATIONS.values()].count(operation["operationId"]) == 1


@each_operation
def test_security_is_documented_as_it_is_enforced(name: str) -> None:
    operation = OPERATIONS[name]

    asked = operation.get("security", DOCUMENT["security"])

    takes_keys = [{"apiKey": []}] if "API keys need the scope" in operation.get("description", "") else []
    assert asked == ([] if name in PUBLIC else [{"bearerAuth": []}, *takes_keys])
    assert bool(takes_keys) == (tuple(name.split()) in SCOPE_OF)
    assert ("WWW-Authenticate" in operation["responses"].get("401", {}).get("headers", {})) == bool(asked)
    assert DOCUMENT["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"


@each_operation
def test_every_body_and_answer_has_an_example(name: str) -> None:
    contents = _contents(OPERATIONS[name])

    without = [what for what, content in contents.items() if not _examples(content)]

    assert [what for what in without if not what.endswith("application/pdf")] == []
    assert any(what.startswith("2") for what in contents)
    assert any(what.startswith("request") for what in contents) == (
        name.startswith("POST") and name not in NEEDS_NO_BODY
    )


@pytest.mark.parametrize(("schema", "example"), EXAMPLES)
def test_an_example_fits_its_schema(schema: dict[str, Any], example: Any) -> None:
    validator = OAS30Validator({"allOf": [schema], "components": DOCUMENT["components"]})

    assert [error.message for error in validator.iter_errors(example)] == []


@each_operation
def test_every_answer_names_its_headers(name: str) -> None:
    limited = (
        set() if name in NEVER_LIMITED else {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    )
    answers = OPERATIONS[name]["responses"]

    always = set.intersection(*(set(answer["headers"]) for answer in answers.values()))

    assert always >= {"X-Request-ID"} | limited
    assert ("429" in answers) == bool(limited)
    comes_again = {"202", "429"} - ({"202"} if name in FINAL_WHEN_ACCEPTED else set())
    assert all("Retry-After" in answers[status]["headers"] for status in answers.keys() & comes_again)


@pytest.mark.parametrize("name", ["POST /api/v1/payments/orders", "POST /api/v1/payments/refunds"])
def test_the_idempotency_key_is_documented_once(name: str) -> None:
    operation = OPERATIONS[name]

    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert "422" in operation["responses"]
    assert "Idempotent-Replayed" in operation["responses"]["201"]["headers"]


class _Links(HTMLParser):
    """Collects what a page loads, and its inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = [value for name, value in attributes if name in ("src", "href") and value]
        self.links += found
        self.inline += tag == "style" or (tag == "script" and not found)


def test_the_documentation_page_loads_everything_from_this_server(anonymous: Api) -> None:
    page = anonymous.get("/docs")
    found = _Links()
    found.feed(page.text)

    assets = {link: anonymous.get(link) for link in found.links}

    assert page.headers["Content-Type"].startswith("text/html")
    assert {link: answer.status_code for link, answer in assets.items()} == dict.fromkeys(found.links, 200)
    assert sum(link.endswith(".js") for link in found.links) == 2
    assert sum(link.endswith(".css") for link in found.links) == 1
    assert all(link.startswith("/docs/") for link in found.links)
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert 'url: "/openapi.json"' in assets["/docs/start.js"].text


def test_the_documentation_page_may_load_nothing_from_elsewhere(anonymous: Api) -> None:
    page = anonymous.get("/docs")
    found = _Links()
    found.feed(page.text)

    policy = dict(part.split(maxsplit=1) for part in page.headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == "'self'"
    assert policy.get("script-src", "'self'") == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "*" not in page.headers["Content-Security-Policy"]
    assert found.inline == 0
