"""What the provider says that no observation may correct: where money stands here that is not there, or the
other way round. Reads only what it is given; a person decides."""

from collections.abc import Iterator

from gateway.domain import differences, duplicates
from gateway.domain.difference import Difference
from gateway.domain.models import Payment
from gateway.domain.observations import mismatch
from gateway.domain.provider import ProviderPayment, ProviderRefund
from gateway.domain.reconciliation.corrections import all_refunds
from gateway.domain.states import REFUND_FAILED, REFUND_PROCESSED


def of_attempts(payment: Payment, attempts: list[ProviderPayment]) -> Iterator[Difference]:
    """Give where the payments of the order cannot be right. attempts: all that the provider has, the
    payment's own provider payment asked for by its id."""
    for seen in attempts:
        wrong = mismatch(payment, seen)
        if wrong:
            yield differences.payment_mismatch(payment, seen, wrong)
        elif seen.captured and payment.captured_minor and seen.id != payment.provider_payment_id:
            duplicate = duplicates.find(payment, seen.id)
            if duplicate is None or duplicate.refund.status != REFUND_PROCESSED:
                yield differences.payment_second(payment, seen, is_returned=duplicate is not None)
    own = next((each for each in attempts if each.id == payment.provider_payment_id), None)
    if payment.captured_minor and not (own and own.captured):
        yield differences.capture_missing(payment, own.status if own else "unknown")


def of_refunds(payment: Payment, refunds: dict[str, list[ProviderRefund]]) -> Iterator[Difference]:
    """Give where the refunds cannot be right. refunds: all that the provider has, by its payment's id; those
    of a payment that is not in there were not asked for."""
    owners = {each.refund.id: each.provider_payment_id for each in payment.duplicates}
    for refund in all_refunds(payment):
        payment_id = owners.get(refund.id, payment.provider_payment_id)
        if not refund.provider_refund_id or payment_id not in refunds:
            continue
        theirs = next((each for each in refunds[payment_id] if each.id == refund.provider_refund_id), None)
        if theirs is None:
            if refund.status != REFUND_FAILED:
                yield differences.refund_missing(payment, refund)
        elif theirs.amount_minor != refund.amount_minor:
            yield differences.refund_mismatch(payment, refund, theirs)
        elif theirs.status == "processed" and refund.status == REFUND_FAILED:
            yield differences.refund_revived(payment, refund)
    if payment.captured_minor:
        yield from _excess(payment, refunds.get(payment.provider_payment_id, []))


def _excess(payment: Payment, theirs: list[ProviderRefund]) -> Iterator[Difference]:
    known = {refund.provider_refund_id for refund in payment.refunds}
    for refund in theirs:
        if refund.id not in known and refund.status != "failed":
            yield differences.refund_excess(payment, refund)
