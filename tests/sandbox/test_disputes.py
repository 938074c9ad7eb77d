"""Disputes: while one is open, its payment is not refunded."""


def test_a_disputed_payment_is_not_refunded_until_the_dispute_ends(sandbox_server):
    payment_id = sandbox_server.paid()
    opened = sandbox_server.control("POST", f"/payments/{payment_id}/dispute")

    refused = sandbox_server.refund(payment_id, amount=1000)
    ended = sandbox_server.control("POST", f"/payments/{payment_id}/dispute", {"open": False})
    made = sandbox_server.refund(payment_id, amount=1000)

    assert (opened, ended) == (
        {"payment_id": payment_id, "open": True},
        {"payment_id": payment_id, "open": False},
    )
    assert (refused.status_code, refused.json()["error"]["description"]) == (
        400,
        "The refund on this payment is blocked due to ongoing dispute investigation.",
    )
    assert (made.status_code, sandbox_server.payment(payment_id)["amount_refunded"]) == (200, 1000)


def test_a_dispute_is_opened_twice_without_harm_and_ends_once(sandbox_server):
    payment_id = sandbox_server.paid()

    for is_open in (True, True, False):
        sandbox_server.control("POST", f"/payments/{payment_id}/dispute", {"open": is_open})

    assert sandbox_server.refund(payment_id).status_code == 200


def test_a_payment_that_does_not_exist_cannot_be_disputed(sandbox_server):
    answer = sandbox_server.call("POST", "/sandbox/payments/pay_00000000000000/dispute")

    assert (answer.status_code, answer.json()["error"]["description"]) == (
        400,
        "The id provided does not exist",
    )
