"""The task that mails people a link to a new password."""

from typing import Any

from celery_app import app
from config.queues import TaskName
from gateway.domain import reset_mails, work
from gateway.domain.account_models import PasswordReset
from worker.task import WorkTask


@app.task(
    base=WorkTask, bind=True, name=TaskName.SEND_RESET_MAIL, model=PasswordReset, kind=work.SEND_RESET_MAIL
)
def send_reset_mail(self: WorkTask, *, reset_id: str, **_: Any) -> None:
    """Mail the link that was asked for."""
    self.follow(reset_mails.send(self.context(), reset_id))
