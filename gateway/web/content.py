"""What the page of a payment says in each of its states: heading, sentences and facts. Fills in the words of
`strings`; how it looks is in the templates."""

from dataclasses import dataclass
from datetime import datetime

from gateway.api import present
from gateway.domain import processing
from gateway.domain.context import Context
from gateway.domain.models import Payment
from gateway.domain.money import display
from gateway.domain.upi import masked
from gateway.web import states, strings
from gateway.web.strings import Words

WORDS = {
    states.PREPARING: strings.PREPARING,
    states.READY: strings.READY,
    states.APPROVE: strings.APPROVE,
    states.CONFIRMING: strings.CONFIRMING,
    states.PAID: strings.PAID,
    states.FAILED: strings.FAILED,
    states.REFUSED: strings.REFUSED,
    states.UNREACHABLE: strings.UNREACHABLE,
    states.CANCELLED: strings.CANCELLED,
    states.EXPIRED: strings.EXPIRED,
    states.REFUNDED: strings.REFUNDED_WHOLE,
    states.PARTLY_REFUNDED: strings.REFUNDED_PARTLY,
}
GOOD, BAD, WAITING, PLAIN = "good", "bad", "waiting", "plain"
TONES = {
    **dict.fromkeys((states.PAID, states.REFUNDED, states.PARTLY_REFUNDED), GOOD),
    **dict.fromkeys((states.FAILED, states.REFUSED, states.UNREACHABLE), BAD),
    **dict.fromkeys((states.PREPARING, states.APPROVE, states.CONFIRMING), WAITING),
}


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a page says. rows: names and values. pay: what the button says that leads to the provider."""

    heading: str
    sentences: list[str]
    tone: str
    rows: list[tuple[str, str]]
    pay: str


def of_payment(payment: Payment, state: str, context: Context) -> Content:
    """Return what the page of a payment in this state says."""
    amount = display(payment.amount_minor, payment.currency)
    facts = {
        "amount": amount,
        "merchant": context.issuer.name,
        "refunded": display(payment.refunded_minor, payment.currency),
        "vpa": masked(payment.upi_collect.vpa) if payment.upi_collect else "",
    }
    heading, sentences = filled(WORDS[state], **facts)
    if state == states.FAILED:
        reason = payment.failure_reason or strings.FAILED_WITHOUT_A_REASON
        sentences = [reason, *sentences, strings.BACK_BY_ITSELF]
    if state == states.APPROVE and payment.upi_collect.expires_at:
        sentences.append(strings.APPROVE_UNTIL.format(until=moment(payment.upi_collect.expires_at)))
    buttons = {states.FAILED: strings.PAY_AGAIN, states.APPROVE: strings.PAY_OTHERWISE}
    return Content(
        heading=heading,
        sentences=sentences,
        tone=TONES.get(state, PLAIN),
        rows=_rows(
            payment, facts, processing.page_expires_at(payment, context) if state in states.PAYABLE else None
        ),
        pay=buttons.get(state, strings.PAY.format(**facts)),
    )


def filled(words: Words, **facts: str) -> tuple[str, list[str]]:
    """Return the heading and the sentences with the facts in their places."""
    return words.heading.format(**facts), [sentence.format(**facts) for sentence in words.sentences]


def moment(at: datetime) -> str:
    """Return a time in UTC for people: 22 November 2026, 05:42 UTC."""
    return strings.MOMENT.format(
        day=at.day, month=strings.MONTHS[at.month - 1], year=at.year, hour=at.hour, minute=at.minute
    )


def _rows(payment: Payment, facts: dict[str, str], pay_until: datetime | None) -> list[tuple[str, str]]:
    """Return what there is to say about the payment, whatever state it is in."""
    receipt = present.find_receipt(payment, "PAYMENT_RECEIPT")
    method = payment.payment_method or ""
    rows = [
        (strings.PAY_TO, facts["merchant"]),
        (strings.AMOUNT, facts["amount"]),
        (strings.REFUNDED, facts["refunded"] if payment.refunded_minor else ""),
        (strings.PAID_FOR, payment.description or ""),
        (strings.PAY_UNTIL, moment(pay_until) if pay_until else ""),
        (strings.PAID_ON, moment(payment.paid_at) if payment.paid_at else ""),
        (strings.PAID_BY, strings.METHODS.get(method, method) if payment.paid_at else ""),
        (strings.RECEIPT_NUMBER, receipt.number if receipt else ""),
        (strings.PAYMENT_NUMBER, payment.id),
    ]
    return [(name, value) for name, value in rows if value]
