"""The error catalogue: literal texts, because clients match on them."""

import pytest

VALIDATION = ("business", "payment_initiation", "input_validation_failed")
NOT_SAID = ("NA", "NA", "NA")
UNKNOWN_ORDER, UNKNOWN_PAYMENT, UNKNOWN_REFUND = "order_" + "0" * 14, "pay_" + "0" * 14, "rfnd_" + "0" * 14
GOOD = {"amount": 50_000, "currency": "INR"}


def error_of(answer):
    """Check the envelope and give its description, field and the three qualifiers."""
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "BAD_REQUEST_ERROR"
    assert isinstance(error["metadata"], dict)
    return error["description"], error.get("field"), (error["source"], error["step"], error["reason"])


@pytest.mark.parametrize(
    ("body", "description", "field"),
    [
        ({**GOOD, "amount": 99}, "The amount must be at least INR 1.00", "amount"),
        ({**GOOD, "amount": -100}, "The amount must be at least INR 1.00", "amount"),
        ({**GOOD, "amount": 100.5}, "The amount must be an integer.", "amount"),
        ({**GOOD, "amount": "50000"}, "The amount must be an integer.", "amount"),
        ({**GOOD, "amount": True}, "The amount must be an integer.", "amount"),
        ({**GOOD, "amount": 50_000_001}, "Amount exceeds maximum amount allowed.", "amount"),
        ({"currency": "INR"}, "amount: is required.", "amount"),
        ({"amount": 50_000}, "currency: is required.", "currency"),
        ({**GOOD, "currency": 1}, "expected string but provided 1", "currency"),
        ({**GOOD, "currency": "XXX"}, "Currency is not supported", "currency"),
        ({**GOOD, "receipt": "r" * 41}, "The receipt may not be greater than 40 characters.", "receipt"),
        ({**GOOD, "receipt": 7}, "expected string but provided 7", "receipt"),
        ({**GOOD, "receipt": "half \ud800"}, "The receipt is not valid text.", "receipt"),
        ({**GOOD, "notes": "text"}, "Notes validation failed.", "notes"),
        ({**GOOD, "notes": {str(n): "x" for n in range(16)}}, "Notes validation failed.", "notes"),
        ({**GOOD, "notes": {"key": "x" * 257}}, "Notes validation failed.", "notes"),
    ],
)
def test_a_bad_order_is_refused_with_the_catalogues_text(sandbox_server, body, description, field):
    answer = sandbox_server.call("POST", "/v1/orders", body)

    assert error_of(answer) == (description, field, VALIDATION)
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 0


def test_unknown_body_fields_are_refused_by_name(sandbox_server):
    answer = sandbox_server.call("POST", "/v1/orders", {**GOOD, "colour": "red"})

    assert error_of(answer) == (
        "colour is/are not required and should not be sent",
        "colour",
        ("business", "payment_initiation", "extra_field_sent"),
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/v1/orders/{UNKNOWN_ORDER}", None),
        ("PATCH", f"/v1/orders/{UNKNOWN_ORDER}", {"notes": {"a": "b"}}),
        ("GET", f"/v1/orders/{UNKNOWN_ORDER}/payments", None),
        ("GET", f"/v1/payments/{UNKNOWN_PAYMENT}", None),
        ("PATCH", f"/v1/payments/{UNKNOWN_PAYMENT}", {"notes": {"a": "b"}}),
        ("POST", f"/v1/payments/{UNKNOWN_PAYMENT}/capture", GOOD),
        ("POST", f"/v1/payments/{UNKNOWN_PAYMENT}/refund", {"amount": 100}),
        ("POST", "/v1/refunds", {"payment_id": UNKNOWN_PAYMENT}),
        ("GET", f"/v1/payments/{UNKNOWN_PAYMENT}/refunds", None),
        ("GET", f"/v1/payments/{UNKNOWN_PAYMENT}/card", None),
        ("GET", f"/v1/refunds/{UNKNOWN_REFUND}", None),
        ("PATCH", f"/v1/refunds/{UNKNOWN_REFUND}", {"notes": {"a": "b"}}),
        ("POST", f"/sandbox/orders/{UNKNOWN_ORDER}/pay", {"method": "upi", "vpa": "success@razorpay"}),
    ],
)
def test_an_unknown_id_is_a_400_and_not_a_404(sandbox_server, method, path, body):
    answer = sandbox_server.call(method, path, body)

    assert error_of(answer) == ("The id provided does not exist", None, VALIDATION)


@pytest.mark.parametrize("kind", ["orders/order", "payments/pay", "refunds/rfnd"])
def test_a_malformed_id_is_named_without_its_prefix(sandbox_server, kind):
    answer = sandbox_server.call("GET", f"/v1/{kind}_short")

    assert error_of(answer) == ("short is not a valid id", None, VALIDATION)


@pytest.mark.parametrize("path", ["orders", "payments", "refunds"])
@pytest.mark.parametrize(
    ("query", "description", "field"),
    [
        ("count=101", "The count may not be greater than 100.", "count"),
        ("count=0", "The count must be at least 1.", "count"),
        ("skip=-1", "The skip must be at least 0.", "skip"),
        ("from=5", "from must be between 946684800 and 4765046400", "from"),
        ("to=4765046401", "to must be between 946684800 and 4765046400", "to"),
    ],
)
def test_a_page_out_of_bounds_is_refused(sandbox_server, path, query, description, field):
    answer = sandbox_server.call("GET", f"/v1/{path}?{query}")

    assert error_of(answer) == (description, field, VALIDATION)


def test_an_unknown_url_and_a_wrong_method_give_the_same_400(sandbox_server):
    unknown = sandbox_server.call("GET", "/v1/nothing")
    wrong_method = sandbox_server.call("DELETE", "/v1/orders")

    expected = ("The requested URL was not found on the server.", None, NOT_SAID)
    assert error_of(unknown) == expected
    assert error_of(wrong_method) == expected


def test_a_path_outside_the_api_is_answered_by_the_gateway(sandbox_server):
    answer = sandbox_server.call("GET", "/methods")

    assert answer.status_code == 404
    assert answer.json() == {"message": "no Route matched with those values"}


def test_a_body_that_is_not_json_is_refused(sandbox_server):
    answer = sandbox_server.call(
        "POST", "/v1/orders", data=b"{", headers={"Content-Type": "application/json"}
    )

    assert error_of(answer) == ("The request body is not valid JSON.", None, VALIDATION)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "basic cnpwX3Rlc3Rfc2FuZGJveDpzYW5kYm94X2tleV9zZWNyZXQ=",
        "BASIC cnpwX3Rlc3Rfc2FuZGJveDpzYW5kYm94X2tleV9zZWNyZXQ=",
        '"Basic" cnpwX3Rlc3Rfc2FuZGJveDpzYW5kYm94X2tleV9zZWNyZXQ=',
        "Bearer cnpwX3Rlc3Rfc2FuZGJveDpzYW5kYm94X2tleV9zZWNyZXQ=",
        "Basic cnpwX3Rlc3Rfc2FuZGJveDp3cm9uZw==",
        "Basic b3RoZXI6c2FuZGJveF9rZXlfc2VjcmV0",
    ],
)
def test_anything_but_the_exact_basic_scheme_with_the_right_keys_is_a_401(sandbox_server, header):
    headers = {} if header is None else {"Authorization": header}

    answer = sandbox_server.call("POST", "/v1/orders", GOOD, auth=None, headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "code": "BAD_REQUEST_ERROR", "description": "Authentication failed", "source": "NA", "step": "NA",
            "reason": "NA", "metadata": {},
        }
    }  # fmt: skip
    assert sandbox_server.call("GET", "/v1/orders").json()["count"] == 0


def test_orders_older_than_180_days_are_not_given(sandbox_server):
    order = sandbox_server.order()
    sandbox_server.control("POST", "/clock", {"advance_seconds": 180 * 86400 + 1})

    answer = sandbox_server.call("GET", f"/v1/orders/{order['id']}")

    assert error_of(answer) == ("Order older than 180 days, please use reports.", None, NOT_SAID)
