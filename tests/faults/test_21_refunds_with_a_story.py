"""Row 21: a refund fails after it was accepted: its amount can be refunded again. A refund is made in the
provider's dashboard: it is imported, and counts. A payment is too old, or disputed: its refund is refused
with the provider's reason, and nothing stays reserved.
"""

from typing import Any

from tests.support.client import PAYMENTS, PaidOrder, Person, Sandbox, open_order, stored
from tests.support.own_service import OwnService
from tests.support.shapes import refused
from tests.support.steps import at_rest, has_status

HALF_A_YEAR_SECONDS = 183 * 24 * 3600
TOO_OLD = "Refund is not supported by the bank because the payment is more than 6 months old"
DISPUTED = "The refund on this payment is blocked due to ongoing dispute investigation."


def _statistics(staff: Person, customer: Person) -> dict[str, Any]:
    answer = staff.api.get(f"{PAYMENTS}/stats", params={"schoolId": customer.school_id})
    figures: dict[str, Any] = answer.json()["data"]
    return figures


def test_a_refund_that_fails_later_gives_its_amount_back(
    customer: Person, staff: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.control("POST", "/refunds", {"mode": "pending"})
    sandbox.deliveries(paused=False)
    refund = customer.api.refund(paid.payment_id).json()["data"]
    reserved = stored(paid.payment_id).refund_reserved_minor
    refused_meanwhile = customer.api.refund(paid.payment_id, 1)

    sandbox.control("POST", f"/refunds/{refund['refund']['id']}/fail")

    payment = has_status(paid.payment_id, "PAID")
    assert (refund["payment"]["status"], reserved) == ("REFUNDED", 50000)
    assert refused_meanwhile.status_code == 409
    assert (payment.refund_reserved_minor, payment.refunds[0].status) == (0, "failed")
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT"]
    assert sum("failed" in entry.why for entry in payment.history) == 1
    assert _statistics(staff, customer)["refundedAmount"] == 0
    sandbox.control("POST", "/refunds", {"mode": "processed"})
    assert customer.api.refund(paid.payment_id).json()["data"]["payment"]["status"] == "REFUNDED"


def test_a_refund_made_at_the_provider_is_imported(
    customer: Person, staff: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.deliveries(paused=False)

    provider_refund = _refund_at_the_dashboard(sandbox, paid, 12345)

    payment = has_status(paid.payment_id, "PARTIAL_REFUND")
    (refund,) = payment.refunds
    assert (refund.provider_refund_id, refund.amount_minor) == (provider_refund["id"], 12345)
    assert (refund.status, refund.requested_by) == ("processed", "provider")
    assert (payment.refund_reserved_minor, payment.needs_review) == (12345, False)
    assert [receipt.kind for receipt in payment.receipts] == ["PAYMENT_RECEIPT", "REFUND_RECEIPT"]
    figures = _statistics(staff, customer)
    assert (figures["refundedAmount"], figures["successfulPayments"]) == (123.45, 1)
    assert customer.api.refund(paid.payment_id, 376.56).status_code == 409
    assert customer.api.refund(paid.payment_id, 376.55).status_code == 201


def _refund_at_the_dashboard(sandbox: Sandbox, paid: PaidOrder, amount_minor: int) -> dict[str, Any]:
    answer = sandbox.api("POST", f"/payments/{paid.provider_payment_id}/refund", {"amount": amount_minor})
    assert answer.status_code == 200, answer.text
    refund: dict[str, Any] = answer.json()
    return refund


def test_a_disputed_payment_is_not_refunded_until_the_dispute_is_over(
    customer: Person, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.control("POST", f"/payments/{paid.provider_payment_id}/dispute")

    answer = customer.api.refund(paid.payment_id, 100)

    payment = at_rest(paid.payment_id)
    assert refused(answer, 502, "REFUND_FAILED") == {"provider": DISPUTED}
    assert (payment.status, payment.refund_reserved_minor) == ("PAID", 0)
    assert [(refund.status, refund.failure_reason) for refund in payment.refunds] == [("failed", DISPUTED)]
    assert sandbox.refunds_of(paid.provider_payment_id) == []
    sandbox.control("POST", f"/payments/{paid.provider_payment_id}/dispute", {"open": False})
    assert customer.api.refund(paid.payment_id, 100).status_code == 201


def test_a_payment_of_more_than_six_months_ago_is_not_refunded(service: OwnService) -> None:
    person, sandbox = service.person(), service.sandbox
    order_id, payment_id = open_order(person)
    provider_payment_id = sandbox.pay(order_id)["razorpay_payment_id"]
    service.has_status(payment_id, "PAID")
    service.time_passes(HALF_A_YEAR_SECONDS)

    answer = person.api.refund(payment_id)

    payment = service.payment(payment_id)
    assert refused(answer, 502, "REFUND_FAILED") == {"provider": TOO_OLD}
    assert (payment["status"], payment["refund_reserved_minor"]) == ("PAID", 0)
    assert sandbox.refunds_of(provider_payment_id) == []
