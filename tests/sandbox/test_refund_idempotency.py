"""X-Refund-Idempotency: the original refund, a 400 or a 409, and never a second refund."""

import pytest

DUPLICATE_KEY = "Different request with the same idempotency key has already been processed."


def described(answer):
    """Give status and description of an error."""
    return answer.status_code, answer.json()["error"]["description"]


def test_a_repeated_key_with_the_same_body_gives_the_first_refund(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    first = sandbox_server.refund(payment_id, key="refund-key-1", amount=500, receipt="rf-1")

    again = sandbox_server.refund(payment_id, key="refund-key-1", amount=500, receipt="rf-1")

    assert (again.status_code, again.json()) == (200, first.json())
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 500
    assert len(sandbox_server.deliveries(event="refund.created")) == 1


@pytest.mark.parametrize("body", [{"amount": 600}, {}, {"amount": 500, "notes": {"a": "b"}}])
def test_a_repeated_key_with_another_body_is_a_409(sandbox_server, body):
    payment_id = sandbox_server.paid()
    sandbox_server.refund(payment_id, key="refund-key-1", amount=500)

    answer = sandbox_server.refund(payment_id, key="refund-key-1", **body)

    assert described(answer) == (409, DUPLICATE_KEY)
    assert answer.json()["error"]["code"] == "BAD_REQUEST_ERROR"
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 500


def test_a_repeated_key_for_another_payment_is_a_409(sandbox_server):
    first, second = sandbox_server.paid(), sandbox_server.paid()
    sandbox_server.refund(first, key="refund-key-1", amount=500)

    assert described(sandbox_server.refund(second, key="refund-key-1", amount=500)) == (409, DUPLICATE_KEY)
    assert sandbox_server.payment(second)["amount_refunded"] == 0


@pytest.mark.parametrize(
    ("key", "description"),
    [
        ("ninechars", "The idempotency key must be at least 10 characters long."),
        (
            "spaces are bad",
            "The idempotency key must only contain alphanumeric characters, underscores, and hyphens",
        ),
    ],
)
def test_a_key_of_the_wrong_shape_is_a_400(sandbox_server, key, description):
    payment_id = sandbox_server.paid()

    assert described(sandbox_server.refund(payment_id, key=key, amount=500)) == (400, description)
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 0


def test_a_refused_refund_does_not_use_up_its_key(sandbox_server):
    payment_id = sandbox_server.paid()
    assert sandbox_server.refund(payment_id, key="refund-key-1", amount=1).status_code == 400

    assert sandbox_server.refund(payment_id, key="refund-key-1", amount=500).status_code == 200
