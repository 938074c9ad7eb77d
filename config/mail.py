"""How mails leave, as MAIL_URL says it: through an SMTP server, or into a directory."""

from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SMTP_PORTS = {"smtp": 587, "smtps": 465}
FORMS = "smtps://user:password@host:465, smtp://user:password@host:587 or file:directory"


@dataclass(frozen=True)
class SmtpServer:
    """A mail server. is_tls: from the first byte on; otherwise STARTTLS is demanded, but for loopback."""

    host: str
    port: int
    is_tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def wants_starttls(self) -> bool:
        """Return whether the connection begins in the clear and must not stay so."""
        return not self.is_tls and self.host not in LOOPBACK


@dataclass(frozen=True)
class MailDirectory:
    """A directory that mails are written into, for machines that send none."""

    path: Path


def parse_mail_url(text: str) -> SmtpServer | MailDirectory:
    """Return what MAIL_URL means. Raises ValueError, which never repeats the text: it holds a password."""
    scheme, separator, rest = text.partition(":")
    if scheme == "file" and separator and rest.strip("/"):
        return MailDirectory(Path(rest.removeprefix("//")))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in SMTP_PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            f"must be {FORMS}; characters such as @ or / in the password are written as %40, %2F"
        )
    return SmtpServer(
        host=host,
        port=port or SMTP_PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def check_sender(text: str) -> str:
    """Return a From line such as `Payments <payments@example.com>` if it is one. Raises ValueError."""
    _, address = parseaddr(text)
    name, _, domain = address.partition("@")
    if not name or not domain or any(character in text for character in "\r\n") or not address.isascii():
        raise ValueError("must be an e-mail address, as in Payments <payments@example.com>")
    return text
