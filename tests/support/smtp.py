"""A real SMTP server on loopback, which keeps what it is given."""

import contextlib
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Inbox:
    """What a mail server took, and the answer that it gives to each mail."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the mail, if the answer is that it was taken."""
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.envelopes.append(envelope)
        return self.answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Let one user in."""
        self.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"user", b"p@ss/word"))


@contextlib.contextmanager
def mail_server(
    inbox: Inbox, *, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[None]:
    """Run a mail server. tls: spoken from the first byte on; for STARTTLS pass tls_context instead."""
    controller = Controller(inbox, hostname=host, port=port, ssl_context=tls, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
