"""Ways on which money comes in, each by a point at which a process may be killed.

A way is a generator that stops twice: when everything is prepared, and when what leads to the point was asked
for. What follows is the end that must be reached all the same, once.
"""

from collections.abc import Iterator

from gateway.domain import work
from tests.support.client import PAYMENT, Person, open_order
from tests.support.killing import LONG_AGO, hurry, insist
from tests.support.mails import mails_to, token_in
from tests.support.own import OwnStack, changes_to
from tests.support.second_door import new_payment
from tests.support.steps import calls_to
from tests.support.waiting import wait_until


def an_order(own: OwnStack, person: Person) -> Iterator[None]:
    """Create an order by the first door, where the web process opens it; the client insists."""
    yield
    answer = insist(lambda: person.api.create_order(person.school_id, 500, key=person.user_id))
    yield
    payment_id = answer.json()["data"]["payment"]["id"]
    _has_one_order(own, payment_id)
    assert own.database.payments.count_documents({"user_id": person.user_id}) == 1
    again = insist(lambda: person.api.create_order(person.school_id, 500, key=person.user_id))
    assert (again.status_code, again.json()["data"]["payment"]["id"]) == (201, payment_id)


def _has_one_order(own: OwnStack, payment_id: str) -> str:
    order_id = wait_until(
        lambda: own.payment(payment_id).get("provider_order_id"), "the order", deadline_seconds=40
    )
    receipt = own.payment(payment_id)["order_receipt"]
    assert [order["id"] for order in own.sandbox.orders_with_receipt(receipt)] == [order_id]
    return str(order_id)


def a_processed_payment(own: OwnStack, person: Person) -> Iterator[None]:
    """Process a payment by the second door, where a worker opens its order."""
    payment_id = person.api.post(PAYMENT, new_payment(person)).json()["result"]["paymentId"]
    yield
    insist(lambda: person.api.post(f"{PAYMENT}/{payment_id}/process"))
    yield
    _has_one_order(own, payment_id)


def an_order_whose_answer_is_lost(own: OwnStack, person: Person) -> Iterator[None]:
    """The same, and the answer to the call for the order is lost, so that it is looked up."""
    steps = a_processed_payment(own, person)
    next(steps)
    own.sandbox.fault("orders.create", "timeout_after", seconds=2)
    yield
    yield from steps


def a_upi_request(own: OwnStack, person: Person) -> Iterator[None]:
    """Send a request to the customer's UPI app. When nobody can know whether it was sent, it is not sent
    again, and the customer pays on the page."""
    payment_id = person.api.post(PAYMENT, new_payment(person)).json()["result"]["paymentId"]
    insist(lambda: person.api.post(f"{PAYMENT}/{payment_id}/process"))
    order_id = _has_one_order(own, payment_id)
    yield
    insist(lambda: person.api.post(f"{PAYMENT}/{payment_id}/process", {"vpa": "success@razorpay"}))
    yield

    def is_decided() -> bool:
        payment = own.payment(payment_id)
        return payment["status"] == "PAID" or "failure_reason" in payment["upi_collect"]

    wait_until(is_decided, "the end of the UPI request", deadline_seconds=40)
    attempts = own.sandbox.api("GET", f"/orders/{order_id}/payments").json()["items"]
    assert len(attempts) <= 1
    if not attempts:
        own.sandbox.pay(order_id)
    payment = own.settled(payment_id, "PAID", receipts=1)
    assert (changes_to(payment, "PAID"), payment["captured_minor"]) == (1, 50_000)


def an_authorised_payment(own: OwnStack, person: Person) -> Iterator[None]:
    """Verify a payment that is to be captured by us, with no webhook to help."""
    own.sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(person)
    checkout = own.sandbox.pay(order_id, capture=False)
    yield
    insist(lambda: person.api.verify(checkout))
    yield
    payment = own.settled(payment_id, "PAID", receipts=1)
    assert (changes_to(payment, "PAID"), payment["captured_minor"]) == (1, 50_000)
    assert payment["needs_review"] is False
    captures = calls_to(own.sandbox, "POST", f"{checkout['razorpay_payment_id']}/capture")
    assert [call["status"] for call in captures].count(200) == 1


def a_lost_webhook(own: OwnStack, person: Person) -> Iterator[None]:
    """Look at an order that was paid without the service hearing of it."""
    own.sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(person)
    own.sandbox.pay(order_id)
    yield
    hurry(own, payment_id)
    yield
    payment = own.settled(payment_id, "PAID", receipts=1)
    assert (changes_to(payment, "PAID"), payment["captured_minor"]) == (1, 50_000)


def a_webhook(own: OwnStack, person: Person) -> Iterator[None]:
    """Hear by webhook alone that an order was paid. The provider repeats what is not acknowledged."""
    order_id, payment_id = open_order(person)
    yield
    own.sandbox.pay(order_id)
    yield
    payment = own.settled(payment_id, "PAID", receipts=1)
    assert (changes_to(payment, "PAID"), payment["captured_minor"]) == (1, 50_000)
    events = {"payment_id": payment_id, "outcome": {"$exists": True}}
    wait_until(lambda: own.database.webhook_events.count_documents(events) == 3, "all three events' end")


def an_abandoned_payment(own: OwnStack, person: Person) -> Iterator[None]:
    """Give up an order that nobody has paid for months."""
    _, payment_id = open_order(person)
    yield
    own.database.payments.update_one(
        {"_id": payment_id},
        {
            "$set": {"updated_at": LONG_AGO, "work": {"kind": work.ABANDON_PAYMENT, "due_at": LONG_AGO}},
            "$inc": {"version": 1},
        },
    )
    yield
    payment = wait_until(
        lambda: (found := own.payment(payment_id))["status"] == "CANCELLED" and found,
        "the end of the payment",
    )
    assert changes_to(payment, "CANCELLED") == 1


def a_reset_mail(own: OwnStack, person: Person) -> Iterator[None]:
    """Mail a link for a new password. A second mail may go out; whichever arrives works."""
    yield
    insist(lambda: person.api.post("/api/user/password/forgot", {"email": person.email}))
    yield
    reset = {"email": person.email, "outcome": "sent"}
    wait_until(lambda: own.database.password_resets.count_documents(reset), "the mail", deadline_seconds=40)
    mails = mails_to(own.stack.directory, person.email)
    assert len(mails) in (1, 2)
    new = {"token": token_in(mails[-1]), "newPassword": "another correct horse"}
    assert person.api.post("/api/user/password/reset", new).status_code == 200
