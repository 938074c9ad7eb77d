"""Mails through a real SMTP server: encrypted, authenticated, and a failure is never silent or telling."""

import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.mail import SmtpServer, parse_mail_url
from dev import ports
from gateway.domain.mailer import MailNotSent
from gateway.mail.choose import mailer_for
from gateway.mail.files import FileMailer
from tests.support.smtp import Inbox, mail_server

SENDER = "Payments <payments@example.com>"
# An address of this machine for which no exception from encryption is made.
ELSEWHERE = "127.0.0.2"
LINK = "https://payments.example.com/password/reset?token=" + "x" * 43
SECRET = "a secret that is in no error"


@pytest.fixture
def port() -> int:
    """A port that nobody uses."""
    return ports.free_port()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for ELSEWHERE, and the certificate that one would have to trust."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test"]
    command += ["-addext", f"subjectAltName=IP:{ELSEWHERE}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def send(url: str, text: str = f"Hello\n\n{LINK}\n", to: str = "asha@example.com") -> None:
    """Send a mail as the service would."""
    destination = parse_mail_url(url)
    mailer_for(destination, sender=SENDER, timeout_seconds=2).send(to, "A subject", text)


def test_a_mail_arrives_as_it_was_written(port: int) -> None:
    inbox = Inbox()

    with mail_server(inbox, port=port):
        send(f"smtp://127.0.0.1:{port}")

    (mail,), (envelope,) = inbox.mails, inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("payments@example.com", ["asha@example.com"])
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "asha@example.com", "A subject")
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content().splitlines() == ["Hello", "", LINK]
    assert LINK.encode() in envelope.content


def test_other_letters_arrive_too(port: int) -> None:
    inbox = Inbox()

    with mail_server(inbox, port=port):
        send(f"smtp://127.0.0.1:{port}", f"नमस्ते\n{LINK}\n")

    assert inbox.mails[0].get_content().splitlines() == ["नमस्ते", LINK]


# On loopback nobody listens in.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_user_and_password_of_the_address_log_in(port: int) -> None:
    inbox = Inbox()
    options: dict[str, Any] = {"authenticator": inbox.authenticate, "auth_require_tls": False}

    with mail_server(inbox, port=port, auth_required=True, **options):
        send(f"smtp://user:p%40ss%2Fword@127.0.0.1:{port}")
        with pytest.raises(MailNotSent) as refused:
            send(f"smtp://user:wrong@127.0.0.1:{port}")
        with pytest.raises(MailNotSent):
            send(f"smtp://127.0.0.1:{port}")

    assert inbox.logins[0] == (b"user", b"p@ss/word")
    assert len(inbox.mails) == 1
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_server_elsewhere_is_spoken_to_over_tls(
    scheme: str, port: int, certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    inbox = Inbox()
    options: dict[str, Any] = {
        "smtps": {"tls": context},
        "smtp": {"tls_context": context, "require_starttls": True},
    }

    with mail_server(inbox, host=ELSEWHERE, port=port, **options[scheme]):
        send(f"{scheme}://{ELSEWHERE}:{port}")

    assert len(inbox.mails) == 1


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_certificate_that_nobody_vouches_for_is_refused(
    scheme: str, port: int, certificate: tuple[ssl.SSLContext, Path]
) -> None:
    context, _ = certificate
    inbox = Inbox()
    options: dict[str, Any] = {"smtps": {"tls": context}, "smtp": {"tls_context": context}}

    with (
        mail_server(inbox, host=ELSEWHERE, port=port, **options[scheme]),
        pytest.raises(MailNotSent, match="SSLCertVerificationError"),
    ):
        send(f"{scheme}://{ELSEWHERE}:{port}")

    assert inbox.mails == []


def test_a_server_elsewhere_that_offers_no_encryption_gets_neither_password_nor_mail(port: int) -> None:
    inbox = Inbox()
    options: dict[str, Any] = {"authenticator": inbox.authenticate, "auth_require_tls": False}

    with mail_server(inbox, host=ELSEWHERE, port=port, **options), pytest.raises(MailNotSent):
        send(f"smtp://user:p%40ss%2Fword@{ELSEWHERE}:{port}")

    assert (inbox.mails, inbox.logins) == ([], [])


@pytest.mark.parametrize("answer", ["451 try later", f"554 {SECRET}"])
def test_a_mail_that_is_not_taken_is_an_error_without_the_servers_words(answer: str, port: int) -> None:
    inbox = Inbox(answer)

    with mail_server(inbox, port=port), pytest.raises(MailNotSent) as refused:
        send(f"smtp://127.0.0.1:{port}")

    assert str(refused.value) == f"SMTPDataError: status {answer[:3]}"
    assert inbox.mails == []


def test_a_server_that_is_away_is_an_error(port: int) -> None:
    with pytest.raises(MailNotSent, match="ConnectionRefusedError"):
        send(f"smtp://127.0.0.1:{port}")


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_server_that_says_nothing_is_not_waited_for_for_ever(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        mailer = mailer_for(parse_mail_url(url), sender=SENDER, timeout_seconds=0.2)

        with pytest.raises(MailNotSent):
            mailer.send("asha@example.com", "A subject", "A text")


@pytest.mark.parametrize(
    "send_it",
    [
        lambda url: send(url, to="a@example.com\r\nBcc: b@example.com"),
        lambda url: mailer_for(parse_mail_url(url), sender=SENDER, timeout_seconds=2).send(
            "a@example.com", "A\r\nBcc: b@example.com", "text"
        ),
    ],
    ids=["address", "subject"],
)
def test_no_header_is_smuggled_in(send_it: Callable[[str], None], port: int, tmp_path: Path) -> None:
    inbox = Inbox()

    with mail_server(inbox, port=port):
        for url in (f"smtp://127.0.0.1:{port}", f"file:{tmp_path / 'mail'}"):
            with pytest.raises(MailNotSent):
                send_it(url)

    assert inbox.mails == []
    assert not (tmp_path / "mail").exists()


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("not a directory")

    with pytest.raises(MailNotSent):
        FileMailer(tmp_path / "mail", sender=SENDER).send("a@example.com", "A subject", "A text")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example.com", SmtpServer("mail.example.com", 465, True)),
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587, False)),
        ("smtps://u%40x:p%2Fw%3A@h:2465", SmtpServer("h", 2465, True, "u@x", "p/w:")),
        ("smtp://[::1]:25/", SmtpServer("::1", 25, False)),
    ],
)
def test_an_address_of_a_server_is_read(url: str, server: SmtpServer) -> None:
    assert parse_mail_url(url) == server


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", False), ("localhost", False), ("h", True)])
def test_only_this_machine_may_be_spoken_to_in_the_clear(host: str, expected: bool) -> None:
    server = parse_mail_url(f"smtp://{host}")

    assert isinstance(server, SmtpServer)
    assert server.wants_starttls is expected
    assert "p4ss" not in repr(parse_mail_url(f"smtp://u:p4ss@{host}"))
