"""What a client's idempotency key is stored as, and what a second request with it means."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.domain.errors import IdempotencyMismatch
from gateway.domain.idempotency import Idempotency

REQUEST = {"schoolId": "school", "amount_minor": 50_000, "notes": {"a": "1", "b": "2"}}


def of(**other: Any) -> Idempotency:
    """Return the stored form of a request, with some of it other than usual."""
    usual: dict[str, Any] = {
        "user_id": "user",
        "operation": "create_order",
        "client_key": "key",
        "request": REQUEST,
    }
    return Idempotency.of(**usual | other)


def test_the_same_request_has_the_same_key_and_fingerprint() -> None:
    assert of() == of()


def test_the_order_of_the_fields_does_not_matter() -> None:
    turned = {"notes": {"b": "2", "a": "1"}, "amount_minor": 50_000, "schoolId": "school"}

    assert of(request=turned) == of()


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "another"},
        {"operation": "create_refund"},
        {"client_key": "another"},
        {"client_key": "KEY"},
        {"client_key": "key "},
    ],
    ids=str,
)
def test_keys_of_other_accounts_operations_and_clients_never_meet(other: dict[str, str]) -> None:
    assert of(**other).key != of().key


@pytest.mark.parametrize(
    "other",
    [
        {**REQUEST, "amount_minor": 50_001},
        {**REQUEST, "notes": {"a": "1"}},
        {**REQUEST, "notes": {"a": "1", "b": "2 "}},
        {**REQUEST, "more": None},
        {**REQUEST, "amount_minor": "50000"},
        {},
    ],
    ids=str,
)
def test_another_request_has_the_same_key_and_another_fingerprint(other: dict[str, Any]) -> None:
    assert of(request=other).key == of().key
    assert of(request=other).fingerprint != of().fingerprint


def test_nothing_of_the_client_can_be_read_from_what_is_stored() -> None:
    stored = of(client_key="a very private key", request={"amount": Decimal("1.50"), "name": "Åsa"})

    assert {len(stored.key), len(stored.fingerprint)} == {64}
    assert "private" not in stored.key
    int(stored.key + stored.fingerprint, 16)


def test_the_check_passes_for_the_same_request() -> None:
    of().check(of().fingerprint)


@pytest.mark.parametrize("stored", [of(request={}).fingerprint, None])
def test_the_check_refuses_any_other_request(stored: str | None) -> None:
    with pytest.raises(IdempotencyMismatch) as refused:
        of().check(stored)

    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert refused.value.details == {"Idempotency-Key": "was used with another body"}
