"""The adapter against the local Razorpay: every call of the port, and the signatures."""

import uuid
from datetime import UTC, datetime, timedelta

import certifi
import pytest

from gateway.domain.provider import ProviderRejected, ProviderUnavailable
from gateway.providers.calls import CallSettings
from gateway.providers.razorpay import RazorpayAccount, RazorpayProvider
from tests.conftest import Stack
from tests.support.client import Sandbox
from tests.support.provider_calls import a_collect


@pytest.fixture
def provider(stack: Stack) -> RazorpayProvider:
    """The adapter, connected to the stack's sandbox."""
    return _provider(stack.sandbox_url, stack.environ["RAZORPAY_KEY_SECRET"])


def _provider(base_url: str, key_secret: str, *webhook_secrets: str) -> RazorpayProvider:
    account = RazorpayAccount(
        key_id="rzp_test_sandbox", key_secret=key_secret, webhook_secrets=webhook_secrets
    )
    return RazorpayProvider(
        account,
        base_url=base_url,
        calls=CallSettings(connect_timeout_seconds=1, read_timeout_seconds=5),
        connections_max=4,
    )


def _receipt() -> str:
    return f"RCP_{uuid.uuid4().hex}"


def _order_id(provider: RazorpayProvider, amount_minor: int = 50000) -> str:
    order = provider.create_order(
        amount_minor=amount_minor, currency="INR", order_receipt=_receipt(), notes={}
    )
    return order.id


def test_an_order_is_opened_and_found_by_its_receipt(provider: RazorpayProvider) -> None:
    receipt = _receipt()

    order = provider.create_order(
        amount_minor=12345, currency="INR", order_receipt=receipt, notes={"schoolId": "s"}
    )

    assert (order.amount_minor, order.currency, order.status) == (12345, "INR", "created")
    assert order.order_receipt == receipt
    assert datetime.now(UTC) - order.created_at < timedelta(minutes=1)
    assert provider.find_order(order_receipt=receipt) == order
    assert provider.find_order(order_receipt=_receipt()) is None


def test_two_orders_of_one_receipt_are_the_older_one(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    receipt = _receipt()
    body = {"amount": 100, "currency": "INR", "receipt": receipt}
    orders = [sandbox.api("POST", "/orders", body).json() for _ in range(2)]

    found = provider.find_order(order_receipt=receipt)

    assert found is not None
    assert found.created_at.timestamp() == min(order["created_at"] for order in orders)


def test_a_upi_request_is_sent_and_recognised_by_our_id(provider: RazorpayProvider) -> None:
    order_id = _order_id(provider, 100)
    ours, another = a_collect(order_id, vpa="pending@razorpay"), a_collect(order_id)

    payment_id = provider.collect_by_upi(ours)

    (seen,) = provider.order_payments(order_id)
    assert (seen.id, seen.status, seen.method, seen.collect_id) == (payment_id, "created", "upi", ours.id)
    assert seen.collect_id != another.id


def test_a_upi_request_for_no_address_is_refused(provider: RazorpayProvider) -> None:
    order_id = _order_id(provider, 100)

    with pytest.raises(ProviderRejected, match="Invalid VPA") as refusal:
        provider.collect_by_upi(a_collect(order_id, vpa="nobody"))

    assert (refusal.value.field, refusal.value.reason) == ("vpa", "invalid_vpa")
    assert provider.order_payments(order_id) == []


def test_every_attempt_on_an_order_is_listed(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    order_id = _order_id(provider)
    error = sandbox.fail(order_id)
    paid_id = sandbox.pay(order_id)["razorpay_payment_id"]

    seen = {payment.id: payment for payment in provider.order_payments(order_id)}

    assert len(seen) == 2
    assert (seen[paid_id].status, seen[paid_id].captured, seen[paid_id].method) == ("captured", True, "upi")
    failed = seen[error["metadata"]["payment_id"]]
    assert (failed.status, failed.captured) == ("failed", False)
    assert failed.failure_reason == error["description"]
    assert {payment.order_id for payment in seen.values()} == {order_id}


def test_an_authorised_payment_is_captured_once(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    payment_id = sandbox.pay(_order_id(provider), capture=False)["razorpay_payment_id"]
    before = provider.fetch_payment(payment_id)

    captured = provider.capture_payment(payment_id, amount_minor=50000, currency="INR")

    assert (before.status, before.captured, before.amount_minor) == ("authorized", False, 50000)
    assert (captured.status, captured.captured, captured.amount_minor) == ("captured", True, 50000)
    with pytest.raises(ProviderRejected, match="This payment has already been captured"):
        provider.capture_payment(payment_id, amount_minor=50000, currency="INR")


def test_another_amount_is_not_captured(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    payment_id = sandbox.pay(_order_id(provider), capture=False)["razorpay_payment_id"]

    with pytest.raises(ProviderRejected) as raised:
        provider.capture_payment(payment_id, amount_minor=49999, currency="INR")

    assert (raised.value.http_status, raised.value.field) == (400, "amount")
    assert raised.value.description == "Capture amount must be equal to the amount authorized"
    assert provider.fetch_payment(payment_id).status == "authorized"


def test_a_refund_is_made_once_and_found_again(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    payment_id = sandbox.pay(_order_id(provider))["razorpay_payment_id"]
    refund_id = str(uuid.uuid4())

    first, second = (
        provider.create_refund(payment_id, amount_minor=2000, refund_id=refund_id, notes={"reason": "x"})
        for _ in range(2)
    )

    assert first == second
    assert (first.amount_minor, first.currency, first.status) == (2000, "INR", "processed")
    assert (first.payment_id, first.refund_receipt) == (payment_id, refund_id)
    assert provider.payment_refunds(payment_id) == [first]
    assert len(sandbox.refunds_of(payment_id)) == 1


def test_one_refund_id_with_another_amount_is_rejected(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    payment_id = sandbox.pay(_order_id(provider))["razorpay_payment_id"]
    refund_id = str(uuid.uuid4())
    provider.create_refund(payment_id, amount_minor=2000, refund_id=refund_id, notes={})

    with pytest.raises(ProviderRejected) as raised:
        provider.create_refund(payment_id, amount_minor=2100, refund_id=refund_id, notes={})

    assert raised.value.http_status == 409
    assert [refund["amount"] for refund in sandbox.refunds_of(payment_id)] == [2000]


def test_a_refused_order_says_what_was_wrong(provider: RazorpayProvider) -> None:
    with pytest.raises(ProviderRejected) as raised:
        provider.create_order(amount_minor=50_000_001, currency="INR", order_receipt=_receipt(), notes={})

    error = raised.value
    assert (error.http_status, error.code, error.field) == (400, "BAD_REQUEST_ERROR", "amount")
    assert error.reason == "input_validation_failed"
    assert error.description == "Amount exceeds maximum amount allowed."


def test_wrong_keys_mean_that_nothing_was_done_yet(stack: Stack) -> None:
    with pytest.raises(ProviderUnavailable) as raised:
        _provider(stack.sandbox_url, "another secret").fetch_payment("pay_00000000000000")

    assert raised.value.http_status == 401


def test_a_rate_limit_did_nothing(provider: RazorpayProvider, sandbox: Sandbox) -> None:
    receipt = _receipt()
    sandbox.fault("orders.create", "429_retry_after")

    with pytest.raises(ProviderUnavailable) as raised:
        provider.create_order(amount_minor=100, currency="INR", order_receipt=receipt, notes={})

    assert raised.value.http_status == 429
    assert sandbox.orders_with_receipt(receipt) == []


PAYMENT_VECTORS = [
    (
        "sandbox_key_secret_01",
        "order_SBXordr0000001",
        "pay_SBXpaym0000001",
        "91a2b73b1b8448cd3b27f88109456911ff378c3f9d7cf6c617af0981434d3b93",
    ),
    (
        "key_secret",
        "fake_order_id",
        "fake_payment_id",
        "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",
    ),
]


@pytest.mark.parametrize(("secret", "order_id", "payment_id", "signature"), PAYMENT_VECTORS)
def test_published_payment_signatures_are_right(
    secret: str, order_id: str, payment_id: str, signature: str
) -> None:
    valid = _provider("http://127.0.0.1:1", secret).payment_signature_is_valid

    assert valid(order_id=order_id, payment_id=payment_id, signature=signature)
    assert not valid(order_id=order_id, payment_id=payment_id, signature=signature.upper())
    assert not valid(order_id=order_id, payment_id=payment_id + "1", signature=signature)
    assert not valid(order_id=payment_id, payment_id=order_id, signature=signature)
    assert not valid(order_id=order_id, payment_id=payment_id, signature="ü" * 64)
    assert not valid(order_id=order_id, payment_id=payment_id, signature="")


def test_the_published_webhook_signature_is_right() -> None:
    body = b'{"entity":"event","event":"payment.captured"}'
    signature = "7561411e20e1f66cc95a9aa708de88c0bb162a1d0ea538a3e25d2d48ff922efa"
    valid = _provider(
        "http://127.0.0.1:1", "key secret", "new secret", "sandbox_webhook_secret_01"
    ).webhook_signature_is_valid

    assert valid(body, signature)
    assert not valid(body.replace(b":", b": "), signature)
    assert not valid(body, signature.upper())
    assert not valid(body, signature[:-1])
    assert not valid(body, "é" * 64)
    assert not valid(body, "")
    assert not valid(body, None)


def test_tls_is_checked_against_certifis_bundle(provider: RazorpayProvider) -> None:
    """The client brings a bundle of April 2015."""
    assert provider._client.cert_path == certifi.where()


def test_secrets_do_not_show_in_the_accounts_text() -> None:
    account = RazorpayAccount(key_id="rzp_test_1", key_secret="hidden", webhook_secrets=("hidden",))

    assert "hidden" not in repr(account)
