"""What happens when time passes: doomed refunds fail, uncaptured payments go back, UPI payers decide."""

from sandbox import attempts, collect, happenings, records, refunds, settlements, timers
from sandbox.world import Transaction, World


def run_due(world: World) -> None:
    """Do everything whose time has come. A timer is removed in the transaction that does its work."""
    while _is_any_due(world):
        with world.transaction() as tx:
            timer = timers.take_due(tx)
            if timer is not None:
                _WORK[timer["kind"]](tx, timer["subject_id"])


def _is_any_due(world: World) -> bool:
    with world.reading() as tx:
        due_at = timers.next_due_at(tx)
        return due_at is not None and due_at <= tx.now


def _fail_refund(tx: Transaction, refund_id: str) -> None:
    if records.get(tx, "refunds", refund_id)["status"] == "pending":
        refunds.fail(tx, refund_id)
        _tell(tx, "refund_failed", f"refund {refund_id} failed, as its amount asks for", refund_id=refund_id)


def _refund_uncaptured_payment(tx: Transaction, payment_id: str) -> None:
    payment = records.get(tx, "payments", payment_id)
    if payment["status"] == "authorized":
        refunds.refund_uncaptured(tx, payment)
        summary = f"payment {payment_id} was not captured in time and goes back"
        _tell(tx, "uncaptured_payment_refunded", summary, payment_id=payment_id)


def _answer_collect(tx: Transaction, payment_id: str) -> None:
    collect.answer(tx, payment_id)
    _tell(tx, "collect_answered", f"the payer answered UPI request {payment_id}", payment_id=payment_id)


def _expire_collect(tx: Transaction, payment_id: str) -> None:
    collect.expire(tx, payment_id)
    _tell(tx, "collect_expired", f"nobody answered UPI request {payment_id}", payment_id=payment_id)


def _tell(tx: Transaction, what: str, summary: str, **details: str) -> None:
    tx.note(happenings.BACKGROUND, summary, what=what, **details)


_WORK = {
    "fail_refund": _fail_refund,
    "refund_uncaptured_payment": _refund_uncaptured_payment,
    collect.ANSWER: _answer_collect,
    collect.EXPIRE: _expire_collect,
    attempts.EXPIRE: attempts.expire,
    settlements.SETTLE: settlements.settle,
}
