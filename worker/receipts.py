"""Tasks that turn what a payment is owed into receipts, and receipts into PDFs."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway import dispatch
from gateway.domain import receipts, work
from gateway.domain.models import Payment, Receipt
from worker.task import WorkTask


@app.task(base=WorkTask, bind=True, name=TaskName.ISSUE_RECEIPTS, model=Payment, kind=work.ISSUE_RECEIPTS)
def issue_receipts(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Create the receipts that a payment is owed."""
    issued = receipts.issue(self.context(), payment_id)
    if issued:
        for receipt_id in issued.receipt_ids:
            dispatch.work(work.RENDER_RECEIPT, receipt_id)
        self.follow(issued.payment)


@app.task(base=WorkTask, bind=True, name=TaskName.RENDER_RECEIPT, model=Receipt, kind=work.RENDER_RECEIPT)
def render_receipt(self: WorkTask, *, receipt_id: str, **_: Any) -> None:
    """Render a receipt's PDF and keep it."""
    # What draws takes half of the memory, and beat, which only needs to know the task, goes without.
    from worker import receipt_pdf

    context = self.context()
    claim = receipts.claim_rendering(context, receipt_id)
    if claim:
        pdf = receipt_pdf.render(receipts.load_contents(claim.document.contents))
        receipts.finish_rendering(context, claim, pdf)
