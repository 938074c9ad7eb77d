"""Row 10: a payment is authorised, and our captures come to nothing until its time is over. A person is
warned before that; the provider then returns the money by itself, and says so by refund events of a payment
that was never captured: they are no refunds of ours, and change no sum and no statistics.
"""

from typing import Any

from tests.support.client import PAYMENTS, Person, open_order
from tests.support.own_service import OwnService
from tests.support.second_door import seen
from tests.support.waiting import wait_until

DAY_SECONDS = 24 * 3600
NOT_YET = "is authorised but could not be captured yet; its time is limited"


def statistics(service: OwnService, person: Person) -> dict[str, Any]:
    """Return the figures of the person's school, as its staff sees them."""
    staff = service.person()
    grant = {"role": "school_staff", "school_ids": [person.school_id]}
    service.database.users.update_one({"_id": staff.user_id}, {"$set": grant})
    figures: dict[str, Any] = staff.api.get(f"{PAYMENTS}/stats").json()["data"]
    return figures


def test_a_person_is_warned_in_time_and_the_money_that_goes_back_counts_nowhere(service: OwnService) -> None:
    person, sandbox = service.person(), service.sandbox
    order_id, payment_id = open_order(person)
    sandbox.fault("payments.capture", "500", count=1000)

    provider_payment_id = sandbox.pay(order_id, capture=False)["razorpay_payment_id"]

    warned = service.becomes(payment_id, "being shown to a person", lambda payment: payment["needs_review"])
    in_time = sandbox.api("GET", f"/payments/{provider_payment_id}").json()["status"]
    service.time_passes(3 * DAY_SECONDS)
    returned = service.has_status(payment_id, "FAILED")
    (refund,) = sandbox.refunds_of(provider_payment_id)
    told = [entry["why"] for entry in seen(person.api, payment_id)["timeline"]]

    assert (warned["status"], in_time) == ("ATTEMPTED", "authorized")
    assert f"needs review: {provider_payment_id} {NOT_YET}" in told
    assert (refund["amount"], refund["status"]) == (50_000, "processed")
    assert f"{provider_payment_id} was returned without having been captured" in told
    assert f"needs review: {provider_payment_id} was not captured in time" in told
    sums = ("captured_minor", "refund_reserved_minor", "refunded_minor")
    assert [returned[name] for name in sums] == [0, 0, 0]
    assert (returned.get("refunds", []), returned.get("receipts", [])) == ([], [])
    figures = statistics(service, person)
    assert (figures["refundedAmount"], figures["successfulPayments"], figures["failedPayments"]) == (0, 0, 1)


def test_every_event_about_the_return_is_heard_without_effect_on_the_sums(service: OwnService) -> None:
    person, sandbox = service.person(), service.sandbox
    order_id, payment_id = open_order(person)
    sandbox.fault("payments.capture", "500", count=1000)
    sandbox.pay(order_id, capture=False)
    service.becomes(payment_id, "being authorised", lambda payment: "authorized_at" in payment)
    sandbox.deliveries(shuffle=True, duplicate=True)

    service.time_passes(3 * DAY_SECONDS)

    service.has_status(payment_id, "FAILED")
    heard = {"name": {"$in": ["refund.created", "refund.processed"]}, "outcome": {"$exists": True}}
    wait_until(lambda: service.database.webhook_events.count_documents(heard) == 2, "both events' end")
    payment = service.payment(payment_id)
    assert (payment["refunded_minor"], payment["captured_minor"]) == (0, 0)
    outcomes = {event["outcome"] for event in service.database.webhook_events.find(heard)}
    # A look of our own may have been faster than either.
    assert outcomes <= {"applied", "no_change"}
