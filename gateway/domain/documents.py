"""Every collection of the service, and the creation of their indexes."""

from gateway.domain.account_models import ApiKey, LoginFailures, PasswordReset, RevokedToken, User
from gateway.domain.discrepancy_models import Discrepancy
from gateway.domain.models import Payment, Receipt, WebhookEvent
from gateway.domain.periodic import PeriodicJob
from gateway.domain.reconciliation.models import ComparedPayment, ReconciliationRun

DOCUMENTS = (
    Payment,
    WebhookEvent,
    Receipt,
    User,
    RevokedToken,
    ApiKey,
    LoginFailures,
    PasswordReset,
    PeriodicJob,
    Discrepancy,
    ReconciliationRun,
    ComparedPayment,
)
DOCUMENTS_WITH_WORK = (Payment, WebhookEvent, Receipt, PasswordReset, ReconciliationRun)


def create_indexes() -> None:
    """Create the collections and indexes. Safe to call again and from several processes at once."""
    for document in DOCUMENTS:
        document.ensure_indexes()
