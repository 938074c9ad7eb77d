"""Refunds: fields, ceilings, states."""

import re

import pytest


def described(answer):
    """Give status and description of an error."""
    return answer.status_code, answer.json()["error"]["description"]


def test_a_refund_is_processed_at_once_and_has_every_documented_field(sandbox_server):
    payment_id = sandbox_server.paid()

    refund = sandbox_server.refund(payment_id, amount=50_000, receipt="rf-1", notes={"why": "moved"}).json()

    assert re.fullmatch(r"rfnd_[A-Za-z0-9]{14}", refund.pop("id"))
    assert type(refund.pop("created_at")) is int
    assert refund == {
        "entity": "refund", "amount": 50_000, "currency": "INR", "payment_id": payment_id,
        "notes": {"why": "moved"}, "receipt": "rf-1", "acquirer_data": {"rrn": None}, "batch_id": None,
        "status": "processed", "speed_processed": "normal", "speed_requested": "normal",
    }  # fmt: skip


def test_partial_refunds_add_up_to_a_full_one(sandbox_server):
    payment_id = sandbox_server.paid(100_000)

    def after(**body):
        assert sandbox_server.refund(payment_id, **body).status_code == 200
        payment = sandbox_server.payment(payment_id)
        return payment["status"], payment["amount_refunded"], payment["refund_status"]

    assert after(amount=30_000) == ("captured", 30_000, "partial")
    assert after(amount=20_000) == ("captured", 50_000, "partial")
    assert after() == ("refunded", 100_000, "full")


def test_refunds_are_found_by_id_by_payment_and_in_the_list(sandbox_server):
    payment_id, other_id = sandbox_server.paid(), sandbox_server.paid()
    first = sandbox_server.refund(payment_id, amount=100).json()
    second = sandbox_server.refund(payment_id, amount=200).json()
    third = sandbox_server.refund(other_id, amount=300).json()

    def get(path):
        return sandbox_server.call("GET", f"/v1{path}")

    assert get(f"/refunds/{first['id']}").json() == first
    assert get(f"/payments/{payment_id}/refunds/{first['id']}").json() == first
    assert get(f"/payments/{payment_id}/refunds").json()["items"] == [second, first]
    assert get("/refunds").json()["items"] == [third, second, first]
    assert described(get(f"/payments/{other_id}/refunds/{first['id']}")) == (
        400,
        "The id provided does not exist",
    )


def test_only_the_notes_of_a_refund_can_be_changed(sandbox_server):
    refund = sandbox_server.refund(sandbox_server.paid(), amount=100).json()

    changed = sandbox_server.call("PATCH", f"/v1/refunds/{refund['id']}", {"notes": {"a": "b"}}).json()
    refused = sandbox_server.call("PATCH", f"/v1/refunds/{refund['id']}", {})

    assert changed == {**refund, "notes": {"a": "b"}}
    assert described(refused) == (400, "The notes field is required")


def test_a_refund_can_name_its_payment_in_the_body(sandbox_server):
    payment_id = sandbox_server.paid()

    refund = sandbox_server.call("POST", "/v1/refunds", {"payment_id": payment_id, "amount": 700}).json()
    nameless = sandbox_server.call("POST", "/v1/refunds", {"amount": 700})

    assert (refund["payment_id"], refund["amount"]) == (payment_id, 700)
    assert described(nameless) == (400, "The payment id field is required.")


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"amount": 0}, "Amount cannot be blank."),
        ({"amount": 99}, "The amount must be at least INR 1.00"),
        ({"amount": -5}, "The amount must be at least INR 1.00"),
        ({"amount": 100.5}, "The amount must be an integer."),
        ({"amount": "500"}, "The amount must be an integer."),
        ({"amount": 100_001}, "The refund amount provided is greater than amount captured"),
        ({"amount": 70_001}, "The total refund amount is greater than the refund payment amount"),
        ({"speed": "warp"}, "The selected speed is invalid."),
        ({"notes": [1]}, "Notes validation failed."),
        ({"notes": {"key": "x" * 513}}, "Notes validation failed."),
        ({"receipt": "used"}, "Duplicate receipt found for this refund request."),
        ({"test": True}, "test is/are not required and should not be sent"),
    ],
)
def test_a_refund_that_does_not_fit_is_refused_and_changes_nothing(sandbox_server, body, description):
    payment_id = sandbox_server.paid(100_000)
    assert sandbox_server.refund(payment_id, amount=30_000, receipt="used").status_code == 200

    answer = sandbox_server.refund(payment_id, **body)

    assert described(answer) == (400, description)
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 30_000
    assert sandbox_server.call("GET", "/v1/refunds").json()["count"] == 1


def test_a_fully_refunded_payment_cannot_be_refunded_again(sandbox_server):
    payment_id = sandbox_server.paid()
    sandbox_server.refund(payment_id)

    assert described(sandbox_server.refund(payment_id)) == (
        400,
        "The payment has been fully refunded already",
    )


def test_a_payment_that_is_not_captured_cannot_be_refunded(sandbox_server):
    payment_id = sandbox_server.paid(capture=False, method="upi", vpa="success@razorpay")

    answer = sandbox_server.refund(payment_id, amount=100)

    assert described(answer) == (400, "The payment status should be captured for action to be taken")


def test_a_payment_older_than_six_months_cannot_be_refunded(sandbox_server):
    payment_id = sandbox_server.paid()
    sandbox_server.control("POST", "/clock", {"advance_seconds": 181 * 86400})

    answer = sandbox_server.refund(payment_id, amount=100)

    assert described(answer) == (
        400, "Refund is not supported by the bank because the payment is more than 6 months old",
    )  # fmt: skip
    assert answer.json()["error"]["source"] is None


def test_the_same_refund_receipt_is_fine_for_another_payment(sandbox_server):
    answers = [sandbox_server.refund(sandbox_server.paid(), amount=100, receipt="rf") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_pending_refunds_wait_for_the_control_that_processes_them(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)
    sandbox_server.control("POST", "/refunds", {"mode": "pending"})

    refund = sandbox_server.refund(payment_id, amount=500).json()
    processed = sandbox_server.control("POST", f"/refunds/{refund['id']}/process")
    again = sandbox_server.call("POST", f"/sandbox/refunds/{refund['id']}/process")

    assert refund["status"] == "pending"
    assert processed == {**refund, "status": "processed"}
    assert described(again) == (400, "Refund has already been processed.")
    received = sandbox_receiver.wait_for(5)[3:]
    assert [(one.event, one.entity["status"]) for one in received] == [
        ("refund.created", "pending"), ("refund.processed", "processed"),
    ]  # fmt: skip


def test_a_pending_refund_that_fails_gives_its_amount_back(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)
    sandbox_server.control("POST", "/refunds", {"mode": "pending"})
    refund = sandbox_server.refund(payment_id).json()
    reserved = sandbox_server.payment(payment_id)

    failed = sandbox_server.control("POST", f"/refunds/{refund['id']}/fail")

    assert (reserved["status"], reserved["amount_refunded"]) == ("refunded", 150_000)
    assert failed == {**refund, "status": "failed"}
    payment = sandbox_server.payment(payment_id)
    assert (payment["status"], payment["amount_refunded"], payment["refund_status"]) == ("captured", 0, None)
    assert [one.event for one in sandbox_receiver.wait_for(5)[3:]] == ["refund.created", "refund.failed"]


def test_the_reserved_test_amount_fails_after_it_was_accepted(
    sandbox_server, sandbox_receiver, sandbox_until
):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)

    refund = sandbox_server.refund(payment_id, amount=2468).json()

    assert refund["status"] == "pending"
    sandbox_until(
        lambda: sandbox_server.call("GET", f"/v1/refunds/{refund['id']}").json()["status"] == "failed"
    )
    assert [one.event for one in sandbox_receiver.wait_for(5)[3:]] == ["refund.created", "refund.failed"]
    assert sandbox_server.payment(payment_id)["amount_refunded"] == 0


def test_an_optimum_refund_falls_back_to_normal_speed(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)

    refund = sandbox_server.refund(payment_id, amount=500, speed="optimum").json()

    assert (refund["speed_requested"], refund["speed_processed"]) == ("optimum", "normal")
    assert [one.event for one in sandbox_receiver.wait_for(6)[3:]] == [
        "refund.created", "refund.speed_changed", "refund.processed",
    ]  # fmt: skip
