"""Which adapter sends the mails."""

from config.mail import MailDirectory, SmtpServer
from gateway.domain.mailer import Mailer
from gateway.mail.files import FileMailer
from gateway.mail.smtp import SmtpMailer


def mailer_for(destination: SmtpServer | MailDirectory, *, sender: str, timeout_seconds: float) -> Mailer:
    """Return the mailer for what MAIL_URL says."""
    if isinstance(destination, MailDirectory):
        return FileMailer(destination.path, sender=sender)
    return SmtpMailer(destination, sender=sender, timeout_seconds=timeout_seconds)
