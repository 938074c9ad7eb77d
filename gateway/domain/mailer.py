"""The port through which mails leave. Does not know how: the adapters are in gateway/mail."""

from typing import Protocol


class MailNotSent(Exception):
    """Nobody took the mail, or nobody knows whether it was taken; sending it again later is right. The
    message is for the log, and holds nothing of the mail's text."""


class Mailer(Protocol):
    """Sends plain-text mails from the service's own address."""

    def send(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over. to: one bare address. May take seconds. Raises MailNotSent."""


class NoMailer:
    """The mailer of calls that send no mail."""

    def send(self, to: str, subject: str, text: str) -> None:
        """Refuse to send. Raises MailNotSent."""
        raise MailNotSent("this process has no mailer")
