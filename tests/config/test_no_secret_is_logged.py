"""After a whole payment, with its failures, no log of any process holds anything that was secret."""

import json

from tests.conftest import Stack
from tests.support.client import PASSWORD, PAYMENTS, Person, Sandbox, open_order, payment_event, send_webhook
from tests.support.steps import at_rest
from tests.support.waiting import wait_until

CARD = {"method": "card", "number": "5555 5555 5555 4444", "expiry": "12/34", "cvv": "739"}


def logs_of(stack: Stack) -> dict[str, str]:
    """Return the logs of all processes, by file name."""
    return {path.name: path.read_text(errors="replace") for path in (stack.directory / "logs").iterdir()}


def test_no_log_holds_a_secret(stack: Stack, customer: Person, sandbox: Sandbox) -> None:
    api = customer.api
    wrong_password, other_word = "a wrong password for the logs", "an-unlikely-idempotency-word"
    order_id, payment_id = open_order(customer, 500, key=other_word)

    checkout = sandbox.pay(order_id, CARD)
    forged = "f" * 64
    refused = api.verify({**checkout, "razorpay_signature": forged})
    verified = api.verify(checkout)
    refunded = api.refund(payment_id, 100)
    login = api.post("/api/user/login", {"email": customer.email, "password": wrong_password})
    broken = api.post(f"{PAYMENTS}/verify", {"razorpaySignature": forged, "password": PASSWORD})
    event = payment_event("payment.captured", {"id": "pay_foreign", "number": CARD["number"]})
    signature = sandbox.sign(json.dumps(event, separators=(",", ":")).encode())
    webhook = send_webhook(api, sandbox, event, event_id=f"event-{payment_id}")
    at_rest(payment_id)
    api.post("/api/user/logout", headers={"X-Request-ID": f"last-of-{payment_id}"})

    answers = [refused, verified, refunded, login, broken, webhook]
    assert [answer.status_code for answer in answers] == [400, 200, 201, 401, 400, 200]
    wait_until(lambda: f"last-of-{payment_id}" in logs_of(stack)["web.log"], "the last line of the log")
    secrets = {
        "a password": PASSWORD,
        "a wrong password": wrong_password,
        "an access token": api.token or "",
        "a refresh token": customer.refresh_token,
        "the signature of a token": (api.token or "").rpartition(".")[2],
        "the key secret": stack.environ["RAZORPAY_KEY_SECRET"],
        "the webhook secret": stack.environ["RAZORPAY_WEBHOOK_SECRET"],
        "the JWT secret": stack.environ["JWT_SECRET_KEY"],
        "Checkout's signature": checkout["razorpay_signature"],
        "a forged signature": forged,
        "a webhook's signature": signature,
        "a card number": CARD["number"],
        "a card number without blanks": CARD["number"].replace(" ", ""),
    }
    logs = logs_of(stack)
    assert [(what, name) for what, secret in secrets.items() for name in logs if secret in logs[name]] == []
    assert {"web.log", "worker.log", "beat.log", "sandbox.log"} <= set(logs)
    assert payment_id in logs["worker.log"]
