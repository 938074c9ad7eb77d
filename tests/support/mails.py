"""The mails that the local stack has written instead of sending them."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.waiting import wait_until

TOKEN = re.compile(r"token=([A-Za-z0-9_-]+)")


def mails_to(data_directory: Path, address: str) -> list[EmailMessage]:
    """Return the mails to one address, the oldest first."""
    files = sorted((data_directory / "mail").glob("*.eml"))
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in mails if isinstance(mail, EmailMessage) and mail["To"] == address]


def mailed_token(data_directory: Path, address: str, number: int = 1) -> str:
    """Wait for the address's mail of this number, counted from 1, and return its link's token."""
    mails = wait_until(
        lambda: found if len(found := mails_to(data_directory, address)) >= number else None,
        f"mail {number} to {address}",
    )
    return token_in(mails[number - 1])


def token_in(mail: EmailMessage) -> str:
    """Return the token of the link in a mail."""
    (token,) = TOKEN.findall(mail.get_content())
    return str(token)
