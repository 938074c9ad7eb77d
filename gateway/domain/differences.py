"""The differences that only a person can decide about, in words. Each is the same, and so is its id, whoever
finds it: a webhook, a look or a comparison."""

from gateway.domain.difference import (
    CAPTURE_MISSING,
    ORDER_FOUND,
    ORDER_MISMATCH,
    ORDER_MISSING,
    ORDER_SECOND,
    PAYMENT_LATE,
    PAYMENT_MISMATCH,
    PAYMENT_OF_ANOTHER,
    PAYMENT_SECOND,
    REFUND_EXCESS,
    REFUND_MISMATCH,
    REFUND_MISSING,
    REFUND_REVIVED,
    Difference,
    amount_text,
)
from gateway.domain.models import Payment, Refund
from gateway.domain.provider import ProviderOrder, ProviderPayment, ProviderRefund

# How the sentence of each ends.
FOR_A_PERSON = "left for a person"


def capture_missing(payment: Payment, theirs: str) -> Difference:
    """Return that the payment is paid here and its money was not captured there. theirs: what it is there."""
    return Difference(
        kind=CAPTURE_MISSING,
        ours=f"captured {amount_text(payment.captured_minor, payment.currency)}",
        theirs=theirs,
        sentence=f"{theirs} at provider, paid here → {FOR_A_PERSON}",
        order_id=payment.provider_order_id,
        payment_id=payment.provider_payment_id,
    )


def order_found(payment: Payment, order: ProviderOrder) -> Difference:
    """Return that somebody has paid an order that we believed had not been opened."""
    return Difference(
        kind=ORDER_FOUND,
        ours="no order",
        theirs=order.status,
        sentence=f"{order.status} order at provider, none here → taken over; its money is {FOR_A_PERSON}",
        order_id=order.id,
    )


def order_mismatch(payment: Payment, order: ProviderOrder) -> Difference:
    """Return that the provider's order is for another amount or currency."""
    there = amount_text(order.amount_minor, order.currency)
    here = amount_text(payment.amount_minor, payment.currency)
    return Difference(
        kind=ORDER_MISMATCH,
        ours=here,
        theirs=there,
        sentence=f"order of {there} at provider, of {here} here → {FOR_A_PERSON}",
        order_id=order.id,
    )


def order_missing(payment: Payment) -> Difference:
    """Return that the provider does not know the order that we have opened there."""
    return Difference(
        kind=ORDER_MISSING,
        ours="open",
        theirs="unknown",
        sentence=f"order unknown at provider, opened here → {FOR_A_PERSON}",
        order_id=payment.provider_order_id,
    )


def order_second(payment: Payment, order: ProviderOrder) -> Difference:
    """Return that a second order carries our receipt number."""
    return Difference(
        kind=ORDER_SECOND,
        ours=payment.provider_order_id,
        theirs=order.status,
        sentence=f"second order with our receipt at provider, {order.status} there → {FOR_A_PERSON}",
        order_id=order.id,
    )


def payment_late(payment: Payment, provider_payment_id: str, theirs: str) -> Difference:
    """Return that money came for a payment that had been cancelled, which the policy holds. theirs: whether
    it was captured or only authorised."""
    return Difference(
        kind=PAYMENT_LATE,
        ours="cancelled",
        theirs=theirs,
        sentence=f"{theirs} at provider, cancelled here → {FOR_A_PERSON} by the late-payment policy",
        order_id=payment.provider_order_id,
        payment_id=provider_payment_id,
    )


def payment_mismatch(payment: Payment, seen: ProviderPayment, wrong: str) -> Difference:
    """Return that a payment of the order is of another order, amount or currency. wrong: in which respect."""
    return Difference(
        kind=PAYMENT_MISMATCH,
        ours=amount_text(payment.amount_minor, payment.currency),
        theirs=wrong,
        sentence=f"payment at provider does not fit the one here, because {wrong} → {FOR_A_PERSON}",
        order_id=seen.order_id,
        payment_id=seen.id,
    )


def payment_of_another(provider_payment_id: str) -> Difference:
    """Return that the provider names a payment for this order that has paid another payment of ours."""
    return Difference(
        kind=PAYMENT_OF_ANOTHER,
        ours="of another payment",
        theirs="of this one",
        sentence=f"payment of this order at provider, of another one here → {FOR_A_PERSON}",
        payment_id=provider_payment_id,
    )


def payment_second(payment: Payment, seen: ProviderPayment, *, is_returned: bool) -> Difference:
    """Return that a second payment of the order has money, which is not the one that paid it. is_returned:
    whether we send it back by ourselves."""
    taken = "captured" if seen.captured else "authorised"
    outcome = f"being returned, and {FOR_A_PERSON} to check" if is_returned else FOR_A_PERSON
    return Difference(
        kind=PAYMENT_SECOND,
        ours=f"paid or to be paid by {payment.provider_payment_id}",
        theirs=taken,
        sentence=f"second payment {taken} at provider for one order here → {outcome}",
        order_id=seen.order_id,
        payment_id=seen.id,
    )


def refund_excess(payment: Payment, seen: ProviderRefund) -> Difference:
    """Return that a refund was made that does not fit beside those known here."""
    there = amount_text(seen.amount_minor, seen.currency)
    return Difference(
        kind=REFUND_EXCESS,
        ours="unknown",
        theirs=there,
        sentence=f"refund of {there} at provider does not fit beside those known here → {FOR_A_PERSON}",
        payment_id=seen.payment_id,
        refund_id=seen.id,
    )


def refund_mismatch(payment: Payment, refund: Refund, seen: ProviderRefund) -> Difference:
    """Return that a refund is of another amount there."""
    there = amount_text(seen.amount_minor, seen.currency)
    here = amount_text(refund.amount_minor, payment.currency)
    return Difference(
        kind=REFUND_MISMATCH,
        ours=here,
        theirs=there,
        sentence=f"refund of {there} at provider, of {here} here → {FOR_A_PERSON}",
        payment_id=seen.payment_id,
        refund_id=seen.id,
    )


def refund_missing(payment: Payment, refund: Refund) -> Difference:
    """Return that the provider does not know a refund that it had accepted."""
    return Difference(
        kind=REFUND_MISSING,
        ours=amount_text(refund.amount_minor, payment.currency),
        theirs="unknown",
        sentence=f"refund unknown at provider, accepted here → {FOR_A_PERSON}",
        order_id=payment.provider_order_id,
        refund_id=refund.provider_refund_id,
    )


def refund_revived(payment: Payment, refund: Refund) -> Difference:
    """Return that a refund which had failed has sent money back after all."""
    return Difference(
        kind=REFUND_REVIVED,
        ours=f"failed {amount_text(refund.amount_minor, payment.currency)}",
        theirs="processed",
        sentence=f"refund processed at provider, failed here → {FOR_A_PERSON}",
        order_id=payment.provider_order_id,
        refund_id=refund.provider_refund_id,
    )
