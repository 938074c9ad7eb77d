"""Comparing one payment with what the provider says when it is asked: what an observation can correct is
corrected, in one write with the discrepancy that names it, and the rest is left for a person.

A payment that is just being worked on is left alone, and nothing is concluded from its silence when somebody
has written it since the provider was asked. So nothing here alarms about what is merely under way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mongoengine.errors import NotUniqueError

from gateway.domain import differences, discrepancies, duplicates
from gateway.domain.context import Context
from gateway.domain.difference import Difference, mint
from gateway.domain.discrepancy_models import OPEN
from gateway.domain.models import Payment
from gateway.domain.observations import observe_payments
from gateway.domain.provider import ProviderOrder, ProviderPayment
from gateway.domain.reconciliation import asking, contradictions, corrections
from gateway.domain.reconciliation.asking import Theirs
from gateway.domain.reconciliation.corrections import Before
from gateway.domain.refund_observations import observe_refund
from gateway.domain.transitions import change_payment, flag_for_review, note

# Who caused what a comparison writes begins with this; the run's id follows.
COMPARED_BY = "reconciliation:"


@dataclass(frozen=True)
class Rules:
    """How one run compares. grace: what changed less long ago is left alone. is_dry: nothing is written."""

    grace: timedelta
    is_dry: bool


@dataclass(frozen=True)
class Found:
    """A difference, and its state now: a person may have closed it when it was found before."""

    difference: Difference
    state: str


@dataclass(frozen=True)
class Compared:
    """What came of comparing one payment. is_left: whether it was too lively to conclude everything."""

    found: list[Found] = field(default_factory=list)
    is_left: bool = False


def compare(
    context: Context,
    payment: Payment,
    rules: Rules,
    *,
    listed: Iterable[ProviderPayment] = (),
    adopts: ProviderOrder | None = None,
) -> Compared:
    """Ask the provider about the payment's order, and bring ours in line where that is safe.

    listed: what a list has said about it already. adopts: the order to take over, for a payment without one.
    Writes the payment, and the discrepancies on it, or nothing. May be called any number of times; the second
    time corrects nothing. Raises ProviderUnavailable, OutcomeUnknown and TooBusy.
    """
    if is_lively(payment, rules, context.now()):
        return Compared(is_left=True)
    order_id = adopts.id if adopts else payment.provider_order_id
    theirs = asking.ask(context, payment, order_id, listed, rules.grace)
    decision = _Decision(context, rules, theirs, adopts, payment.version)
    if rules.is_dry:
        decision(payment)
        return Compared([Found(each, each.state) for each in decision.found], decision.is_left)
    began = context.now()
    try:
        payment = change_payment(context, payment.id, decision).document
    except NotUniqueError:
        # One provider payment pays one order, which the unique index on its id holds to.
        decision = _Decision(context, rules, theirs, adopts, payment.version, is_of_another=True)
        payment = change_payment(context, payment.id, decision).document
    # Dying here only means that a worker stores what was minted.
    return Compared(_stored(context, payment, decision.found, began), decision.is_left)


def put_down(context: Context, payment: Payment, difference: Difference, rules: Rules) -> Compared:
    """Leave a difference for a person that shows without asking about the payment. Writes the payment and the
    discrepancy, or nothing when that was done before. Raises TooBusy."""
    if rules.is_dry:
        return Compared([Found(difference, difference.state)])
    began = context.now()
    changed = change_payment(context, payment.id, lambda current: _leave(current, difference, context))
    return Compared(_stored(context, changed.document, [difference], began))


def is_lively(payment: Payment, rules: Rules, now: datetime) -> bool:
    """Return whether somebody is at work on the payment, or was a moment ago, another comparison excepted."""
    claimed_until = payment.work.claimed_until if payment.work else None
    if claimed_until is not None and claimed_until > now:
        return True
    if payment.updated_at <= now - rules.grace:
        return False
    return not (payment.history and payment.history[-1].by.startswith(COMPARED_BY))


class _Decision:
    """What is to be written on the payment, decided anew on each fresh copy of it."""

    def __init__(
        self,
        context: Context,
        rules: Rules,
        theirs: Theirs,
        adopts: ProviderOrder | None,
        version: int,
        *,
        is_of_another: bool = False,
    ) -> None:
        self._context = context
        self._rules = rules
        self._theirs = theirs
        self._adopts = adopts
        self._version = version
        self._is_of_another = is_of_another
        self.found: list[Difference] = []
        self.is_left = False

    def __call__(self, payment: Payment) -> bool:
        """Alter the copy, and return whether that was needed."""
        is_old_news = payment.version != self._version
        self.found = []
        self.is_left = is_old_news or not self._theirs.is_settled
        if is_old_news and is_lively(payment, self._rules, self._context.now()):
            return False
        minted = {ref.id for ref in payment.discrepancies}
        changed = self._correct(payment)
        if not self.is_left:
            self.found += self._contradictions(payment)
        for difference in self.found:
            self._write_down(payment, difference)
        named = {difference.id_on(payment) for difference in self.found}
        fresh = [ref for ref in payment.discrepancies if ref.id not in minted]
        # What an observation has left for a person in this very write.
        self.found += [Difference.of(ref) for ref in fresh if ref.id not in named]
        return changed or bool(fresh)

    def _correct(self, payment: Payment) -> bool:
        if self._is_of_another:
            # Whichever of them it is; there is one in nearly every case.
            taken = [each.id for each in self._theirs.attempts if each.status in ("authorized", "captured")]
            self.found += [differences.payment_of_another(payment_id) for payment_id in taken[:1]]
            return False
        if self._adopts and not self._adopt(payment, self._adopts):
            return False
        before = Before.of(payment)
        changed = _observe(payment, self._theirs, self._context)
        self.found += corrections.named(before, payment, self._theirs.attempts, self._context)
        return changed or self._adopts is not None

    def _adopt(self, payment: Payment, order: ProviderOrder) -> bool:
        """Take over an order that was opened by a call whose answer was lost, and that somebody has paid."""
        if payment.provider_order_id is not None:
            self.is_left = True
            return False
        if (order.amount_minor, order.currency) != (payment.amount_minor, payment.currency):
            self.found.append(differences.order_mismatch(payment, order))
            return False
        payment.provider_order_id = order.id
        payment.provider_order_created_at = order.created_at
        self.found.append(differences.order_found(payment, order))
        return True

    def _contradictions(self, payment: Payment) -> Iterator[Difference]:
        theirs = self._theirs
        if self._is_of_another or payment.provider_order_id is None:
            return
        if not theirs.knows_order and not payment.captured_minor:
            yield differences.order_missing(payment)
        yield from contradictions.of_attempts(payment, theirs.attempts)
        yield from contradictions.of_refunds(payment, theirs.refunds)

    def _write_down(self, payment: Payment, difference: Difference) -> None:
        if difference.state != OPEN:
            note(payment, difference.sentence, self._context)
            mint(payment, difference, self._context)
        else:
            _leave(payment, difference, self._context)


def _leave(payment: Payment, difference: Difference, context: Context) -> bool:
    """Flag a difference for a person, unless it has been."""
    if any(ref.id == difference.id_on(payment) for ref in payment.discrepancies):
        return False
    flag_for_review(payment, difference.sentence, context, difference)
    return True


def _observe(payment: Payment, theirs: Theirs, context: Context) -> bool:
    changed = observe_payments(payment, theirs.attempts, context)
    for payment_id, refunds in theirs.refunds.items():
        is_own = payment.captured_minor and payment.provider_payment_id == payment_id
        observe = observe_refund if is_own else duplicates.observe_refund
        for refund in refunds:
            changed = observe(payment, refund, context) or changed
    return changed


def _stored(context: Context, payment: Payment, found: list[Difference], began: datetime) -> list[Found]:
    """Store what was minted, count what had been found before, and return both with their states."""
    refs = {ref.id: ref for ref in payment.discrepancies}
    told = []
    for difference in found:
        state, ref = difference.state, refs.get(difference.id_on(payment))
        if ref and ref.stored and ref.found_at < began:
            discrepancy = discrepancies.found_again(ref.id, began)
            state = discrepancy.state if discrepancy else state
        told.append(Found(difference, state))
    if any(not ref.stored for ref in refs.values()):
        discrepancies.store(context, payment.id)
    return told
