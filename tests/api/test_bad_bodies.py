"""A body that cannot be read is refused before anything happens."""

import itertools
import json

import pytest

from tests.support.bodies import BODIES, BODILESS, named_in, send
from tests.support.client import PAYMENTS, Api
from tests.support.shapes import refused

# What is not JSON at all, or not as this API takes it.
BROKEN = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": b'{"amount": 500',
    "single quotes": b"{'amount': 500}",
    "trailing comma": b'{"amount": 500,}',
    "two values": b'{"amount": 500} {}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": Infinity}',
    "minus Infinity": b'{"amount": -Infinity}',
    "5000 digits": b'{"amount": ' + b"9" * 5000 + b"}",
    "a huge exponent": b'{"amount": 1e99999999999999999999}',
    "a lone surrogate": b'{"amount": "\\ud800"}',
    "a lone surrogate as name": b'{"\\udfff": 1}',
    "not UTF-8": b'{"amount": "\xff\xfe"}',
    "Latin-1": '{"amount": "é"}'.encode("latin-1"),
    "a raw control character": b'{"amount": "\x01"}',
    "nested by arrays": b'{"amount": ' + b"[" * 30 + b"]" * 30 + b"}",
    "nested by objects": b'{"a":' * 30 + b"1" + b"}" * 30,
    "nested absurdly": b"[" * 30000,
    "a field twice": b'{"amount": 1, "amount": 500}',
    "a note twice": b'{"notes": {"a": "1", "a": "2"}}',
}
CASES = [
    (path, name)
    for path, name in itertools.product(BODIES, BROKEN)
    if not (path in BODILESS and name == "empty")
]
NOT_OBJECTS = ["[]", "null", "true", "1", '"text"', '[{"amount": 500}]']


@pytest.mark.parametrize(("path", "name"), CASES)
def test_a_body_that_is_not_json_is_refused(sender: Api, path: str, name: str) -> None:
    answer = send(sender, path, BROKEN[name])

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"body"}


@pytest.mark.parametrize("body", NOT_OBJECTS)
@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_no_object_is_refused(sender: Api, path: str, body: str) -> None:
    answer = send(sender, path, body)

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"body"}


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_another_content_type_is_refused(sender: Api, path: str, content_type: str) -> None:
    answer = send(sender, path, json.dumps(BODIES[path]), content_type)

    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("path", "bytes_max"), [*((path, 64 * 1024) for path in BODIES), (f"{PAYMENTS}/webhook", 1024 * 1024)]
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_its_limit_is_refused(sender: Api, path: str, bytes_max: int, is_chunked: bool) -> None:
    body = b'{"amount": "' + b"x" * bytes_max + b'"}'
    data = {False: body, True: iter([body])}[is_chunked]

    answer = sender.post(path, data=data, headers={"Content-Type": "application/json"})

    refused(answer, 413, "PAYLOAD_TOO_LARGE")
