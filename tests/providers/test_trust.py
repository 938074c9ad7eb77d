"""Whom the adapter believes: the address and the keys it was given, and a certificate that it trusts. Nothing
in the environment or in the home directory may send a money call elsewhere, or with other keys."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pytest

from gateway.domain.provider import OutcomeUnknown, ProviderUnavailable
from gateway.providers.razorpay import RazorpayProvider
from tests.support.http_answers import Answers, answering, http
from tests.support.provider_calls import EVERY_CALL, create_order, impatient_provider
from tests.support.raw_server import Conversation, conversing, head, own_certificate

BODY = json.dumps({"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "created_at": 1})
AUTHORIZATION = b"Authorization: Basic " + base64.b64encode(b"rzp_test_1:secret")


def _answered() -> Any:
    return answering(lambda request: http(200, BODY))


def _authorizations(server: Answers) -> list[list[bytes]]:
    return [
        [line for line in request.split(b"\r\n") if line.lower().startswith(b"authorization:")]
        for request in server.requests
    ]


def test_a_netrc_file_does_not_replace_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))

    with _answered() as server:
        create_order(impatient_provider(server.base_url))

    assert _authorizations(server) == [[AUTHORIZATION]]


PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]


@EVERY_CALL
def test_a_proxy_in_the_environment_sees_no_call(
    call: Callable[[RazorpayProvider], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # No order, no payment and no list: every call finds it unreadable, wherever it comes from.
    with answering(lambda request: http(200, "{}")) as server, _answered() as proxy:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(name, proxy.base_url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(OutcomeUnknown):
            call(impatient_provider(server.base_url))

    assert len(server.requests) == 1
    assert proxy.requests == []


def test_a_certificate_bundle_in_the_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = own_certificate(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(trusted))

    with conversing(Conversation.stall, context) as server:
        provider = impatient_provider(server.base_url, connect_timeout_seconds=5)
        with pytest.raises(ProviderUnavailable) as raised:
            create_order(provider)

    assert raised.value.http_status is None
    assert server.requests == []


def test_a_trusted_certificate_of_another_host_means_that_nothing_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = own_certificate(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(trusted))

    with conversing(Conversation.stall, context) as server:
        provider = impatient_provider(f"https://localhost:{server.port}", connect_timeout_seconds=5)
        with pytest.raises(ProviderUnavailable):
            create_order(provider)

    assert server.requests == []


def test_a_trusted_certificate_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = own_certificate(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(trusted))

    def converse(talk: Conversation) -> None:
        talk.read_request()
        talk.send(head(200, len(BODY)) + BODY.encode())

    with conversing(converse, context) as server:
        provider = impatient_provider(server.base_url, connect_timeout_seconds=5, read_timeout_seconds=5)
        assert create_order(provider).id == "order_1"

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_keys_are_shown_to_no_other_host(status: int) -> None:
    with _answered() as elsewhere:
        sent = head(status, 0, f"Location: {elsewhere.base_url}/v1/orders")
        with answering(lambda request: sent) as server, pytest.raises(Exception, match=f"HTTP {status}"):
            create_order(impatient_provider(server.base_url))

    assert _authorizations(server) == [[AUTHORIZATION]]
    assert elsewhere.requests == []
