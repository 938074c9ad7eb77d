"""A payment's whole story: every change with its cause, and the webhooks that were ignored, and why."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.support.client import PAYMENTS, Person, Sandbox, send_webhook, stored
from tests.support.events import fresh_id
from tests.support.second_door import (
    PAYMENT,
    UNKNOWN,
    cancel,
    create,
    paid,
    process,
    processed,
    provider_payments,
    refund,
    seen,
)
from tests.support.shapes import refused
from tests.support.steps import TIMESTAMP, at_rest, finished_event, has_status
from tests.support.waiting import wait_until

ENTRY = {"at", "from", "to", "why", "by", "correlationId", "kind"}


def _changes(result: dict[str, Any]) -> list[tuple[str | None, str, str]]:
    return [
        (entry["from"], entry["to"], entry["why"])
        for entry in result["timeline"]
        if entry["kind"] == "change"
    ]


def _ignored(result: dict[str, Any]) -> list[str]:
    entries = [entry for entry in result["timeline"] if entry["kind"] == "webhook"]
    assert {(entry["from"], entry["to"], entry["correlationId"]) for entry in entries} <= {(None, None, None)}
    return [entry["why"] for entry in entries]


def _event(name: str, entity: dict[str, Any]) -> dict[str, Any]:
    return {
        "entity": "event",
        "event": name,
        "contains": ["payment"],
        "payload": {"payment": {"entity": entity}},
        "created_at": 1640995200,
    }


def _deliver(customer: Person, sandbox: Sandbox, event: dict[str, Any]) -> str:
    """Deliver an event and wait until it is worked off; returns its id."""
    event_id = fresh_id("evt")
    assert send_webhook(customer.api, sandbox, event, event_id=event_id).status_code == 200
    finished_event(event_id)
    return event_id


def test_a_new_payment_begins_with_nothing(customer: Person) -> None:
    created = create(customer)

    result = seen(customer.api, created["paymentId"])

    (entry,) = result["timeline"]
    assert set(entry) == ENTRY
    assert (entry["from"], entry["to"], entry["kind"]) == (None, "CREATED", "change")
    assert (entry["why"], entry["by"]) == ("the payment was recorded", f"user:{customer.user_id}")
    assert entry["at"] == created["createdAt"]
    assert (result["attempts"], result["refunds"], result["receipts"]) == (0, [], [])
    assert result["nextAction"] is None


def test_the_request_that_caused_a_change_is_named(customer: Person) -> None:
    headers = {"X-Request-ID": f"create-{customer.user_id}"}
    body = {"email": customer.email, "amount": 1, "currency": "INR", "paymentMethod": "card"}
    payment_id = customer.api.post(PAYMENT, body, headers=headers).json()["result"]["paymentId"]

    (entry,) = seen(customer.api, payment_id)["timeline"]

    assert entry["correlationId"] == f"create-{customer.user_id}"


def test_the_way_of_the_money_is_told_in_order(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)
    refund(customer.api, payment_id, {"amount": 100, "reason": "moved away"})
    refund(customer.api, payment_id)
    payment = at_rest(payment_id)

    result = seen(customer.api, payment_id)

    money, (first, second) = payment.provider_payment_id, payment.refunds
    assert _changes(result) == [
        (None, "CREATED", "the payment was recorded"),
        ("CREATED", "CREATED", "processing was asked for"),
        ("CREATED", "CREATED", f"the provider order {payment.provider_order_id} was opened"),
        ("CREATED", "PAID", f"{money} was captured"),
        ("PAID", "PAID", "a refund of 100.00 INR was asked for"),
        ("PAID", "PARTIAL_REFUND", payment.history[5].why),
        ("PARTIAL_REFUND", "PARTIAL_REFUND", "a refund of 400.00 INR was asked for"),
        ("PARTIAL_REFUND", "REFUNDED", payment.history[7].why),
    ]
    assert first.provider_refund_id in payment.history[5].why
    assert second.provider_refund_id in payment.history[7].why
    by = [entry["by"] for entry in result["timeline"]]
    user = f"user:{customer.user_id}"
    assert by == [user, user, "worker:open_order", user, user, *["worker:issue_refund", user] * 2][:8]
    assert all(TIMESTAMP.fullmatch(entry["at"]) for entry in result["timeline"])
    times = [datetime.fromisoformat(entry["at"]) for entry in result["timeline"]]
    assert all(one <= other for one, other in pairwise(times))


def test_receipts_and_refunds_are_listed(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)
    refund(customer.api, payment_id, {"amount": 100, "reason": "moved away"})
    payment = at_rest(payment_id)

    result = seen(customer.api, payment_id)

    assert [(row["receiptType"], row["receiptNumber"]) for row in result["receipts"]] == [
        ("PAYMENT_RECEIPT", payment.receipts[0].number),
        ("REFUND_RECEIPT", payment.receipts[1].number),
    ]
    (told,) = result["refunds"]
    assert (told["refundId"], told["amount"], told["reason"]) == (payment.refunds[0].id, 100.0, "moved away")
    assert told["receipt"]["id"] == payment.receipts[1].id
    pdfs = [customer.api.download(row) for row in result["receipts"]]
    assert [(pdf.status_code, pdf.content[:5]) for pdf in pdfs] == [(200, b"%PDF-")] * 2


def test_a_refund_that_fails_later_is_told_with_its_reason(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)
    sandbox.deliveries(paused=False)
    refund(customer.api, payment_id, {"amount": 24.68})
    wait_until(lambda: stored(payment_id).refunds[0].status == "failed", "the refund's failure")

    result = seen(customer.api, payment_id)

    (told,) = result["refunds"]
    assert (told["status"], told["failureReason"]) == ("failed", stored(payment_id).refunds[0].failure_reason)
    assert (result["status"], result["refundedAmount"]) == ("PAID", 0.0)
    failure = f"refund {told['razorpayRefundId']} failed: {told['failureReason']}"
    assert ("PARTIAL_REFUND", "PAID", failure) in _changes(result)


def test_a_webhook_that_says_nothing_new_is_told_as_ignored(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)
    (entity,) = provider_payments(sandbox, payment_id)

    late = _deliver(customer, sandbox, _event("payment.authorized", entity | {"status": "authorized"}))

    result = seen(customer.api, payment_id)
    assert _ignored(result) == ["ignored: payment.authorized said nothing new"]
    assert (result["timeline"][-1]["by"], result["timeline"][-1]["kind"]) == (f"webhook:{late}", "webhook")
    assert result["status"] == "PAID"


def test_repeated_deliveries_are_counted(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)
    (entity,) = provider_payments(sandbox, payment_id)
    event = _event("payment.captured", entity)
    event_id = _deliver(customer, sandbox, event)

    send_webhook(customer.api, sandbox, event, event_id=event_id)
    once = _ignored(seen(customer.api, payment_id))
    send_webhook(customer.api, sandbox, event, event_id=fresh_id("evt"))
    twice = _ignored(seen(customer.api, payment_id))

    said_nothing = "ignored: payment.captured said nothing new"
    repeated = "ignored: payment.captured had been delivered before; it came"
    assert once == [said_nothing, f"{repeated} once more"]
    assert twice == [said_nothing, f"{repeated} 2 times more"]


def test_a_webhook_that_changed_something_is_the_cause_of_the_change(
    customer: Person, sandbox: Sandbox
) -> None:
    result = processed(customer)
    sandbox.fail(result["razorpayOrderId"])
    has_status(result["paymentId"], "FAILED")
    (event_id,) = [event["event_id"] for event in sandbox.webhooks(order_id=result["razorpayOrderId"])]

    told = seen(customer.api, result["paymentId"])

    assert (told["timeline"][-1]["from"], told["timeline"][-1]["to"]) == ("CREATED", "FAILED")
    assert told["timeline"][-1]["by"] == f"webhook:{event_id}"
    assert told["failureReason"] in told["timeline"][-1]["why"]
    assert (told["attempts"], _ignored(told)) == (1, [])


def test_a_cancellation_is_told_with_its_receipt(customer: Person) -> None:
    payment_id = create(customer)["paymentId"]
    cancel(customer.api, payment_id)

    result = seen(customer.api, payment_id)

    assert _changes(result)[-1] == ("CREATED", "CANCELLED", "cancelled on request")
    assert [row["receiptType"] for row in result["receipts"]] == ["CANCELLATION_RECEIPT"]


def test_the_status_is_the_same_without_the_story(customer: Person, sandbox: Sandbox) -> None:
    payment_id = paid(customer, sandbox)

    answer = customer.api.get(f"{PAYMENT}/{payment_id}/status")

    told = seen(customer.api, payment_id)
    only_here = ("attempts", "refunds", "duplicates", "receipts", "timeline")
    assert (answer.status_code, answer.json()["message"]) == (200, "Payment status")
    assert answer.json()["result"] == {name: told[name] for name in told if name not in only_here}


def test_a_payment_of_the_first_door_has_its_story_too(customer: Person) -> None:
    data = customer.api.create_order(customer.school_id).json()["data"]

    result = seen(customer.api, data["payment"]["id"])

    assert _changes(result) == [
        (None, "CREATED", "the payment was recorded"),
        ("CREATED", "CREATED", f"the provider order {data['order']['id']} was opened"),
    ]
    assert (result["paymentMethod"], result["amount"]) == (None, 500.0)
    assert result["userEmail"] == customer.email


def test_the_story_is_only_for_those_who_may_see_the_payment(
    customer: Person, stranger: Person, staff: Person, foreign_staff: Person, admin: Person
) -> None:
    payment_id = create(customer, schoolId=customer.school_id)["paymentId"]
    calls = (f"{PAYMENT}/{payment_id}", f"{PAYMENT}/{payment_id}/status")

    allowed = [person.api.get(call) for person in (customer, staff, admin) for call in calls]
    others = [person.api.get(call) for person in (stranger, foreign_staff) for call in calls]
    unknown = stranger.api.get(f"{PAYMENT}/{UNKNOWN}")

    assert [answer.status_code for answer in allowed] == [200] * 6
    assert [refused(answer, 404, "PAYMENT_NOT_FOUND") for answer in others] == [{}] * 4
    assert others[0].json() == unknown.json()


def test_a_client_of_the_original_service_finds_what_it_reads(customer: Person, sandbox: Sandbox) -> None:
    """It registers, logs in, and sends what the original's clients send; of the answers it reads these."""
    api = customer.api
    login = api.post("/api/user/login", {"email": customer.email, "password": "correct horse battery"})
    body = {"email": customer.email, "amount": 10000, "currency": "INR", "paymentMethod": "credit card"}
    created = api.post(f"{PAYMENT}/create", body)
    payment_id = created.json()["result"]["paymentId"]
    processing = api.post(f"{PAYMENT}/{payment_id}/process")
    process(api, payment_id)
    sandbox.pay(str(stored(payment_id).provider_order_id))
    has_status(payment_id, "PAID")
    status = api.get(f"{PAYMENT}/{payment_id}/status")
    refunded = api.post(f"{PAYMENT}/{payment_id}/refund")
    logout = api.post("/api/user/logout")

    answers = (login, created, processing, status, refunded, logout)
    results = [answer.json()["result"] for answer in (created, processing, status, refunded)]
    assert [answer.json()["success"] for answer in answers] == [True] * 6
    assert all(isinstance(answer.json()["message"], str) for answer in answers)
    assert login.json()["token"]
    assert [answer.status_code for answer in (created, processing, status, refunded)] == [201, 202, 200, 201]
    assert {result["paymentId"] for result in results} == {payment_id}
    assert {result["userEmail"] for result in results} == {customer.email}
    assert {(result["amount"], result["currency"]) for result in results} == {(10000, "INR")}
    assert {result["createdAt"] for result in results} == {created.json()["result"]["createdAt"]}
    assert [result["status"] for result in results] == ["CREATED", "CREATED", "PAID", "REFUNDED"]
    assert {result["paymentMethod"] for result in results} == {"credit_card"}
    assert api.get(f"{PAYMENT}/{payment_id}/status").status_code == 401
    assert f"{PAYMENTS}/receipts/" in refunded.json()["refund"]["receipt"]["downloadUrl"]
