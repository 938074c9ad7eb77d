"""Row 2: a key comes back with another body, from another person, after it has expired, or as two keys in
one request. Another body is refused and nothing is made; another person's key is their own; an expired key
opens a new order; two keys are refused. (tests/api/test_idempotency.py has what else a key may look like.)
"""

import http.client
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, Person, Sandbox

KEY = "5f0c1e0e-order:1.a_b"
REPLAYED = "Idempotent-Replayed"


def _count(person: Person) -> int:
    return int(Payment.objects(user_id=person.user_id).count())


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 500.01},
        {"schoolId": "00000000-0000-4000-8000-000000000000"},
        {"notes": {"purpose": "library fee"}},
    ],
)
def test_one_key_with_another_order_is_refused(customer: Person, other: dict[str, object]) -> None:
    body = {"schoolId": customer.school_id, "amount": 500}
    path, headers = f"{PAYMENTS}/orders", {"Idempotency-Key": KEY}
    customer.api.post(path, body, headers=headers)

    answer = customer.api.post(path, body | other, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert answer.json()["details"] == {"Idempotency-Key": "was used with another body"}
    assert REPLAYED not in answer.headers
    assert _count(customer) == 1


def test_two_people_may_use_the_same_key(customer: Person, stranger: Person) -> None:
    first = customer.api.create_order(customer.school_id, key=KEY)
    second = stranger.api.create_order(customer.school_id, key=KEY)

    assert first.status_code == second.status_code == 201
    assert REPLAYED not in second.headers
    assert first.json()["data"]["payment"]["id"] != second.json()["data"]["payment"]["id"]


def test_two_keys_in_one_request_are_refused(customer: Person) -> None:
    connection = http.client.HTTPConnection(urlsplit(customer.api.base_url).netloc, timeout=20)
    body = json.dumps({"schoolId": customer.school_id, "amount": 500}).encode()
    connection.putrequest("POST", f"{PAYMENTS}/orders")
    connection.putheader("Authorization", f"Bearer {customer.api.token}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.putheader("Idempotency-Key", "first")
    connection.putheader("Idempotency-Key", "second")
    connection.endheaders(body)

    answer = connection.getresponse()

    error = json.loads(answer.read())
    connection.close()
    assert (answer.status, error["code"]) == (400, "VALIDATION_ERROR")
    assert list(error["details"]) == ["Idempotency-Key"]
    assert _count(customer) == 0


@pytest.mark.parametrize("amount", [500, 700], ids=["the same body", "another body"])
def test_an_expired_key_opens_a_new_order(customer: Person, sandbox: Sandbox, amount: int) -> None:
    first = customer.api.create_order(customer.school_id, key=KEY).json()["data"]["payment"]
    Payment.objects(id=first["id"]).update_one(
        set__idempotency_expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )

    new = customer.api.create_order(customer.school_id, amount, key=KEY)
    replayed = customer.api.create_order(customer.school_id, amount, key=KEY)

    assert new.status_code == 201
    assert REPLAYED not in new.headers
    assert new.json()["data"]["payment"]["id"] != first["id"]
    assert (replayed.headers[REPLAYED], replayed.text) == ("true", new.text)
    both = Payment.objects(user_id=customer.user_id)
    assert len({payment.provider_order_id for payment in both}) == 2
    assert [len(sandbox.orders_with_receipt(payment.order_receipt)) for payment in both] == [1, 1]
