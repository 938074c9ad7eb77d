"""Hands mails to an SMTP server, over TLS, and gives up after a time."""

import smtplib
import ssl
from email.utils import parseaddr

from config.mail import SmtpServer
from gateway.domain.mailer import MailNotSent
from gateway.mail.message import compose


class SmtpMailer:
    """The mailer that speaks SMTP. Opens a connection for each mail: they are few and far between."""

    def __init__(self, server: SmtpServer, *, sender: str, timeout_seconds: float) -> None:
        self._server = server
        self._sender = sender
        self._timeout_seconds = timeout_seconds
        # What we call ourselves; left to itself, the library asks the DNS, which may take its time.
        self._own_name = parseaddr(sender)[1].rpartition("@")[2]

    def send(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over. Each of the server's answers is waited for up to timeout_seconds.
        Raises MailNotSent."""
        try:
            message = compose(self._sender, to, subject, text)
            with self._connect() as connection:
                if self._server.user:
                    connection.login(self._server.user, self._server.password or "")
                connection.send_message(message)
        except smtplib.SMTPResponseException as error:
            # Not the server's words, which may repeat what was sent.
            raise MailNotSent(f"{type(error).__name__}: status {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailNotSent(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.is_tls:
            return smtplib.SMTP_SSL(
                server.host,
                server.port,
                self._own_name,
                timeout=self._timeout_seconds,
                context=ssl.create_default_context(),
            )
        connection = smtplib.SMTP(server.host, server.port, self._own_name, timeout=self._timeout_seconds)
        if server.wants_starttls:
            try:
                connection.starttls(context=ssl.create_default_context())
            except BaseException:
                connection.close()
                raise
        return connection
