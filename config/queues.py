"""Queue names, task names, routes and the beat schedule, as plain strings.

Plain strings, because Celery takes the member name of an enum instead of its value.
"""


class Queue:
    """Names of the queues that the worker process watches."""

    PAYMENTS = "payments"
    WEBHOOKS = "webhooks"
    RECEIPTS = "receipts"
    MAIL = "mail"
    SWEEPS = "sweeps"


class TaskName:
    """Names of the tasks; each takes one id and nothing else, but for what the beat asks for."""

    OPEN_ORDER = "payments.open_order"
    COLLECT_PAYMENT = "payments.collect_payment"
    CONFIRM_PAYMENT = "payments.confirm_payment"
    CAPTURE_PAYMENT = "payments.capture_payment"
    ABANDON_PAYMENT = "payments.abandon_payment"
    OPEN_DISCREPANCIES = "payments.open_discrepancies"
    ISSUE_REFUND = "refunds.issue_refund"
    CONFIRM_REFUND = "refunds.confirm_refund"
    REFUND_DUPLICATE = "refunds.refund_duplicate"
    ISSUE_RECEIPTS = "receipts.issue_receipts"
    RENDER_RECEIPT = "receipts.render_receipt"
    PROCESS_WEBHOOK_EVENT = "webhooks.process_webhook_event"
    SEND_RESET_MAIL = "mail.send_reset_mail"
    SWEEP_DUE_WORK = "sweeps.sweep_due_work"
    START_RECONCILIATIONS = "sweeps.start_reconciliations"
    RECONCILE = "sweeps.reconcile"


ALL_QUEUES = (Queue.PAYMENTS, Queue.WEBHOOKS, Queue.RECEIPTS, Queue.MAIL, Queue.SWEEPS)

ROUTES = {
    "payments.*": {"queue": Queue.PAYMENTS},
    "refunds.*": {"queue": Queue.PAYMENTS},
    "receipts.*": {"queue": Queue.RECEIPTS},
    "webhooks.*": {"queue": Queue.WEBHOOKS},
    "mail.*": {"queue": Queue.MAIL},
    "sweeps.*": {"queue": Queue.SWEEPS},
}


def beat_schedule(
    sweep_interval_seconds: float, reconcile_check_seconds: float
) -> dict[str, dict[str, object]]:
    """Return Celery's schedule. What no worker took in time is dropped: the next one is due."""
    return {
        "sweep-due-work": {
            "task": TaskName.SWEEP_DUE_WORK,
            "schedule": sweep_interval_seconds,
            "options": {"expires": sweep_interval_seconds * 2},
        },
        "start-reconciliations": {
            "task": TaskName.START_RECONCILIATIONS,
            "schedule": reconcile_check_seconds,
            "options": {"expires": reconcile_check_seconds * 2},
        },
    }
