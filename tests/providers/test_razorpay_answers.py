"""What each answer means: rejected, certainly not done, or unknown; and which ones can be read."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderError, ProviderRejected, ProviderUnavailable
from gateway.providers.razorpay import RazorpayProvider
from tests.support.http_answers import answering, http
from tests.support.provider_calls import EVERY_CALL, create_order, impatient_provider


def _envelope(**error: Any) -> str:
    return json.dumps({"error": error})


NOT_APPLICABLE = {"source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
IN_PROGRESS = "Another request with the same idempotency key is still in progress."
OPERATION_IN_PROGRESS = "Request failed because another payment operation is in progress."
KEY_REUSED = "Different request with the same idempotency key has already been processed."
AMOUNT = {"code": "BAD_REQUEST_ERROR", "description": "The amount must be an integer.", "field": "amount"}
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
BAD = "BAD_REQUEST_ERROR"

ANSWERS: dict[str, tuple[int, str, type[ProviderError], tuple[str | None, str | None, str | None]]] = {
    "validation": (
        400,
        _envelope(**AMOUNT, reason="input_validation_failed"),
        ProviderRejected,
        (BAD, "amount", "input_validation_failed"),
    ),
    "unknown id": (
        400,
        _envelope(code=BAD, description="The id provided does not exist", **NOT_APPLICABLE),
        ProviderRejected,
        (BAD, None, None),
    ),
    "wrong keys": (
        401,
        _envelope(code=BAD, description="Authentication failed", field=None),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "unknown route": (
        404,
        '{"message": "no Route matched with those values"}',
        ProviderRejected,
        (None, None, None),
    ),
    "operation in progress": (
        400,
        _envelope(code=BAD, description=OPERATION_IN_PROGRESS),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "refund in progress": (
        409,
        _envelope(code=BAD, description=IN_PROGRESS, **NOT_APPLICABLE),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "key reused": (
        409,
        _envelope(code=BAD, description=KEY_REUSED, **NOT_APPLICABLE),
        ProviderRejected,
        (BAD, None, None),
    ),
    "rate limit": (
        429,
        _envelope(code=BAD, description="Request failed. Please try after sometime."),
        ProviderUnavailable,
        (BAD, None, None),
    ),
    "rate limit in HTML": (429, HTML, ProviderUnavailable, (None, None, None)),
    "rate limit in nothing": (429, "", ProviderUnavailable, (None, None, None)),
    "server error": (
        500,
        _envelope(code="SERVER_ERROR", description="The server encountered an error.", metadata=[]),
        OutcomeUnknown,
        ("SERVER_ERROR", None, None),
    ),
    "bank's error": (
        502,
        _envelope(code="GATEWAY_ERROR", description="The bank failed.", reason="gateway_technical_error"),
        OutcomeUnknown,
        ("GATEWAY_ERROR", None, "gateway_technical_error"),
    ),
    "HTML": (502, HTML, OutcomeUnknown, (None, None, None)),
    "JSON without an error": (500, "{}", OutcomeUnknown, (None, None, None)),
    "a list": (500, "[]", OutcomeUnknown, (None, None, None)),
    "error as text": (503, '{"error": "try later"}', OutcomeUnknown, (None, None, None)),
    "fields of other types": (
        503,
        _envelope(code=7, description=["x"], field={}, reason=None),
        OutcomeUnknown,
        (None, None, None),
    ),
    "timeout at a proxy": (504, "", OutcomeUnknown, (None, None, None)),
    "request timeout": (408, "", OutcomeUnknown, (None, None, None)),
}


@pytest.mark.parametrize(("status", "body", "family", "facts"), ANSWERS.values(), ids=ANSWERS)
def test_an_error_answer_is_of_the_right_family_and_keeps_its_facts(
    status: int,
    body: str,
    family: type[ProviderError],
    facts: tuple[str | None, str | None, str | None],
) -> None:
    with answering(lambda request: http(status, body)) as server, pytest.raises(ProviderError) as raised:
        create_order(impatient_provider(server.base_url))

    error = raised.value
    assert type(error) is family
    assert error.http_status == status
    assert (error.code, error.field, error.reason) == facts
    assert error.description
    assert len(server.requests) == 1


UNREADABLE = {
    "nothing": "",
    "HTML": HTML,
    "half an object": '{"id": "order_1", ',
    "an empty object": "{}",
    "a list": "[]",
    "null": "null",
    "a text": '"order_1"',
    "no id": '{"amount": 100, "currency": "INR", "status": "created", "created_at": 1}',
    "a fractional amount": '{"id": "order_1", "amount": 100.5, "currency": "INR", "status": "created"}',
    "an amount as text": '{"id": "order_1", "amount": "100", "currency": "INR", "status": "created"}',
}


@EVERY_CALL
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(
    call: Callable[[RazorpayProvider], Any], body: str
) -> None:
    with answering(lambda request: http(200, body)) as server, pytest.raises(OutcomeUnknown) as raised:
        call(impatient_provider(server.base_url))

    assert raised.value.answered is False


def test_a_long_description_is_cut() -> None:
    answer = http(400, _envelope(code=BAD, description="x" * 10_000))
    with answering(lambda request: answer) as server, pytest.raises(ProviderRejected) as raised:
        create_order(impatient_provider(server.base_url))

    assert raised.value.description == "x" * 300


def test_refunds_are_read_from_every_page() -> None:
    def page(request: bytes) -> bytes:
        start = 100 if b"skip=100" in request.split(b"\r\n")[0] else 0
        refunds = [
            {
                "id": f"rfnd_{number}",
                "payment_id": "pay_1",
                "amount": 100,
                "currency": "INR",
                "status": "processed",
                "receipt": f"receipt-{number}",
            }
            for number in range(start, min(start + 100, 130))
        ]
        return http(200, json.dumps({"entity": "collection", "count": len(refunds), "items": refunds}))

    with answering(page) as server:
        provider = impatient_provider(server.base_url)
        found = provider.payment_refunds("pay_1")

    assert [refund.id for refund in found] == [f"rfnd_{number}" for number in range(130)]
    assert len(server.requests) == 2


def test_a_filter_that_the_provider_ignores_finds_nobody_elses_order() -> None:
    order = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}
    listed = json.dumps({"items": [order | {"receipt": "RCP_2"}, order | {"receipt": None}]})

    with answering(lambda request: http(200, listed)) as server:
        assert impatient_provider(server.base_url).find_order(order_receipt="RCP_1") is None


def test_empty_notes_may_come_back_as_a_list() -> None:
    order = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1}

    with answering(lambda request: http(200, json.dumps(order | {"notes": []}))) as server:
        assert create_order(impatient_provider(server.base_url)).id == "order_1"
