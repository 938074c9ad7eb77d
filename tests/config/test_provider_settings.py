"""How long calls to the provider may take, and what that says about claims and second calls."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import Settings
from gateway.domain import kill_points
from gateway.runtime import Runtime, call_settings

NEEDED: dict[str, Any] = {
    "mongodb_uri": "mongodb://127.0.0.1/payments",
    "redis_url": "redis://127.0.0.1/0",
    "razorpay_key_id": "rzp_test_1",
    "razorpay_key_secret": "secret",
    "razorpay_webhook_secret": "another secret",
    "jwt_secret_key": "a key for tokens that is long enough",
    "provider_connect_timeout_seconds": 1.0,
    "provider_read_timeout_seconds": 2.0,
}


def settings(**values: Any) -> Settings:
    """Return settings in which a look-up takes 3 seconds at most, and every other call too, unless told."""
    return Settings(**NEEDED | values)


CHAINS: list[tuple[dict[str, float], float]] = [
    ({}, 3 + 3 + 3),
    ({"provider_order_timeout_seconds": 5}, 3 + 6 + 3),
    ({"provider_refund_timeout_seconds": 4}, 3 + 5 + 3),
    ({"provider_capture_timeout_seconds": 4}, 3 + 3 + 3),
    ({"provider_capture_timeout_seconds": 9}, 3 + 10),
    ({"provider_order_timeout_seconds": 1, "provider_refund_timeout_seconds": 1}, 3 + 2 + 3),
    ({"provider_deadline_seconds": 2}, 2 + 2 + 2),
    ({"provider_deadline_seconds": 7, "provider_order_timeout_seconds": 5}, 7 + 7 + 7),
]


@pytest.mark.parametrize(("values", "longest"), CHAINS)
def test_a_claim_must_be_longer_than_the_longest_chain_of_calls(
    values: dict[str, float], longest: float
) -> None:
    assert settings(**values, claim_ttl_seconds=longest + 1).provider_calls_of_one_claim_seconds == longest
    with pytest.raises(ValidationError, match=rf"CLAIM_TTL_SECONDS \({longest:g}\) must be more than"):
        settings(**values, claim_ttl_seconds=longest)


@pytest.mark.parametrize(
    ("claim_ttl_seconds", "values", "seconds"),
    [
        (25, {}, 5),
        (11, {}, 5),
        (10, {}, 4),
        (13, {"provider_order_timeout_seconds": 5}, 4),
        (15, {"provider_capture_timeout_seconds": 10}, 5),
        (18, {"provider_order_timeout_seconds": 10}, 4),
    ],
)
def test_a_second_call_is_only_made_when_it_fits_into_the_claim(
    claim_ttl_seconds: int, values: dict[str, float], seconds: float
) -> None:
    assert settings(claim_ttl_seconds=claim_ttl_seconds, **values).quick_failure_seconds == seconds


def test_the_first_pause_of_a_circuit_is_not_longer_than_the_longest() -> None:
    with pytest.raises(ValidationError, match="PROVIDER_CIRCUIT_OPEN_SECONDS must not be more than"):
        settings(provider_circuit_open_seconds=31)

    assert settings(provider_circuit_open_seconds=30).provider_circuit_open_seconds == 30


def test_each_kind_of_call_has_the_limits_of_its_settings() -> None:
    calls = call_settings(
        settings(
            provider_order_timeout_seconds=4,
            provider_capture_timeout_seconds=5,
            provider_refund_timeout_seconds=6,
        )
    )
    limits = [calls.limits(kind) for kind in ("look_up", "order", "capture", "refund")]

    assert [each.kind for each in limits] == ["look_up", "order", "capture", "refund"]
    assert [each.connect_seconds for each in limits] == [1, 1, 1, 1]
    assert [each.read_seconds for each in limits] == [2, 4, 5, 6]
    assert [each.total_seconds for each in limits] == [3, 5, 6, 7]


def test_one_deadline_holds_for_all_kinds_of_calls() -> None:
    calls = call_settings(settings(provider_deadline_seconds=2.5, provider_order_timeout_seconds=4))

    assert [calls.limits(kind).total_seconds for kind in ("look_up", "order")] == [2.5, 2.5]


def test_how_calls_are_made_without_any_setting() -> None:
    calls = call_settings(Settings(**{k: v for k, v in NEEDED.items() if not k.startswith("provider_")}))

    assert calls.limits("look_up").total_seconds == calls.limits("refund").total_seconds == 8
    assert (calls.circuit_failures, calls.circuit_open_seconds, calls.circuit_open_seconds_max) == (5, 5, 30)
    assert calls.rate_limited_seconds == 2


@pytest.mark.parametrize("directory", [None, "/nowhere"], ids=["production", "with kill points"])
def test_a_process_says_which_kinds_of_calls_it_makes(directory: str | None) -> None:
    runtime = Runtime(settings(kill_points_directory=directory))
    kill_points.install(None)

    assert runtime.provider_circuits() == {
        "look_up": "closed",
        "order": "closed",
        "capture": "closed",
        "refund": "closed",
    }
