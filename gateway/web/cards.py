"""The card on a payment's page: all that depends on the payment. The page holds it, and the page's script
asks for it alone, so that both always say the same."""

import hashlib
import json
from dataclasses import dataclass

from flask import Response, render_template, request, url_for
from markupsafe import Markup

from config.settings import Settings
from gateway.api import present
from gateway.domain import receipts
from gateway.domain.context import Context
from gateway.domain.models import Payment
from gateway.web import checkout, content, policy, site, states, strings

# Razorpay takes payments from registered websites only, which it knows by their origin; the rest of the
# address holds the payment's token.
REFERRER_POLICY = "strict-origin"


@dataclass(frozen=True)
class Card:
    """A card as HTML, and when it is worth asking again, None for never."""

    html: Markup
    heading: str
    refresh_seconds: int | None
    # Of a page that can be paid; None for one that loads nothing of the provider.
    policy: str | None

    @property
    def version(self) -> str:
        """Return what differs when the card does."""
        return hashlib.sha256(self.html.encode()).hexdigest()[:16]


def of_payment(
    payment: Payment, surroundings: Context, settings: Settings, *, was_told_of_failure: bool
) -> Card:
    """Return the card of a payment. was_told_of_failure: the browser came back with one."""
    state = states.of(payment, surroundings, was_told_of_failure=was_told_of_failure)
    shown = content.of_payment(payment, state, surroundings)
    since = states.waiting_since(payment, state)
    receipt = None
    ref = present.find_receipt(payment, "PAYMENT_RECEIPT")
    if ref:
        receipt = receipts.rendered(ref.id)
        since = None if receipt else ref.issued_at
    refresh_seconds = states.refresh_seconds(since, surroundings.now())
    paying = checkout.of_payment(payment, settings) if state in states.PAYABLE else None
    html = render_template(
        "card.html",
        strings=strings,
        shown=shown,
        state=state,
        is_settled=state in states.SETTLED,
        title=site.title_of(shown.heading),
        checkout=paying,
        open_again_url=address("pay.open_again", payment) if state == states.UNREACHABLE else None,
        is_waiting=since is not None,
        refreshes=refresh_seconds is not None,
        own_url=address("pay.show_payment", payment),
        receipt_url=address("pay.send_receipt", payment) if ref else None,
        receipt_is_ready=receipt is not None,
    )
    # The template has escaped what it was given.
    return Card(Markup(html), shown.heading, refresh_seconds, _policy(settings) if paying else None)


def page(card: Card, payment: Payment, result: str | None) -> Response:
    """Return the page that holds the card. result: what the page's own address says."""
    response = site.show(
        "payment.html",
        heading=card.heading,
        card=card,
        refresh_seconds=card.refresh_seconds,
        card_url=address("pay.show_card", payment, result),
        words=json.dumps(strings.SAID_BY_SCRIPT),
    )
    if card.policy:
        response.headers["Content-Security-Policy"] = card.policy
        response.headers["Referrer-Policy"] = REFERRER_POLICY
    return response


def _policy(settings: Settings) -> str:
    return policy.of_payable_page(settings.checkout_script_url, policy.origin_of(settings.public_url))


def fragment(card: Card) -> Response:
    """Return the card alone, or 304 for whoever has it."""
    response = Response(card.html, content_type="text/html; charset=utf-8")
    response.set_etag(card.version)
    if card.refresh_seconds:
        response.headers["Retry-After"] = str(card.refresh_seconds)
    response.make_conditional(request)
    return response


def address(endpoint: str, payment: Payment, result: str | None = None) -> str:
    """Return the address of a payment's page, or of what is below it. result: what the page's one says about
    the browser's coming back."""
    # What is None is left out of the address.
    return url_for(endpoint, payment_id=payment.id, token=payment.page_token, result=result)
