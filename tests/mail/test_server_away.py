"""The mail server away, and back: the mail is sent then, once, and nobody saw an error meanwhile."""

from collections.abc import Callable

from pymongo import MongoClient

from dev import ports
from tests.conftest import Stack
from tests.support.client import Api, register
from tests.support.mails import token_in
from tests.support.smtp import Inbox, mail_server
from tests.support.waiting import wait_until

FORGOT, RESET = "/api/user/password/forgot", "/api/user/password/reset"


def test_a_mail_waits_for_its_server(start_stack: Callable[..., Stack]) -> None:
    port, inbox = ports.free_port(), Inbox()
    stack = start_stack(
        MAIL_URL=f"smtp://127.0.0.1:{port}",
        MAIL_FROM="Payments <payments@example.com>",
        PUBLIC_URL="https://payments.example.com/",
    )
    person, api = register(stack.api_url), Api(stack.api_url)

    with MongoClient(stack.mongodb_uri) as client:
        requests = client.get_default_database().password_resets
        answer = api.post(FORGOT, {"email": person.email})
        waiting = wait_until(
            lambda: requests.find_one({"email": person.email, "work.last_error": {"$exists": True}}),
            "the first failure",
        )
        with mail_server(inbox, port=port):
            wait_until(lambda: inbox.mails, "the mail", deadline_seconds=40)
            done = wait_until(
                lambda: requests.find_one({"email": person.email, "outcome": "sent"}), "the end of it"
            )

    assert answer.status_code == 202
    assert waiting["work"]["last_error"] == "ConnectionRefusedError"
    assert "work" not in done
    (mail,) = inbox.mails
    assert mail["To"] == person.email
    assert "https://payments.example.com/password/reset?token=" in mail.get_content()
    reset = api.post(RESET, {"token": token_in(mail), "newPassword": "words from a late mail"})
    assert reset.status_code == 200
    log = (stack.directory / "logs" / "worker.log").read_text()
    assert "reset_mail.not_sent" in log
    assert token_in(mail) not in log
    assert not (stack.directory / "mail").exists()
