"""Writes a mail as RFC 5322 has it."""

from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr


def compose(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """Return the mail. Raises ValueError for an address or a subject that would break a header line."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    # Keeps out-of-office answers away (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    # A link must not be broken over two lines, which quoted-printable does; other letters need it.
    message.set_content(text, cte="7bit" if text.isascii() else "quoted-printable")
    return message
