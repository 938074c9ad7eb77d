"""Row 20: a call for a refund ends without an answer, whether or not the provider has made the refund. The
client is told that the outcome is not known yet. It is found out by asking; the call is repeated under the
same idempotency key alone, and there is one refund at the provider.
"""

import pytest

from tests.support.client import Api, PaidOrder, Sandbox
from tests.support.queue import make_due
from tests.support.second_door import tried_again
from tests.support.steps import calls_to, has_status


def keys_sent(sandbox: Sandbox, paid: PaidOrder) -> list[str]:
    """Return the idempotency key of every call for a refund of the payment."""
    calls = calls_to(sandbox, "POST", f"/payments/{paid.provider_payment_id}/refund")
    return [call["idempotency_key"] for call in calls]


# How often the provider is asked for the refund: the last one it has made, and it is found.
CALLS = {"500": 2, "html_502": 2, "429": 2, "drop": 2, "timeout_before": 2, "timeout_after": 1}


@pytest.mark.parametrize(("fault", "calls"), CALLS.items(), ids=CALLS)
def test_an_unknown_outcome_is_a_202_and_ends_with_one_refund(
    hasty: Api, sandbox: Sandbox, paid: PaidOrder, fault: str, calls: int
) -> None:
    sandbox.fault("payments.refund", fault)

    answer = hasty.refund(paid.payment_id, 120)

    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["message"] == "Refund recorded; the provider has not answered yet"
    data = answer.json()["data"]
    assert (data["refund"]["id"], data["refund"]["status"], data["refund"]["amount"]) == (
        None,
        "pending",
        12000,
    )
    assert data["receipt"] is None
    payment = has_status(paid.payment_id, "PARTIAL_REFUND")
    (provider_refund,) = sandbox.refunds_of(paid.provider_payment_id)
    (refund,) = payment.refunds
    assert (refund.status, refund.provider_refund_id) == ("processed", provider_refund["id"])
    assert (provider_refund["amount"], payment.refund_reserved_minor) == (12000, 12000)
    assert keys_sent(sandbox, paid) == [refund.id] * calls


def test_looking_that_fails_as_well_asks_for_nothing_until_it_is_known(
    hasty: Api, sandbox: Sandbox, paid: PaidOrder
) -> None:
    sandbox.fault("payments.refund", "timeout_after")
    sandbox.fault("payments.refunds", "500")

    hasty.refund(paid.payment_id)
    make_due(tried_again(paid.payment_id))

    payment = has_status(paid.payment_id, "REFUNDED")
    assert len(keys_sent(sandbox, paid)) == 1
    assert (payment.refund_reserved_minor, payment.refunded_minor) == (50_000, 50_000)
