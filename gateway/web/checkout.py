"""What a payment's page hands to the provider's Checkout. The options are Razorpay's (its page on the
standard web integration); nothing in them is secret from whoever has the payment's link."""

import json
from dataclasses import dataclass
from typing import Any

from config.settings import Settings
from gateway.domain import users
from gateway.domain.models import Payment
from gateway.web import strings

# The stylesheet's accent, for the provider's window.
THEME_COLOR = "#1a56c4"


@dataclass(frozen=True)
class Checkout:
    """The script's address, and what it is opened with, as JSON."""

    script_url: str
    options: str


def of_payment(payment: Payment, settings: Settings) -> Checkout:
    """Return what opens Checkout for a payment whose order is open.

    It has a `callback_url` and no `handler`: the provider then takes the whole browser there, by a form, also
    from where a payment left this page behind, such as a bank's own page in a browser without frames. A
    failure stays in the provider's window, where the customer tries again.
    """
    page = f"{settings.public_url}/pay/{payment.id}"
    options: dict[str, Any] = {
        "key": settings.razorpay_key_id,
        "order_id": payment.provider_order_id,
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "name": settings.receipt_issuer_name,
        "description": payment.description or strings.DESCRIPTION_DEFAULT,
        "prefill": _known(
            name=users.name_of(payment.user_id), email=payment.user_email, contact=payment.payer_phone
        ),
        "theme": {"color": THEME_COLOR},
        "callback_url": f"{page}/callback?token={payment.page_token}",
    }
    return Checkout(settings.checkout_script_url, json.dumps(options))


def _known(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
