"""Tasks around a payment's money coming in."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway.domain import cancellation, collection, orders, payments, work
from gateway.domain.models import Payment
from worker.task import WorkTask


@app.task(base=WorkTask, bind=True, name=TaskName.OPEN_ORDER, model=Payment, kind=work.OPEN_ORDER)
def open_order(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Open the provider order that a request could not, or find the one that it opened."""
    self.follow(orders.reopen_order(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.COLLECT_PAYMENT, model=Payment, kind=work.COLLECT_PAYMENT)
def collect_payment(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Ask the customer's UPI app for the money."""
    self.follow(collection.collect(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.CONFIRM_PAYMENT, model=Payment, kind=work.CONFIRM_PAYMENT)
def confirm_payment(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Ask the provider what became of an order."""
    self.follow(payments.confirm(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.CAPTURE_PAYMENT, model=Payment, kind=work.CAPTURE_PAYMENT)
def capture_payment(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Take authorised money."""
    self.follow(payments.capture(self.context(), payment_id))


@app.task(base=WorkTask, bind=True, name=TaskName.ABANDON_PAYMENT, model=Payment, kind=work.ABANDON_PAYMENT)
def abandon_payment(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Give up a payment that nobody has paid for long."""
    self.follow(cancellation.abandon(self.context(), payment_id))
