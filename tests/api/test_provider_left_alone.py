"""What clients are told while the provider wants to be left alone, by a web process of its own: what it has
learned holds back every other call of that kind."""

from collections.abc import Callable

import pytest

from gateway.domain.models import Payment
from tests.support.client import PAYMENTS, Api, Person, Sandbox
from tests.support.shapes import refused
from tests.support.steps import calls_to

WAIT_SECONDS = 40
FAILURES = 3
AWAY = "The payment provider is away; please try again."


@pytest.fixture
def own(start_web: Callable[..., str], customer: Person) -> Api:
    """The customer's client, at a web process whose circuits open after FAILURES."""
    address = start_web(
        WEB_CONCURRENCY="1",
        PROVIDER_CIRCUIT_FAILURES=str(FAILURES),
        PROVIDER_CIRCUIT_OPEN_SECONDS="100",
        PROVIDER_CIRCUIT_OPEN_SECONDS_MAX="100",
        PROVIDER_RATE_LIMITED_SECONDS="60",
    )
    return Api(address, customer.api.token)


def _last_order_at(sandbox: Sandbox) -> float:
    """Return when an order was last asked for. The sandbox lists only the newest calls, so their number says
    nothing."""
    return max((call["at"] for call in calls_to(sandbox, "POST", "/orders")), default=0)


def _orders_since(sandbox: Sandbox, before: float) -> int:
    return sum(call["at"] > before for call in calls_to(sandbox, "POST", "/orders"))


def test_an_order_is_refused_until_the_provider_wants_to_be_asked_again(
    own: Api, customer: Person, sandbox: Sandbox
) -> None:
    sandbox.fault("orders.create", "429_retry_after", seconds=WAIT_SECONDS)
    before = _last_order_at(sandbox)

    limited = own.create_order(customer.school_id)
    held = own.create_order(customer.school_id)

    refused(limited, 502, "ORDER_CREATION_FAILED")
    refused(held, 502, "ORDER_CREATION_FAILED")
    assert (
        limited.json()["error"] == held.json()["error"] == "The payment provider is away; please try again."
    )
    assert WAIT_SECONDS - 5 <= int(limited.headers["Retry-After"]) <= WAIT_SECONDS
    assert WAIT_SECONDS - 10 <= int(held.headers["Retry-After"]) <= WAIT_SECONDS * 1.25
    assert _orders_since(sandbox, before) == 1
    assert sorted(payment.status for payment in Payment.objects(user_id=customer.user_id)) == ["FAILED"] * 2


def test_orders_that_keep_failing_are_not_even_tried(own: Api, customer: Person, sandbox: Sandbox) -> None:
    sandbox.fault("orders.create", "500", 20)
    before = _last_order_at(sandbox)

    answers = [own.create_order(customer.school_id) for _ in range(4)]

    # The second request's second try was refused here: its first may have had its effect after all.
    assert [answer.status_code for answer in answers] == [502, 202, 502, 502]
    assert _orders_since(sandbox, before) == FAILURES
    assert all(50 < int(answer.headers["Retry-After"]) <= 125 for answer in answers[2:])


def test_a_cancellation_says_when_to_come_again(own: Api, customer: Person, sandbox: Sandbox) -> None:
    order_id = customer.api.create_order(customer.school_id).json()["data"]["order"]["id"]
    sandbox.fault("orders.payments", "429_retry_after", seconds=WAIT_SECONDS)

    answer = own.post(f"{PAYMENTS}/orders/{order_id}/cancel")

    refused(answer, 503, "PROVIDER_UNAVAILABLE")
    assert WAIT_SECONDS - 5 <= int(answer.headers["Retry-After"]) <= WAIT_SECONDS
    assert Payment.objects.get(provider_order_id=order_id).status == "CREATED"


def test_a_refused_order_is_not_to_be_tried_again(customer: Person) -> None:
    answer = customer.api.create_order(customer.school_id, 500_000.01)

    refused(answer, 502, "ORDER_CREATION_FAILED")
    assert "Retry-After" not in answer.headers


def test_a_provider_that_is_away_is_to_be_tried_again_soon(customer: Person, sandbox: Sandbox) -> None:
    sandbox.fault("orders.create", "500", 2)

    answer = customer.api.create_order(customer.school_id)

    refused(answer, 502, "ORDER_CREATION_FAILED")
    assert answer.headers["Retry-After"] == "5"
