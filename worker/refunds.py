"""Tasks around money going back."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway.domain import duplicate_refunds, refunds, work
from gateway.domain.models import Payment
from worker.task import WorkTask


@app.task(base=WorkTask, bind=True, name=TaskName.ISSUE_REFUND, model=Payment, kind=work.ISSUE_REFUND)
def issue_refund(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Ask the provider for the payment's next refund."""
    self.follow(refunds.issue(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.CONFIRM_REFUND, model=Payment, kind=work.CONFIRM_REFUND)
def confirm_refund(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Ask the provider what became of refunds that are pending for long."""
    self.follow(refunds.confirm(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.REFUND_DUPLICATE, model=Payment, kind=work.REFUND_DUPLICATE)
def refund_duplicate(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Return the money of an order's second payment."""
    self.follow(duplicate_refunds.refund(self.context(), payment_id))
