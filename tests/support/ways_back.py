"""Ways on which money goes back or is compared, each by a point at which a process may be killed. See
`ways_in` for what a way is."""

from collections.abc import Iterator
from datetime import timedelta

from gateway.domain import work
from gateway.domain.context import utc_now
from tests.support.client import PAYMENT, Api, Person, open_order, paid_order, payment_event, send_webhook
from tests.support.comparing import compare_since, compared
from tests.support.events import fresh_id
from tests.support.killing import hurry, insist
from tests.support.own import OwnStack, changes_to
from tests.support.second_door import new_payment
from tests.support.waiting import wait_until


def a_refund(own: OwnStack, person: Person) -> Iterator[None]:
    """Refund a part of a payment."""
    paid = paid_order(person, own.sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    yield
    insist(lambda: person.api.refund(paid.payment_id, 200, key=person.user_id))
    yield
    payment = own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    assert (payment["refunded_minor"], payment["refund_reserved_minor"]) == (20_000, 20_000)
    assert [each["amount"] for each in own.sandbox.refunds_of(paid.provider_payment_id)] == [20_000]


def a_refund_whose_answer_is_lost(own: OwnStack, person: Person) -> Iterator[None]:
    """The same, and the provider's answer is lost, so that the refund is looked up before it is repeated."""
    steps = a_refund(own, person)
    next(steps)
    own.sandbox.deliveries(paused=True)
    own.sandbox.fault("payments.refund", "timeout_after", seconds=2)
    yield
    yield from steps


def a_pending_refund(own: OwnStack, person: Person) -> Iterator[None]:
    """Ask what became of a refund whose webhook was lost."""
    paid = paid_order(person, own.sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    own.sandbox.deliveries(paused=True)
    own.sandbox.control("POST", "/refunds", {"mode": "pending"})
    answer = insist(lambda: person.api.refund(paid.payment_id, 200, key=person.user_id))
    assert answer.status_code in (201, 202)
    refund_id = wait_until(
        lambda: own.payment(paid.payment_id)["refunds"][0].get("provider_refund_id"), "the refund's id"
    )
    wait_until(
        lambda: own.payment(paid.payment_id)["work"]["kind"] == work.CONFIRM_REFUND, "the planned look"
    )
    own.sandbox.control("POST", f"/refunds/{refund_id}/process")
    yield
    hurry(own, paid.payment_id)
    yield
    payment = own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2)
    assert payment["refunded_minor"] == 20_000


def a_duplicate(own: OwnStack, person: Person) -> Iterator[None]:
    """Return the money of a second payment for one order."""
    paid = paid_order(person, own.sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    yield
    twice = own.sandbox.pay(paid.order_id, force=True)["razorpay_payment_id"]
    yield
    wait_until(
        lambda: [each["amount"] for each in own.sandbox.refunds_of(twice)] == [50_000],
        "the return of the duplicate",
        deadline_seconds=40,
    )
    payment = own.settled(paid.payment_id, "PAID", receipts=2)
    assert [each["refund"]["status"] for each in payment["duplicates"]] == ["processed"]
    assert payment["refunded_minor"] == 0


def a_contradiction(own: OwnStack, person: Person) -> Iterator[None]:
    """Hear of a payment that does not fit its order, which is written down for a person."""
    order_id, payment_id = open_order(person)
    entity = {"id": fresh_id("pay"), "order_id": order_id, "amount": 4_900, "currency": "INR"}
    event = payment_event("payment.captured", entity | {"status": "captured", "method": "upi"})
    event_id = fresh_id("evt")
    yield
    insist(lambda: send_webhook(Api(own.stack.api_url), own.sandbox, event, event_id=event_id))
    yield
    of_this = {"payment_id": payment_id}
    wait_until(
        lambda: own.database.discrepancies.count_documents(of_this) == 1,
        "the discrepancy",
        deadline_seconds=40,
    )
    wait_until(lambda: own.payment(payment_id)["discrepancies"][0]["stored"], "the end of the work")
    payment = own.payment(payment_id)
    assert (payment["status"], payment["needs_review"]) == ("CREATED", True)
    assert own.database.discrepancies.count_documents(of_this) == 1


def a_comparison(own: OwnStack, person: Person) -> Iterator[None]:
    """Compare with the provider, which knows of a payment and of a refund that nobody has told us of."""
    began_at = utc_now() - timedelta(seconds=1)
    paid = paid_order(person, own.sandbox)
    own.settled(paid.payment_id, "PAID", receipts=1)
    own.sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(person)
    own.sandbox.pay(order_id)
    own.sandbox.api("POST", f"/payments/{paid.provider_payment_id}/refund", {"amount": 20_000})
    yield
    run_id = compare_since(own.database, began_at)
    yield
    compared(own.database, run_id)
    payments = [
        own.settled(payment_id, "PAID", receipts=1),
        own.settled(paid.payment_id, "PARTIAL_REFUND", receipts=2),
    ]
    assert [changes_to(payment, "PAID") for payment in payments] == [1, 1]
    ids = {"$in": [payment_id, paid.payment_id]}
    assert own.database.discrepancies.count_documents({"payment_id": ids, "state": "corrected"}) == 2


def a_comparison_with_a_lost_order(own: OwnStack, person: Person) -> Iterator[None]:
    """Compare with the provider, which has a paid order of ours that we do not know."""
    began_at = utc_now() - timedelta(seconds=1)
    own.sandbox.deliveries(paused=True)
    payment_id = person.api.post(PAYMENT, new_payment(person)).json()["result"]["paymentId"]
    receipt = own.payment(payment_id)["order_receipt"]
    lost = {"amount": 50_000, "currency": "INR", "receipt": receipt}
    order = own.sandbox.api("POST", "/orders", lost).json()
    own.sandbox.pay(order["id"])
    yield
    run_id = compare_since(own.database, began_at)
    yield
    compared(own.database, run_id)
    payment = own.settled(payment_id, "PAID", receipts=1)
    assert (payment["provider_order_id"], changes_to(payment, "PAID")) == (order["id"], 1)
