"""The workers and the sweep without their processes: whatever is due is found by the sweep's own query, done
by the domain functions that the tasks in `worker/` call, and followed by what has become due by it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from mongoengine import Document

from gateway.domain import (
    cancellation,
    collection,
    discrepancies,
    duplicate_refunds,
    kill_points,
    orders,
    payments,
    receipts,
    refunds,
    reset_mails,
    webhooks,
    work,
)
from gateway.domain.context import Context
from gateway.domain.reconciliation import runs
from tests.support.money_model.met import MET

SWEEP_BATCH_SIZE = 50
# One piece of work leads to the next; more of it without a pause is a loop without end.
PIECES_MAX = 200

Hint = tuple[str, str]


def _follow(context: Context, document: Any) -> list[Hint]:
    """Return the hint that a task sends after its work."""
    if document is None or document.work is None or document.work.due_at > context.now():
        return []
    return [(document.id, document.work.kind)]


def _issue_receipts(context: Context, payment_id: str) -> list[Hint]:
    issued = receipts.issue(context, payment_id)
    if issued is None:
        return []
    return [(each, work.RENDER_RECEIPT) for each in issued.receipt_ids] + _follow(context, issued.payment)


def _render_receipt(context: Context, receipt_id: str) -> list[Hint]:
    claim = receipts.claim_rendering(context, receipt_id)
    if claim:
        receipts.finish_rendering(context, claim, b"%PDF of " + claim.document.number.encode())
    return []


def _reconcile(context: Context, run_id: str) -> list[Hint]:
    claim = runs.take(context, run_id)
    return _follow(context, runs.proceed(context, claim, is_sliced=True)) if claim else []


def _followed(act: Callable[[Context, str], Any]) -> Callable[[Context, str], list[Hint]]:
    return lambda context, document_id: _follow(context, act(context, document_id))


WORKERS: dict[str, Callable[[Context, str], list[Hint]]] = {
    work.OPEN_ORDER: _followed(orders.reopen_order),
    work.COLLECT_PAYMENT: _followed(collection.collect),
    work.CONFIRM_PAYMENT: _followed(payments.confirm),
    work.CAPTURE_PAYMENT: _followed(payments.capture),
    work.ABANDON_PAYMENT: _followed(cancellation.abandon),
    work.ISSUE_REFUND: _followed(refunds.issue),
    work.CONFIRM_REFUND: _followed(refunds.confirm),
    work.REFUND_DUPLICATE: _followed(duplicate_refunds.refund),
    work.ISSUE_RECEIPTS: _issue_receipts,
    work.RENDER_RECEIPT: _render_receipt,
    work.OPEN_DISCREPANCIES: _followed(discrepancies.store),
    work.PROCESS_WEBHOOK_EVENT: _followed(webhooks.process),
    work.SEND_RESET_MAIL: _followed(reset_mails.send),
    work.RECONCILE: _reconcile,
}


def sweep(context: Context, models: Iterable[type[Document]]) -> int:
    """Do whatever of these documents is due, and what becomes due by it; returns how many pieces of work that
    were."""
    due = [each for model in models for each in work.due(model, context.now(), SWEEP_BATCH_SIZE)]
    return do(context, *due)


def do(context: Context, *hints: Hint) -> int:
    """Do pieces of work, and what becomes due by them; returns how many. What they raise is a mistake of
    ours, and so is work without end."""
    waiting, pieces = deque(hints), 0
    while waiting:
        document_id, kind = waiting.popleft()
        waiting += WORKERS[kind](context, document_id)
        kill_points.reach(f"{kind}.done")
        pieces += 1
        MET[f"did {kind}"] += 1
        assert pieces <= PIECES_MAX, f"{kind} comes due again and again without a pause"
    return pieces
