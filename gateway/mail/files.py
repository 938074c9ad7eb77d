"""Writes mails into a directory instead of sending them, for a developer's machine."""

import os
from datetime import UTC, datetime
from email.policy import SMTP
from pathlib import Path

from gateway.domain.ids import new_id
from gateway.domain.mailer import MailNotSent
from gateway.mail.message import compose


class FileMailer:
    """The mailer that leaves each mail as an .eml file, which mail programs open. Names sort by time."""

    def __init__(self, directory: Path, *, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Write a mail that only this user may read; it appears whole or not at all. Raises MailNotSent."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{new_id()}"
        unfinished = self._directory / f".{name}"
        try:
            message = compose(self._sender, to, subject, text)
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes(policy=SMTP))
            unfinished.rename(self._directory / f"{name}.eml")
        except (OSError, ValueError) as error:
            raise MailNotSent(type(error).__name__) from None
