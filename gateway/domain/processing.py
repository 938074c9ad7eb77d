"""Processing a payment that was recorded without an order: ask for its order, and for the customer's money,
either on the checkout page or by a request to the customer's UPI app. Only writes down what is wanted;
workers do it (`orders`, `collection`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import planning
from gateway.domain.context import Context
from gateway.domain.errors import InvalidInput, NotProcessable
from gateway.domain.ids import new_id
from gateway.domain.methods import UPI
from gateway.domain.models import Payment, UpiCollect
from gateway.domain.states import ATTEMPTED, FAILED, OPEN
from gateway.domain.transitions import change_payment, note
from gateway.domain.upi import masked

PAGE_TOKEN_BYTES = 24
CLIENT_CHARS_MAX = 256
# Asking again for what is not sent yet is only written down when it makes a difference.
ANEW_AFTER = timedelta(minutes=1)
# Each one rings on somebody's phone.
UPI_REQUESTS_MAX = 10


@dataclass(frozen=True, kw_only=True)
class UpiRequest:
    """A customer's UPI address, and the client that hands it in, which the provider wants to know."""

    vpa: str
    client_address: str
    client_program: str


def process(context: Context, payment: Payment, upi: UpiRequest | None = None) -> Payment:
    """Ask for the payment's order and, with a UPI address, for a request to the customer's app.

    Writes at most one document. May be called any number of times: what was asked for already is not asked
    for again. Raises NotProcessable for a payment that is finished, or whose customer has been sent another
    UPI request that is still open; InvalidInput when UPI cannot be used.
    """

    def decide(payment: Payment) -> bool:
        _require_open(payment)
        if payment.status == ATTEMPTED and payment.authorized_at:
            return False
        changed = _want_page(payment, context)
        if is_orderless(payment):
            payment.order_wanted_since = context.now()
            payment.order_may_be_retried = False
            changed = True
            note(payment, "processing was asked for", context)
        if upi and _want_collect(payment, upi, context):
            changed = True
            note(payment, f"a UPI request to {masked(upi.vpa)} was asked for", context)
        if changed:
            planning.hurry(payment)
        return changed

    return change_payment(context, payment.id, decide).document


def is_orderless(payment: Payment) -> bool:
    """Return whether the payment has no order and nobody is opening one."""
    return payment.provider_order_id is None and not planning.order_is_wanted(payment)


def is_done(payment: Payment) -> bool:
    """Return whether what processing asked for has been done, or has failed."""
    if payment.provider_order_id is None:
        return is_orderless(payment)
    return payment.status not in OPEN or not planning.collect_is_unsent(payment)


def awaits_approval(payment: Payment, context: Context) -> bool:
    """Return whether a UPI request is open, or may be: unsent, or neither decided nor expired."""
    collect = payment.upi_collect
    if collect is None or collect.failure_reason or payment.status not in OPEN or payment.authorized_at:
        return False
    return collect.expires_at is None or context.now() < collect.expires_at


def is_approval_certain(payment: Payment) -> bool:
    """Return whether the open UPI request is on its way or with the customer, as far as anybody knows."""
    return not payment.upi_collect.is_uncertain


def page_expires_at(payment: Payment, context: Context) -> datetime:
    """Return until when the payment's page takes money. It tells what became of the payment for ever."""
    since: datetime = payment.page_wanted_at or payment.order_wanted_since or payment.created_at
    return since + timedelta(hours=context.limits.checkout_link_hours)


def page_has_expired(payment: Payment, context: Context) -> bool:
    """Return whether the payment's link was asked for too long ago. Money that comes in counts all the same:
    the order at the provider knows nothing of it."""
    return context.now() >= page_expires_at(payment, context)


def _require_open(payment: Payment) -> None:
    is_refused = payment.status == FAILED and is_orderless(payment) and not payment.order_may_be_retried
    if payment.status in OPEN and not is_refused:
        return
    reason = {"failureReason": payment.failure_reason} if payment.failure_reason else {}
    raise NotProcessable(
        f"This payment is {payment.status} and cannot be processed.", status=payment.status, **reason
    )


def _want_page(payment: Payment, context: Context) -> bool:
    """Give the payment a page, or its expired link a new time. The address stays the same."""
    if payment.page_token and not page_has_expired(payment, context):
        return False
    if not payment.page_token:
        payment.page_token = secrets.token_urlsafe(PAGE_TOKEN_BYTES)
    else:
        note(payment, "its expired link was asked for again", context)
    payment.page_wanted_at = context.now()
    return True


def _is_wanted_anew(payment: Payment, context: Context) -> bool:
    """Note that an unsent UPI request is still wanted, which would otherwise be too old to be sent soon."""
    collect = payment.upi_collect
    if collect.asked_at or context.now() < collect.requested_at + ANEW_AFTER:
        return False
    collect.requested_at = context.now()
    return True


def _want_collect(payment: Payment, upi: UpiRequest, context: Context) -> bool:
    if payment.requested_method not in (None, UPI):
        raise InvalidInput(
            "The request is not valid.", vpa=f"is for upi payments; this one is {payment.requested_method}"
        )
    if payment.currency != "INR":
        raise InvalidInput("The request is not valid.", vpa=f"UPI moves INR, not {payment.currency}")
    if not payment.payer_phone or not payment.user_email:
        raise InvalidInput(
            "The request is not valid.", vpa="needs the payer's email and phoneNumber on the payment"
        )
    if awaits_approval(payment, context):
        if payment.upi_collect.vpa == upi.vpa:
            return _is_wanted_anew(payment, context)
        if payment.upi_collect.asked_at:
            raise NotProcessable(
                "The customer has been asked, or may have been, at another UPI address. Try again in a few"
                " minutes, or send the customer to the checkout page.",
                status=payment.status,
                vpa=f"{masked(payment.upi_collect.vpa)} was asked before",
            )
    if payment.upi_requests >= UPI_REQUESTS_MAX:
        raise NotProcessable(
            "Too many UPI requests were made for this payment. It can be paid on the checkout page.",
            status=payment.status,
            vpa=f"has been asked for {UPI_REQUESTS_MAX} times",
        )
    payment.upi_requests += 1
    payment.upi_collect = UpiCollect(
        id=new_id(),
        vpa=upi.vpa,
        requested_at=context.now(),
        client_address=upi.client_address[:CLIENT_CHARS_MAX],
        client_program=upi.client_program[:CLIENT_CHARS_MAX],
    )
    return True
