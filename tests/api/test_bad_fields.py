"""A field that no client may send so is refused with a sentence that names it, and nothing happens."""

import json

import pytest

from tests.support.bodies import (
    BODIES,
    NEW_AMOUNTS,
    NOTES,
    ORDERS,
    PAYMENT,
    REFUNDS,
    REGISTER,
    REQUIRED,
    SCHOOL_ID,
    TEXT_FIELDS,
    named_in,
    send,
    spoilt,
)
from tests.support.client import Api
from tests.support.shapes import refused

# As JSON text, because some of it is not what a JSON library writes.
NOT_TEXT = [
    "null",
    "true",
    "500",
    "1.5",
    "[]",
    "{}",
    '["a"]',
    '{"$gt": ""}',
    '{"$ne": null}',
    '{"$regex": "^a"}',
]
NOT_AMOUNTS = [
    *("true", "false", '"500"', '"1e3"', '""', "[]", "[500]", "{}", '{"$gt": 0}'),
    *("0", "-0", "-1", "-0.01", "0.001", "500.001", "1e-400", "500.00000000000000000000000000000001"),
    *("1e400", "1e999999", "10000000000.01", "9" * 4000, "0.99"),
]
NOT_NOTES = [
    *("null", "true", "1", '"text"', "[]", '{"a": null}', '{"a": []}', '{"a": {"$gt": ""}}'),
    *('{"$gt": ""}', '{"a.b": "c"}', '{"": "empty"}', '{"a\\u0000": "b"}', '{"a": "b\\u0000"}'),
    *(json.dumps({"a": "x" * 257}), json.dumps({"x" * 257: "a"})),
    json.dumps({f"note {number}": "text" for number in range(14)}),
]
TOO_LONG = "x" * 2000


@pytest.mark.parametrize("value", NOT_TEXT)
@pytest.mark.parametrize(("path", "field"), TEXT_FIELDS)
def test_what_is_not_text_is_refused_in_a_field_of_text(
    sender: Api, path: str, field: str, value: str
) -> None:
    answer = send(sender, path, spoilt(path, field, value))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {field}


@pytest.mark.parametrize(("path", "field"), TEXT_FIELDS)
def test_text_that_is_too_long_is_refused(sender: Api, path: str, field: str) -> None:
    answer = send(sender, path, spoilt(path, field, json.dumps(TOO_LONG)))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {field}


@pytest.mark.parametrize("value", NOT_AMOUNTS, ids=lambda value: value[:24])
@pytest.mark.parametrize("path", NEW_AMOUNTS)
def test_what_is_no_payable_amount_is_refused_in_a_payment(sender: Api, path: str, value: str) -> None:
    answer = send(sender, path, spoilt(path, "amount", value))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"amount"}


@pytest.mark.parametrize("value", ["null", *NOT_NOTES], ids=lambda value: value[:24])
@pytest.mark.parametrize("path", NOTES)
def test_notes_that_cannot_be_kept_are_refused(sender: Api, path: str, value: str) -> None:
    answer = send(sender, path, spoilt(path, "notes", value))

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"notes"}


@pytest.mark.parametrize(("path", "field"), REQUIRED)
def test_a_missing_field_is_named(sender: Api, path: str, field: str) -> None:
    body = {name: value for name, value in BODIES[path].items() if name != field}

    answer = sender.post(path, body)

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {field}


@pytest.mark.parametrize(
    "name", ["unknown", "$where", "_id", "status", "userId", "value", "key", "__proto__"]
)
@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_field_is_named(sender: Api, path: str, name: str) -> None:
    answer = sender.post(path, BODIES[path] | {name: "x"})

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {name}


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "a\x1bb", "\x7f"])
def test_a_name_that_is_blank_or_holds_control_characters_is_refused(sender: Api, text: str) -> None:
    answer = sender.post(REGISTER, BODIES[REGISTER] | {"name": text})

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"name"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(
            ("email", text)
            for text in ("", "not-an-email", "a@", "a@b", "a b@example.com", "a\x00@example.com")
        ),
        *(("password", text) for text in ("", "1", "1234567", " " * 8, "x" * 129, "long enough\x00")),
        *(("phoneNumber", text) for text in ("", "1", "not a number", "+91\x00000000001", "+919000000001\n")),
    ],
)
def test_an_account_that_cannot_be_is_refused(sender: Api, field: str, text: str) -> None:
    answer = sender.post(REGISTER, BODIES[REGISTER] | {field: text})

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {field}


@pytest.mark.parametrize(
    "text", ["1", "not-a-uuid", SCHOOL_ID[:-1], SCHOOL_ID.replace("-", ""), f"{{{SCHOOL_ID}}}"]
)
@pytest.mark.parametrize(
    ("path", "field"), [(ORDERS, "schoolId"), (REFUNDS, "paymentId"), (PAYMENT, "schoolId")]
)
def test_an_id_that_is_no_uuid_is_refused(sender: Api, path: str, field: str, text: str) -> None:
    answer = sender.post(path, BODIES[path] | {field: text})

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {field}


def test_several_wrong_fields_are_named_at_once(sender: Api) -> None:
    answer = sender.post(ORDERS, {"schoolId": 1, "notes": [], "more": True})

    assert named_in(refused(answer, 400, "VALIDATION_ERROR")) == {"schoolId", "amount", "notes", "more"}
