"""Row 8: a payment has failed, or was cancelled, and its money comes after all: authorised, or captured at
once. A failed one is paid. For a cancelled one the configured policy runs: the money is held for a person,
accepted, or returned. Never silently: the timeline explains.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Stack
from tests.support.client import PAYMENTS, Person, Sandbox, open_order
from tests.support.own_service import OwnService, own_service
from tests.support.scenario import Scenario
from tests.support.second_door import seen
from tests.support.steps import changes_to, has_status
from tests.support.waiting import wait_until

LATE = "money arrived after the order was cancelled"


@pytest.fixture(scope="module")
def returning_service(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    """A service that returns late money."""
    directory = tmp_path_factory.mktemp("returning_service")
    with own_service(stack, directory, LATE_PAYMENT_POLICY="refund") as service:
        yield service


@pytest.fixture
def returning(returning_service: OwnService, scenario: Scenario) -> OwnService:
    """That service, checked like the others."""
    scenario.worlds.append(returning_service.world)
    return returning_service


@dataclass(frozen=True)
class Late:
    """A cancelled payment whose customer had tried to pay, and whose bank has changed its mind."""

    person: Person
    payment_id: str
    provider_payment_id: str

    def told(self, words: str) -> dict[str, Any]:
        """Return everything that is told about the payment, once an entry of its story ends so."""

        def is_told() -> dict[str, Any] | None:
            result = seen(self.person.api, self.payment_id)
            return result if any(entry["why"].endswith(words) for entry in result["timeline"]) else None

        return wait_until(is_told, f"the story of {self.payment_id} telling {words!r}")


def a_late_payment(person: Person, sandbox: Sandbox, *, capture: bool) -> Late:
    """Let a customer fail to pay and cancel, and let the money come after that."""
    order_id, payment_id = open_order(person)
    failed_id = sandbox.fail(order_id)["metadata"]["payment_id"]
    assert person.api.post(f"{PAYMENTS}/orders/{order_id}/cancel").status_code == 200
    sandbox.control("POST", f"/payments/{failed_id}/authorize-late", {"capture": capture})
    return Late(person, payment_id, failed_id)


def kinds(told: dict[str, Any]) -> list[str]:
    """Return the kinds of a payment's receipts."""
    return [receipt["receiptType"] for receipt in told["receipts"]]


@pytest.mark.parametrize("capture", [False, True], ids=["authorised", "captured"])
def test_late_money_revives_a_failed_payment(customer: Person, sandbox: Sandbox, capture: bool) -> None:
    order_id, payment_id = open_order(customer)
    failed_id = sandbox.fail(order_id)["metadata"]["payment_id"]
    has_status(payment_id, "FAILED")

    sandbox.control("POST", f"/payments/{failed_id}/authorize-late", {"capture": capture})

    payment = has_status(payment_id, "PAID")
    assert (payment.attempts, payment.needs_review, payment.failure_reason) == (1, False, None)
    assert sandbox.api("GET", f"/payments/{failed_id}").json()["status"] == "captured"
    changes = [(entry["from"], entry["to"]) for entry in seen(customer.api, payment_id)["timeline"]]
    assert changes[0] == (None, "CREATED")
    assert ("CREATED", "FAILED") in changes
    assert changes_to(payment, "PAID") == 1


def test_captured_money_is_held_for_a_person(customer: Person, sandbox: Sandbox) -> None:
    late = a_late_payment(customer, sandbox, capture=True)

    told = late.told(f"needs review: {LATE}")

    assert (told["status"], told["refundedAmount"], told["refunds"]) == ("PAID", 0, [])
    assert sandbox.refunds_of(late.provider_payment_id) == []


def test_authorised_money_is_held_for_a_person(customer: Person, sandbox: Sandbox) -> None:
    late = a_late_payment(customer, sandbox, capture=False)

    told = late.told(f"needs review: {late.provider_payment_id} was authorised after the order was cancelled")

    assert (told["status"], kinds(told)) == ("CANCELLED", ["CANCELLATION_RECEIPT"])
    assert sandbox.api("GET", f"/payments/{late.provider_payment_id}").json()["status"] == "authorized"


@pytest.mark.parametrize("capture", [False, True], ids=["authorised", "captured"])
def test_money_is_accepted_by_a_service_that_accepts_it(service: OwnService, capture: bool) -> None:
    late = a_late_payment(service.person(), service.sandbox, capture=capture)

    told = late.told(f"{LATE}; the late-payment policy accepts it")

    assert (told["status"], told["refundedAmount"]) == ("PAID", 0)
    assert kinds(told) == ["CANCELLATION_RECEIPT", "PAYMENT_RECEIPT"]
    assert service.payment(late.payment_id)["needs_review"] is False
    assert service.sandbox.api("GET", f"/payments/{late.provider_payment_id}").json()["captured"] is True


def test_captured_money_is_returned_by_a_service_that_returns_it(returning: OwnService) -> None:
    late = a_late_payment(returning.person(), returning.sandbox, capture=True)

    told = late.told("is processed")

    (refund,) = returning.sandbox.refunds_of(late.provider_payment_id)
    assert (told["status"], told["refundedAmount"], refund["amount"]) == ("REFUNDED", 500, 50_000)
    assert kinds(told) == ["CANCELLATION_RECEIPT", "PAYMENT_RECEIPT", "REFUND_RECEIPT"]
    assert f"{LATE}; the late-payment policy returns it" in [entry["why"] for entry in told["timeline"]]
    assert returning.payment(late.payment_id)["needs_review"] is False


def test_authorised_money_is_not_taken_by_a_service_that_returns_it(returning: OwnService) -> None:
    late = a_late_payment(returning.person(), returning.sandbox, capture=False)

    told = late.told("it is not taken, and goes back when its time is over")
    returning.time_passes(3 * 24 * 3600)
    gone = late.told("went back to the customer without having been taken")

    assert (told["status"], gone["status"], gone["refunds"]) == ("CANCELLED", "CANCELLED", [])
    (refund,) = returning.sandbox.refunds_of(late.provider_payment_id)
    assert (refund["amount"], refund["receipt"]) == (50_000, None)
