"""Addresses, methods, queries and headers that no client should send, answered in the documented shape."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.conftest import Stack
from tests.support.bodies import SCHOOL_ID, named_in
from tests.support.client import PAYMENTS, Api, Person
from tests.support.shapes import refused

LIST, STATS = f"{PAYMENTS}/schools/{SCHOOL_ID}/payments", f"{PAYMENTS}/stats"
ID_MADE_HERE = re.compile(r"[0-9a-f]{32}\Z")
BAD_QUERIES = [
    *((LIST, f"page={value}", "page") for value in ("0", "-1", "1e9", "1000001", "x", "", "1.5", "9" * 400)),
    *((LIST, f"limit={value}", "limit") for value in ("0", "-1", "101", "1e1", "all", "")),
    *((LIST, f"status={value}", "status") for value in ("FOO", "paid", "", "PAID%00", '{"$ne":""}')),
    *((LIST, f"{name}=1", name) for name in ("unknown", "status[$ne]", "$where", "schoolId")),
    *((STATS, f"schoolId={value}", "schoolId") for value in ("1", "", "*", '{"$gt":""}', SCHOOL_ID[1:])),
    *((STATS, f"currency={value}", "currency") for value in ("RUPEES", "inr", "", "%F0%9F%92%B0")),
    *((STATS, f"{name}=1", name) for name in ("unknown", "schoolId[$ne]")),
    (f"{PAYMENTS}/schools/not-a-uuid/payments", "", "schoolId"),
]
ODD_IDS = [
    "1",
    "order_x",
    "%00",
    "%FF",
    "$ne",
    '{"$gt":""}',
    "x" * 3000,
    "%F0%9F%92%B0",
    "' or 1=1",
]


@pytest.mark.parametrize(("path", "query", "name"), BAD_QUERIES, ids=lambda text: text[-40:])
def test_a_query_that_cannot_be_is_refused(sender: Api, path: str, query: str, name: str) -> None:
    answer = sender.get(f"{path}?{query}")

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {name}


def test_a_page_past_the_end_is_empty(admin: Person) -> None:
    answer = admin.api.get(f"{LIST}?page=1000000&limit=100")

    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "payments": [],
        "pagination": {"page": 1000000, "limit": 100, "total": 0, "totalPages": 0},
    }


@pytest.mark.parametrize("odd", ODD_IDS, ids=lambda text: text[:20])
def test_an_id_that_cannot_be_is_not_found(sender: Api, odd: str) -> None:
    refused(sender.get(f"{PAYMENTS}/orders/{odd}/status"), 404, "PAYMENT_NOT_FOUND")
    refused(sender.post(f"{PAYMENTS}/orders/{odd}/cancel"), 404, "PAYMENT_NOT_FOUND")
    refused(sender.get(f"{PAYMENTS}/receipts/{odd}/download"), 404, "RECEIPT_NOT_FOUND")


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/v1/payments", f"{PAYMENTS}/orders/1/2/3"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_unknown_address_is_not_found(anonymous: Api, method: str, path: str) -> None:
    assert refused(anonymous.call(method, path), 404, "NOT_FOUND") == {}


@pytest.mark.parametrize("name", ["nothing.js", "../index.html", "%2e%2e/%2e%2e/__init__.py", "/etc/passwd"])
def test_only_the_assets_of_the_documentation_are_handed_out(anonymous: Api, name: str) -> None:
    assert refused(anonymous.get(f"/docs/assets/{name}"), 404, "NOT_FOUND") == {}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", f"{PAYMENTS}/orders", {"POST", "OPTIONS"}),
        ("PUT", f"{PAYMENTS}/orders", {"POST", "OPTIONS"}),
        ("DELETE", f"{PAYMENTS}/orders/order_x/status", {"GET", "HEAD", "OPTIONS"}),
        ("POST", STATS, {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/api/user/me", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/api/user/login", {"POST", "OPTIONS"}),
        ("GET", f"{PAYMENTS}/webhook", {"POST", "OPTIONS"}),
        ("BREW", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_another_method_is_refused_with_those_that_are_allowed(
    sender: Api, method: str, path: str, allowed: set[str]
) -> None:
    answer = sender.call(method, path)

    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/api/user/me", STATS, LIST]
)
def test_head_answers_the_headers_only(admin: Person, path: str) -> None:
    answer = admin.api.call("HEAD", path)

    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/api/user/login", "/api/user/me", STATS, LIST])
def test_options_answers_what_is_allowed(anonymous: Api, path: str) -> None:
    answer = anonymous.call("OPTIONS", path)

    assert answer.status_code == 200
    assert answer.content == b""
    assert "OPTIONS" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/healthz", "/api/user/me", "/nothing", "/docs"])
@pytest.mark.parametrize("given", ["a", "A-b_c.9", SCHOOL_ID, "x" * 128])
def test_a_request_id_is_echoed(anonymous: Api, path: str, given: str) -> None:
    answer = anonymous.get(path, headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    ["", "a b", "x" * 129, "a\tb", "<script>", "a;b", "a,b", "\xe9", '"quoted"', "a/b", "%0d%0aSet-Cookie:x"],
)
def test_a_hostile_request_id_is_replaced(anonymous: Api, given: str) -> None:
    answer = anonymous.get("/healthz", headers={"X-Request-ID": given.encode("latin-1")})

    assert answer.status_code == 200
    assert ID_MADE_HERE.match(answer.headers["X-Request-ID"])


def test_each_request_gets_an_id_of_its_own(anonymous: Api) -> None:
    ids = {anonymous.get("/healthz").headers["X-Request-ID"] for _ in range(3)}

    assert len(ids) == 3
    assert all(ID_MADE_HERE.match(found) for found in ids)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ],
)
def test_answers_and_refusals_of_the_api_make_browsers_careful(
    customer: Person, name: str, value: str
) -> None:
    answered = customer.api.get("/api/user/me")
    denied = Api(customer.api.base_url).get("/api/user/me")

    assert answered.status_code == 200
    assert answered.headers[name] == denied.headers[name] == value


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URI_TOO_LONG"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"NONSENSE\r\n\r\n", 400, "BAD_REQUEST"),
        (b"GET / HTTP/1.1\r\nbad header: x\r\n\r\n", 400, "BAD_REQUEST"),
    ],
    ids=["long address", "long header", "no request line", "blank in a header's name"],
)
def test_what_is_no_request_gets_the_documented_shape_too(
    stack: Stack, request_bytes: bytes, status: int, code: str
) -> None:
    address = urlsplit(stack.api_url)

    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body).keys() == {"success", "error", "code", "details"}
    assert json.loads(body)["code"] == code
