"""The hosted checkout: a payment's page, which opens the provider's window, is where that one sends the
customer back to, and hands out the receipt. Every address carries the payment's page token, and needs nothing
else."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, redirect, request

from gateway import dispatch
from gateway.api import limits, present
from gateway.api.auth import public
from gateway.api.services import context, services
from gateway.domain import access, payments, processing, receipts, work
from gateway.domain.context import Context
from gateway.domain.errors import (
    InvalidSignature,
    NotProcessable,
    ReceiptNotFound,
    VerificationFailed,
)
from gateway.domain.models import Payment, Receipt, ReceiptRef
from gateway.web import cards, site, states, strings
from gateway.web.content import BAD, WAITING

# What the history calls a change that was made from here.
BY = "checkout page"
# The value of `result` in the address of a page whose browser came back with a failure.
WITH_A_FAILURE = "failed"
ERROR_FIELD_PREFIX = "error["

blueprint = Blueprint("pay", __name__, url_prefix=site.CHECKOUT_PATH)
limits.page_limit(blueprint)


@blueprint.get("/<string:payment_id>")
@public
def show_payment(payment_id: str) -> Response:
    """Show a payment, and what its customer can do."""
    payment = _payment(payment_id)
    return cards.page(_card(payment), payment, request.args.get("result"))


@blueprint.get("/<string:payment_id>/card")
@public
def show_card(payment_id: str) -> Response:
    """Return the page's card alone, for the page's script; 304 when it is the one that the script has. A
    card that waits for something says with Retry-After when to ask again."""
    return cards.fragment(_card(_payment(payment_id)))


@blueprint.post("/<string:payment_id>/callback")
@public
def take_result(payment_id: str) -> Any:
    """Take what the provider's page gave to the browser. Only what is signed is believed; a failure is not
    signed, so it decides about nothing but what the next page says."""
    payment, surroundings = _payment(payment_id), context(BY)
    provider_payment_id = request.form.get("razorpay_payment_id")
    signature = request.form.get("razorpay_signature")
    if provider_payment_id and signature and payment.provider_order_id:
        return _take_success(surroundings, payment, provider_payment_id, signature)
    if any(name.startswith(ERROR_FIELD_PREFIX) for name in request.form):
        return _to_page(payment, result=WITH_A_FAILURE)
    return _not_confirmed(payment, strings.NOT_UNDERSTOOD)


@blueprint.post("/<string:payment_id>/open")
@public
def open_again(payment_id: str) -> Any:
    """Ask once more for the order of a payment that was not opened because the provider was away. Harmless at
    any other time."""
    payment, surroundings = _payment(payment_id), context(BY)
    if states.of(payment, surroundings) == states.UNREACHABLE:
        # Somebody may cancel it at this moment; the page says so.
        with suppress(NotProcessable):
            dispatch.due_work(processing.process(surroundings, payment), surroundings.now())
    return _to_page(payment)


@blueprint.get("/<string:payment_id>/receipt")
@public
def send_receipt(payment_id: str) -> Response:
    """Return the receipt's PDF, or a page that waits for it. Raises ReceiptNotFound before it is paid."""
    payment = _payment(payment_id)
    ref = present.find_receipt(payment, "PAYMENT_RECEIPT")
    if ref is None:
        raise ReceiptNotFound("There is no such receipt.")
    receipt = receipts.rendered(ref.id)
    return _download(receipt) if receipt else _receipt_is_being_made(payment, ref)


def _card(payment: Payment) -> cards.Card:
    was_told = request.args.get("result") == WITH_A_FAILURE
    return cards.of_payment(payment, context(BY), services().settings, was_told_of_failure=was_told)


def _payment(payment_id: str) -> Payment:
    """Return the payment of this address. Raises PaymentNotFound, for a wrong token as for a wrong id."""
    return access.payment_by_page(payment_id, request.args.get("token", ""))


def _to_page(payment: Payment, result: str | None = None) -> Any:
    """Send the browser to the payment's page by GET, so that loading it again posts nothing again."""
    return redirect(cards.address("pay.show_payment", payment, result), 303)


def _take_success(surroundings: Context, payment: Payment, provider_payment_id: str, signature: str) -> Any:
    try:
        verified = payments.verify(
            surroundings, payment, provider_payment_id=provider_payment_id, signature=signature
        )
        dispatch.due_work(verified, surroundings.now())
    except InvalidSignature:
        return _not_confirmed(payment, strings.NOT_CONFIRMED)
    except VerificationFailed:
        # Rightly signed, but the attempt has failed, or the payment was cancelled: its page tells. What could
        # not be read, or is for another order, was not taken note of.
        if provider_payment_id not in Payment.objects.get(id=payment.id).provider_payments_seen:
            return _not_confirmed(payment, strings.NOT_CONFIRMED)
    return _to_page(payment)


def _not_confirmed(payment: Payment, words: strings.Words) -> Response:
    return site.say(words, 400, tone=BAD, back=cards.address("pay.show_payment", payment))


def _download(receipt: Receipt) -> Response:
    response = Response(receipt.pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{receipt.number}.pdf"'
    return response


def _receipt_is_being_made(payment: Payment, ref: ReceiptRef) -> Response:
    if ref.stored:
        dispatch.work(work.RENDER_RECEIPT, ref.id)
    else:
        dispatch.work(work.ISSUE_RECEIPTS, payment.id)
    return site.say(
        strings.RECEIPT_WAITS,
        202,
        tone=WAITING,
        back=cards.address("pay.show_payment", payment),
        receipt_url=cards.address("pay.send_receipt", payment),
        refresh_seconds=states.refresh_seconds(ref.issued_at, context(BY).now()),
    )
