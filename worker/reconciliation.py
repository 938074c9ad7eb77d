"""Tasks that compare our payments with the provider's, and write down where they differ."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway import dispatch
from gateway.domain import discrepancies, work
from gateway.domain.models import Payment
from gateway.domain.reconciliation import runs, schedule
from gateway.domain.reconciliation.models import ReconciliationRun
from worker.process import runtime
from worker.task import WorkTask


@app.task(name=TaskName.START_RECONCILIATIONS, bind=True)
def start_reconciliations(self: Any, **_: Any) -> None:
    """Begin the comparisons that are due. The beat asks every few minutes."""
    context = runtime().context(by="worker:start_reconciliations", correlation_id=self.request.id)
    for run in schedule.begin_due(context):
        dispatch.due_work(run, context.now())


@app.task(base=WorkTask, bind=True, name=TaskName.RECONCILE, model=ReconciliationRun, kind=work.RECONCILE)
def reconcile(self: WorkTask, *, run_id: str, **_: Any) -> None:
    """Go on with a comparison for a while."""
    context = self.context()
    claim = runs.take(context, run_id)
    if claim:
        self.follow(runs.proceed(context, claim, is_sliced=True))


@app.task(
    base=WorkTask, bind=True, name=TaskName.OPEN_DISCREPANCIES, model=Payment, kind=work.OPEN_DISCREPANCIES
)
def open_discrepancies(self: WorkTask, *, payment_id: str, **_: Any) -> None:
    """Store what was found to differ on a payment."""
    self.follow(discrepancies.store(self.context(), payment_id))
