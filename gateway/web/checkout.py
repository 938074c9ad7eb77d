"""The form that a customer's browser posts to open the provider's hosted checkout. Its fields are Razorpay's
(its page on hosted checkout); nothing in it is secret from whoever has the payment's link."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from config.settings import Settings
from gateway.domain import users
from gateway.domain.models import Payment
from gateway.web import strings

PATH = "/v1/checkout/embedded"


@dataclass(frozen=True)
class CheckoutForm:
    """Where the form goes, and its hidden fields, in order."""

    action: str
    fields: list[tuple[str, str]]


def form_of(payment: Payment, settings: Settings) -> CheckoutForm:
    """Return the form for a payment whose order is open."""
    page = f"{settings.public_url}/pay/{payment.id}"
    query = f"?token={payment.page_token}"
    fields = [
        ("key_id", settings.razorpay_key_id),
        ("order_id", payment.provider_order_id),
        ("amount", str(payment.amount_minor)),
        ("currency", payment.currency),
        ("name", settings.receipt_issuer_name),
        ("description", payment.description or strings.DESCRIPTION_DEFAULT),
        ("prefill[name]", users.name_of(payment.user_id)),
        ("prefill[email]", payment.user_email),
        ("prefill[contact]", payment.payer_phone),
        ("callback_url", f"{page}/callback{query}"),
        ("cancel_url", f"{page}{query}"),
    ]
    return CheckoutForm(
        settings.razorpay_base_url.rstrip("/") + PATH, [(name, value) for name, value in fields if value]
    )


def origin_of(settings: Settings) -> str:
    """Return where the form goes, as a Content-Security-Policy names it."""
    parts = urlsplit(settings.razorpay_base_url)
    return f"{parts.scheme}://{parts.netloc}"
