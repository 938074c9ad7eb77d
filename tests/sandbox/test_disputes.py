"""Disputes: their entity, their events, and that a payment is not refunded while one is undecided."""

import json

import pytest

BLOCKED = "The refund on this payment is blocked due to ongoing dispute investigation."
FIELDS = [
    "id", "entity", "payment_id", "amount", "currency", "amount_deducted", "reason_code", "respond_by",
    "status", "phase", "created_at", "evidence",
]  # fmt: skip


def described(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["description"]


def dispute(sandbox, payment_id: str, **body) -> dict:
    return sandbox.control("POST", f"/payments/{payment_id}/dispute", body)["dispute"]


def test_a_disputed_payment_is_not_refunded_until_the_dispute_ends(sandbox_server):
    payment_id = sandbox_server.paid()
    opened = sandbox_server.control("POST", f"/payments/{payment_id}/dispute")

    refused = sandbox_server.refund(payment_id, amount=1000)
    ended = sandbox_server.control("POST", f"/payments/{payment_id}/dispute", {"open": False})
    made = sandbox_server.refund(payment_id, amount=1000)

    assert (opened["payment_id"], opened["open"], opened["dispute"]["status"]) == (payment_id, True, "open")
    assert (ended["payment_id"], ended["open"], ended["dispute"]["status"]) == (payment_id, False, "closed")
    assert described(refused) == (400, BLOCKED)
    assert (made.status_code, sandbox_server.payment(payment_id)["amount_refunded"]) == (200, 1000)


def test_a_dispute_is_opened_twice_without_harm_and_ends_once(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid()
    sandbox_receiver.wait_for(3)

    first, again = dispute(sandbox_server, payment_id), dispute(sandbox_server, payment_id)
    ended, nothing = (dispute(sandbox_server, payment_id, open=False) for _ in range(2))

    assert again == first
    assert (ended["id"], nothing) == (first["id"], None)
    assert [one.event for one in sandbox_receiver.wait_for(5)[3:]] == [
        "payment.dispute.created",
        "payment.dispute.closed",
    ]
    assert sandbox_server.refund(payment_id).status_code == 200
    assert dispute(sandbox_server, payment_id)["id"] != first["id"]


def test_a_dispute_has_every_documented_field_and_its_event_holds_payment_and_dispute(
    sandbox_server, sandbox_receiver
):
    payment_id = sandbox_server.paid(150_000)
    sandbox_receiver.wait_for(3)

    made = dispute(sandbox_server, payment_id, phase="pre_arbitration")

    assert list(made) == FIELDS
    assert (made["entity"], made["payment_id"], made["amount"], made["currency"]) == (
        "dispute", payment_id, 150_000, "INR",
    )  # fmt: skip
    assert (made["status"], made["phase"], made["amount_deducted"]) == ("open", "pre_arbitration", 0)
    assert made["respond_by"] - made["created_at"] == 7 * 86400
    assert (made["evidence"]["amount"], made["evidence"]["summary"]) == (150_000, None)
    assert sandbox_server.call("GET", f"/v1/disputes/{made['id']}").json() == made
    listed = sandbox_server.call("GET", "/v1/disputes?count=1").json()
    assert listed == {"entity": "collection", "count": 1, "items": [made]}
    envelope = json.loads(sandbox_receiver.wait_for(4)[3].body)
    assert (envelope["event"], envelope["contains"]) == ("payment.dispute.created", ["payment", "dispute"])
    assert envelope["payload"]["dispute"]["entity"] == made
    assert envelope["payload"]["payment"]["entity"]["id"] == payment_id


def test_an_accepted_dispute_is_lost(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid(150_000)
    sandbox_receiver.wait_for(3)
    made = dispute(sandbox_server, payment_id)

    lost = sandbox_server.call("POST", f"/v1/disputes/{made['id']}/accept").json()

    assert (lost["status"], lost["amount_deducted"]) == ("lost", 150_000)
    assert sandbox_receiver.wait_for(5)[-1].event == "payment.dispute.lost"
    again = sandbox_server.call("POST", f"/v1/disputes/{made['id']}/accept")
    assert described(again) == (400, "The dispute is lost and takes no action any more.")
    assert sandbox_server.call("GET", f"/v1/disputes/{made['id']}").json() == lost


def test_a_contested_dispute_is_a_draft_then_under_review_then_won(sandbox_server, sandbox_receiver):
    payment_id = sandbox_server.paid(150_000)
    sandbox_receiver.wait_for(3)
    made = dispute(sandbox_server, payment_id)
    path = f"/v1/disputes/{made['id']}/contest"
    evidence = {"amount": 5_000, "summary": "Delivered", "shipping_proof": ["doc_SBXdocu0000001"]}

    draft = sandbox_server.call("PATCH", path, {**evidence, "action": "draft"}).json()
    submitted = sandbox_server.call("PATCH", path, {"action": "submit"}).json()

    assert (draft["status"], draft["evidence"]["submitted_at"]) == ("open", None)
    assert submitted["status"] == "under_review"
    assert submitted["evidence"] == {
        **made["evidence"],
        **evidence,
        "submitted_at": submitted["evidence"]["submitted_at"],
    }
    assert type(submitted["evidence"]["submitted_at"]) is int
    assert described(sandbox_server.refund(payment_id, amount=100)) == (400, BLOCKED)
    assert dispute(sandbox_server, payment_id, open=False, outcome="won")["status"] == "won"
    assert [one.event for one in sandbox_receiver.wait_for(6)[3:]] == [
        "payment.dispute.created",
        "payment.dispute.under_review",
        "payment.dispute.won",
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "send"}, "action"),
        ({"amount": 150_001}, "amount"),
        ({"amount": "5000"}, "amount"),
        ({"summary": "x" * 1001}, "summary"),
        ({"billing_proof": "doc_1"}, "billing_proof"),
        ({"other": []}, "other"),
    ],
)
def test_evidence_that_is_none_is_refused_and_changes_nothing(sandbox_server, body, field):
    made = dispute(sandbox_server, sandbox_server.paid(150_000))

    answer = sandbox_server.call("PATCH", f"/v1/disputes/{made['id']}/contest", body)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert sandbox_server.call("GET", f"/v1/disputes/{made['id']}").json() == made


@pytest.mark.parametrize("body", [{"phase": "x"}, {"open": False, "outcome": "x"}, {"open": 1}])
def test_a_control_that_makes_no_sense_is_refused(sandbox_server, body):
    payment_id = sandbox_server.paid()

    answer = sandbox_server.call("POST", f"/sandbox/payments/{payment_id}/dispute", body)

    assert answer.status_code == 400
    assert sandbox_server.call("GET", "/v1/disputes").json()["count"] == 0


def test_a_payment_that_does_not_exist_cannot_be_disputed(sandbox_server):
    answer = sandbox_server.call("POST", "/sandbox/payments/pay_00000000000000/dispute")

    assert described(answer) == (400, "The id provided does not exist")
    unknown = sandbox_server.call("GET", "/v1/disputes/disp_00000000000000")
    assert described(unknown) == (400, "The id provided does not exist")
