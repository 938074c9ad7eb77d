"""`flask payments timeline`: the story of a payment, as it happened over HTTP."""

import re

from tests.cli.conftest import Flask
from tests.support.client import Api, Person, Sandbox, open_order, paid_order, send_webhook, stored
from tests.support.events import captured_event, fresh_id, raw
from tests.support.steps import at_rest, finished_event, has_status


def test_a_payments_story_is_told_with_the_events_that_changed_nothing(
    anonymous: Api, customer: Person, sandbox: Sandbox, flask: Flask
) -> None:
    sandbox.deliveries(paused=True)
    order_id, payment_id = open_order(customer)
    event, first, late = captured_event(order_id), fresh_id("evt"), fresh_id("evt")
    send_webhook(anonymous, sandbox, event, event_id=first)
    payment = has_status(payment_id, "PAID")
    send_webhook(anonymous, sandbox, raw(event | {"created_at": 1640995201}), event_id=late)
    finished_event(late)
    send_webhook(anonymous, sandbox, event, event_id=first)
    send_webhook(anonymous, sandbox, event, event_id=first)

    told, shown = (
        flask("payments", "timeline", payment_id, "--json").json,
        flask("payments", "timeline", order_id),
    )

    changes = [entry for entry in told if entry["kind"] == "change"]
    assert [(entry["from"], entry["to"]) for entry in changes] == [
        (None if number == 0 else entry.from_status, entry.to_status)
        for number, entry in enumerate(payment.history)
    ]
    (paid,) = [entry for entry in changes if (entry["from"], entry["to"]) == ("CREATED", "PAID")]
    assert paid["by"] == f"webhook:{first}"
    assert paid["correlationId"]
    assert [{**entry, "at": None} for entry in told if entry["kind"] == "webhook"] == [
        {
            "at": None,
            "kind": "webhook",
            "from": None,
            "to": None,
            "why": why,
            "by": f"webhook:{event_id}",
            "correlationId": None,
        }
        for event_id, why in [
            (late, "ignored: payment.captured said nothing new"),
            (first, "ignored: payment.captured had been delivered before; it came 2 times more"),
        ]
    ]
    assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)
    header, *rows = shown.output.splitlines()
    assert (shown.code, shown.errors) == (0, "")
    assert re.split(" {2,}", header) == ["AT", "CHANGE", "WHY", "BY", "CORRELATION ID"]
    assert [row.split()[0] for row in rows] == [entry["at"] for entry in told]
    (row,) = [row for row in rows if "CREATED → PAID" in row]
    assert re.split(" {2,}", row) == [
        *(paid["at"], "CREATED → PAID", paid["why"], paid["by"], paid["correlationId"])
    ]


def test_a_payment_that_does_not_exist_has_no_story(flask: Flask) -> None:
    ended = flask("payments", "timeline", "no-such-payment", "--json")

    assert (ended.code, ended.output, ended.errors) == (1, "", "Error: There is no such payment.\n")


def test_a_payment_to_review_is_listed_with_the_reason_until_it_is_reviewed(
    customer: Person, sandbox: Sandbox, flask: Flask
) -> None:
    paid = paid_order(customer, sandbox)
    at_rest(paid.payment_id)
    checkout = sandbox.pay(paid.order_id, force=True)
    customer.api.verify(checkout)
    at_rest(paid.payment_id)
    second_id = checkout["razorpay_payment_id"]
    why = f"a second payment, {second_id}, was captured for this order; it is being returned"

    listed = flask("payments", "review", "--json").json
    reviewed = flask("payments", "reviewed", paid.payment_id, "--note", "The customer was told.")
    again = flask("payments", "reviewed", paid.payment_id, "--note", "The customer was told.")

    assert [each for each in listed if each["paymentId"] == paid.payment_id] == [
        {"paymentId": paid.payment_id, "status": "PAID", "reasons": [why]}
    ]
    assert reviewed.output == f"reviewed: {paid.payment_id}\n"
    assert again.output == f"waits for nobody: {paid.payment_id}\n"
    assert paid.payment_id not in flask("payments", "review").output
    assert stored(paid.payment_id).history[-1].why == "reviewed: The customer was told."


def test_a_review_without_a_note_is_refused(customer: Person, sandbox: Sandbox, flask: Flask) -> None:
    order_id, _ = open_order(customer)

    refused = flask("payments", "reviewed", order_id, "--note", "  ")

    assert refused.code == 2
    assert "The note must have 1 to" in refused.errors
